"""Deliveries one by one, for people who look into a campaign."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .tables import Delivery, DeliveryState


def deliveries(session: Session, campaign_id: int, state: DeliveryState | None) -> list[dict[str, Any]]:
    """The copies of a campaign in the order of their `seq`, all or those in one state."""
    rows = select(
        Delivery.seq,
        Delivery.to_address.label("to"),
        Delivery.variant,
        Delivery.state,
        Delivery.reason,
        Delivery.attempt,
        Delivery.next_at,
        Delivery.provider_id,
        Delivery.error,
        Delivery.updated_at,
    ).where(Delivery.campaign_id == campaign_id)
    if state is not None:
        rows = rows.where(Delivery.state == state)
    return [dict(row) for row in session.execute(rows.order_by(Delivery.seq)).mappings()]
