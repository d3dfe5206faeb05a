"""The consent ledger: append-only. What a person agreed to, or no longer agrees to, in which words, when and how.

Only who it was and where they were can be taken out of a record, by `forget_readers` and `forget_places`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session

from .db import insert_into
from .tables import ConsentRecord, List, Purpose, Subscriber, Subscription, SubscriptionState

MAIL = "mail"
"""The source of what was said behind a mailed link: nobody but the reader of the mailbox can have said it."""
FORM = "form"
"""The source of what was written into the open form, where anybody can write any address."""
ERASURE = "erasure"
"""The source of the end of a subscription of somebody who was erased."""
ROSTER = "roster"
"""The same of somebody who was forgotten after a school's roster had not named them any more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a yes or no reached us."""

    source: str
    """`FORM`, `MAIL`, `import`, `staff` or `api`; of the forgotten, `ERASURE` or `ROSTER`."""
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


def standing(session: Session, subscriber: Subscriber) -> list[dict[str, Any]]:
    """The reader's last answer for each list and for tracking, ready for JSON: what, since when, and how."""
    latest = (
        select(func.max(ConsentRecord.id))
        .where(ConsentRecord.subscriber_id == subscriber.id)
        .group_by(ConsentRecord.purpose, ConsentRecord.list_id)
    )
    found = (
        select(
            ConsentRecord.purpose,
            List.slug.label("list"),
            ConsentRecord.given,
            ConsentRecord.recorded_at.label("since"),
            ConsentRecord.source.label("by"),
            ConsentRecord.wording,
        )
        .outerjoin(List, List.id == ConsentRecord.list_id)
        .where(ConsentRecord.id.in_(latest))
        .order_by(ConsentRecord.purpose, List.slug)
    )
    return [
        {
            "purpose": row.purpose.value,
            "list": row.list,
            "given": row.given,
            "since": row.since.isoformat(),
            "by": row.by,
            "wording": row.wording,
        }
        for row in session.execute(found)
    ]


def has_place() -> ColumnElement[bool]:
    """Whether a record still says from where it came."""
    return or_(ConsentRecord.network_address != "", ConsentRecord.user_agent != "")


def forget_places(session: Session, record_ids: Collection[int]) -> int:
    """Take the network address and the browser out of records. Returns how many had them."""
    return _empty(session, ConsentRecord.id.in_(record_ids) & has_place())


def own_yes(of: type[Subscription]) -> ColumnElement[bool]:
    """An EXISTS for any SELECT of subscriptions: the reader said yes to the list behind a mailed link."""
    return exists().where(
        ConsentRecord.subscriber_id == of.subscriber_id,
        ConsentRecord.list_id == of.list_id,
        ConsentRecord.purpose == Purpose.LIST,
        ConsentRecord.given,
        ConsentRecord.source == MAIL,
    )


def record_erasure(session: Session, subscriber_ids: Collection[int], now: datetime) -> None:
    """Say of each list that readers are on that one of them is on it no longer, without saying who.

    For readers who are to be forgotten: else nobody could tell later when a list lost them. Whom a roster took off a
    list left it then.
    """
    off_roster = Subscription.off_roster_at.is_not(None)
    empty = dict.fromkeys(("wording", "wording_version", "language", "network_address", "user_agent"), literal(""))
    values: dict[str, Any] = {
        "organization_id": Subscriber.organization_id,
        "list_id": Subscription.list_id,
        "purpose": literal(Purpose.LIST, ConsentRecord.purpose.type),
        "given": literal(False),
        "source": case((off_roster, literal(ROSTER)), else_=literal(ERASURE)),
        "recorded_at": func.coalesce(Subscription.off_roster_at, literal(now, ConsentRecord.recorded_at.type)),
        **empty,
    }
    gone = select(*values.values()).join_from(Subscription, Subscriber, Subscriber.id == Subscription.subscriber_id)
    on_a_list = (Subscription.subscriber_id.in_(subscriber_ids), Subscription.state == SubscriptionState.CONFIRMED)
    insert = insert_into(session, ConsentRecord).from_select(list(values), gone.where(*on_a_list))
    session.execute(insert, execution_options={"synchronize_session": False})


def forget_readers(session: Session, subscriber_ids: Collection[int]) -> int:
    """Leave the records of erased readers as evidence that names nobody. Returns how many there are."""
    return _empty(session, ConsentRecord.subscriber_id.in_(subscriber_ids), subscriber_id=None)


def _empty(session: Session, which: ColumnElement[bool], **more: None) -> int:
    emptied = update(ConsentRecord).where(which).values(network_address="", user_agent="", **more)
    changed = session.scalars(emptied.returning(ConsentRecord.id), execution_options={"synchronize_session": False})
    return len(changed.all())
