"""The consent ledger: append-only. What a person agreed to, or no longer agrees to, in which words, when and how."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from .tables import ConsentRecord, Purpose, Subscriber


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a yes or no reached us."""

    source: str
    """`form`, `import`, `staff`, `mail` or `api`."""
    wording: str = ""
    wording_version: str = ""
    language: str = ""
    network_address: str = ""
    user_agent: str = ""


def record(
    session: Session,
    subscriber: Subscriber,
    purpose: Purpose,
    given: bool,
    *,
    evidence: Evidence,
    now: datetime,
    list_id: int | None = None,
) -> None:
    """Append a record. For tracking, it is also what holds from now on, for mails already sent too."""
    session.add(
        ConsentRecord(
            organization_id=subscriber.organization_id,
            subscriber_id=subscriber.id,
            list_id=list_id,
            purpose=purpose,
            given=given,
            wording=evidence.wording,
            wording_version=evidence.wording_version,
            language=evidence.language,
            source=evidence.source,
            network_address=evidence.network_address,
            user_agent=evidence.user_agent,
            recorded_at=now,
        )
    )
    if purpose is Purpose.TRACKING:
        subscriber.tracking = given
    session.flush()
