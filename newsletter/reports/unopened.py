"""Who did not open a campaign, as far as anybody may know."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.campaigns import budgets
from newsletter.ledger.tables import Delivery, DeliveryState
from subscribers.tables import Subscriber


class Unopened(NamedTuple):
    """Readers who have a campaign's mail."""

    unopened: int
    """Agreed to tracking, and no open or click of theirs was seen."""
    not_known: int
    """Did not agree, so nobody knows."""


def count(session: Session, campaign_id: int) -> Unopened:
    """Count them."""
    did_not = select(func.count()).select_from(Subscriber).where(*budgets.did_not_open(campaign_id))
    not_known = (
        select(func.count())
        .select_from(Delivery)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(
            Delivery.campaign_id == campaign_id,
            Delivery.state == DeliveryState.ACCEPTED,
            Subscriber.tracking.is_(False),
        )
    )
    return Unopened(session.scalars(did_not).one(), session.scalars(not_known).one())
