"""A reader left a list."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Campaign, CampaignKind, Delivery, DeliveryState
from subscribers import subscriptions
from subscribers.consent import Evidence
from subscribers.tables import ConsentRecord, List, Subscriber

from .counters import Counter, grow
from .tables import Actor, EventKind


def leave(session: Session, reader: Subscriber, list_: List | None, now: datetime, *, evidence: Evidence) -> list[int]:
    """Unsubscribe a reader from a list, or from all where `list_` is None. Returns the lists really left now.

    The latest issue of each that the reader got is counted as the one they left after; once, however often they
    come back and leave again.
    """
    left = subscriptions.unsubscribe(session, reader, list_, now, evidence=evidence)
    for list_id in left:
        _count(session, reader, list_id, now)
    return left


def _count(session: Session, reader: Subscriber, list_id: int, now: datetime) -> None:
    latest = session.execute(
        select(Delivery.campaign_id, Delivery.updated_at)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.subscriber_id == reader.id, Delivery.state == DeliveryState.ACCEPTED)
        .where(Campaign.list_id == list_id, Campaign.kind == CampaignKind.BROADCAST)
        .order_by(Delivery.updated_at.desc())
        .limit(1)
    ).one_or_none()
    if latest is not None and _withdrawals(session, reader, list_id, latest.updated_at) == 1:
        grow(session, {Counter.at(latest.campaign_id, EventKind.UNSUBSCRIBE, now, Actor.HUMAN): 1})


def _withdrawals(session: Session, reader: Subscriber, list_id: int, since: datetime) -> int:
    """How often the reader has left since, the record just written included."""
    given_no = select(func.count()).where(
        ConsentRecord.subscriber_id == reader.id,
        ConsentRecord.list_id == list_id,
        ConsentRecord.given.is_(False),
        ConsentRecord.recorded_at >= since,
    )
    return session.scalars(given_no).one()
