"""What came back of one reader's copies or was refused, and how near they are to being silenced by it."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from newsletter.feedback.judging import judge
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Delivery, DeliveryState
from subscribers import suppressions
from subscribers.addresses import without_addresses
from subscribers.tables import Organization, Subscriber

from . import bounces
from .returned import printable
from .tables import Event, EventKind

MOST = 5
"""Of the last."""
_TOLD = (EventKind.BOUNCE, EventKind.COMPLAINT)


class Setback(NamedTuple):
    """A copy that was refused at hand-over (`refused`), came back (`bounce`) or was reported as spam (`complaint`)."""

    at: datetime
    campaign_id: int
    kind: EventKind
    is_permanent: bool
    """Whether the server says that the address will never take a mail."""
    reason: Reason
    text: str
    """The server's words, without any address."""
    is_proven: bool = True
    """Whether who told it knew the copy, and not the address alone."""


class Setbacks(NamedTuple):
    """The last of them, the newest first; how many copies in a row count; and when a suppression was last lifted."""

    last: tuple[Setback, ...]
    in_a_row: int
    lifted_at: datetime | None


def setbacks_of(session: Session, organization: Organization, reader: Subscriber, now: datetime) -> Setbacks:
    """What is kept of a reader's copies; of those whose readers are forgotten, nothing is."""
    found = sorted({*_returned(session, reader), *_refused(session, reader)}, reverse=True)
    return Setbacks(
        last=tuple(found[:MOST]),
        in_a_row=len(bounces.running(session, organization, reader, now)),
        lifted_at=suppressions.last_lifted(session, organization.id, [reader.address_hash]).get(reader.address_hash),
    )


def _returned(session: Session, reader: Subscriber) -> Iterator[Setback]:
    copy = and_(Delivery.campaign_id == Event.campaign_id, Delivery.seq == Event.seq)
    told = select(Event).join(Delivery, copy).where(Delivery.subscriber_id == reader.id, Event.kind.in_(_TOLD))
    for event in session.scalars(told.order_by(Event.occurred_at.desc()).limit(MOST)):
        facts = event.detail
        yield Setback(
            at=event.occurred_at,
            campaign_id=event.campaign_id,
            kind=event.kind,
            is_permanent=bool(facts.get("permanent")),
            reason=Reason(facts.get("reason", Reason.OTHER)),
            text=facts.get("text", ""),
            is_proven=not facts.get("unproven"),
        )


def _refused(session: Session, reader: Subscriber) -> Iterator[Setback]:
    columns = Delivery.updated_at, Delivery.campaign_id, Delivery.error
    rejected = Delivery.subscriber_id == reader.id, Delivery.state == DeliveryState.REJECTED
    newest = select(*columns).where(*rejected).order_by(Delivery.updated_at.desc()).limit(MOST)
    for at, campaign_id, error in session.execute(newest):
        said = judge("", error or "")
        text = without_addresses(printable(error or ""))
        yield Setback(at, campaign_id, EventKind.REFUSED, said.permanent, said.reason, text)
