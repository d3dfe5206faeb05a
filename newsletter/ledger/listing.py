"""Deliveries one by one, for people who look into a campaign."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .tables import Campaign, Delivery, DeliveryState


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


def bound(session: Session, revision_ids: Collection[int]) -> Mapping[int, list[Campaign]]:
    """The campaigns that are bound to revisions, by revision, in the order of their numbers."""
    of_revisions = select(Campaign).where(Campaign.revision_id.in_(revision_ids)).order_by(Campaign.id)
    found: dict[int, list[Campaign]] = {}
    for campaign in session.scalars(of_revisions):
        if campaign.revision_id is not None:
            found.setdefault(campaign.revision_id, []).append(campaign)
    return found
