"""Step T2: a group of deliveries becomes `attempting`, after everything that could forbid it was read again."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, literal, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from subscribers import audience, suppressions
from subscribers.tables import Subscriber, Subscription

from .claims import LEASE, Claim
from .tables import Campaign, CampaignKind, CampaignState, Chunk, ChunkState, Delivery, DeliveryState, Exclusion


@dataclass(frozen=True, slots=True)
class Due:
    """One copy about to be sent. The reader's columns are empty where the mail has no subscriber."""

    seq: int
    attempt: int
    to_address: str
    payload: dict[str, Any] | None
    public_id: str
    name: str
    language: str


class LeaseLost(Exception):
    """The chunk is no longer ours, or its campaign is not sending: nothing of it may be sent."""


def attempt(session: Session, clock: Clock, held: Claim, limit: int) -> list[Due]:
    """Take up to `limit` deliveries of a claimed chunk that are due, for sending as soon as this is committed.

    Checks the fence, renews the lease, checks that the campaign is sending, and reads consent and suppressions
    again: who left since the snapshot becomes `excluded` with the reason. An empty list: the chunk has nothing due.
    Raises `LeaseLost`.
    """
    list_id = _renew(session, clock, held)
    while True:
        rows = session.execute(_due(list_id, clock, held).limit(limit)).all()
        forbidden = {row.seq: row.exclusion for row in rows if row.exclusion}
        _exclude(session, clock, held.campaign_id, forbidden)
        allowed = {row.seq: row for row in rows if not row.exclusion}
        if allowed or not rows:
            return _begin(session, clock, held.campaign_id, allowed)


def _renew(session: Session, clock: Clock, held: Claim) -> int | None:
    """Renew the lease; the list whose consent is read again, or None for a stream."""
    campaign = session.execute(
        select(Campaign.kind, Campaign.list_id).where(
            Campaign.id == held.campaign_id, Campaign.state == CampaignState.SENDING
        )
    ).one_or_none()
    renewed = session.scalar(
        update(Chunk)
        .where(Chunk.campaign_id == held.campaign_id, Chunk.no == held.no, Chunk.state == ChunkState.CLAIMED)
        .where(Chunk.owner == held.owner, Chunk.fence == held.fence)
        .values(lease_until=clock.sql(LEASE))
        .returning(Chunk.no),
        execution_options={"synchronize_session": False},
    )
    if campaign is None or renewed is None:
        raise LeaseLost
    return campaign.list_id if campaign.kind == CampaignKind.BROADCAST else None


def _due(list_id: int | None, clock: Clock, held: Claim) -> Select[Any]:
    rows = select(
        Delivery.seq,
        Delivery.attempt,
        Delivery.to_address,
        Delivery.payload,
        Subscriber.public_id,
        Subscriber.name,
        Subscriber.language,
    ).outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    if list_id is not None:
        rows = rows.add_columns(
            case((Subscriber.id.is_(None), Exclusion.ERASED.value), else_=audience.exclusion(list_id)).label(
                "exclusion"
            )
        ).outerjoin(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.list_id == list_id),
        )
    else:
        suppressed = suppressions.active_for(None, Subscriber.address_hash)
        rows = rows.add_columns(case((suppressed, literal(Exclusion.SUPPRESSED.value)), else_=None).label("exclusion"))
    return rows.where(
        Delivery.campaign_id == held.campaign_id,
        Delivery.seq.between(held.lo, held.hi),
        or_(
            Delivery.state == DeliveryState.PENDING,
            (Delivery.state == DeliveryState.DEFERRED) & (Delivery.next_at <= clock.sql()),
        ),
    ).order_by(Delivery.seq)


def _exclude(session: Session, clock: Clock, campaign_id: int, forbidden: dict[int, str]) -> None:
    for reason in set(forbidden.values()):
        session.execute(
            update(Delivery)
            .where(Delivery.campaign_id == campaign_id)
            .where(Delivery.seq.in_([seq for seq, why in forbidden.items() if why == reason]))
            .values(state=DeliveryState.EXCLUDED, reason=Exclusion(reason), next_at=None, updated_at=clock.sql()),
            execution_options={"synchronize_session": False},
        )


def _begin(session: Session, clock: Clock, campaign_id: int, allowed: dict[int, Any]) -> list[Due]:
    if not allowed:
        return []
    begun = session.execute(
        update(Delivery)
        .where(Delivery.campaign_id == campaign_id, Delivery.seq.in_(list(allowed)))
        .where(Delivery.state.in_((DeliveryState.PENDING, DeliveryState.DEFERRED)))
        .values(state=DeliveryState.ATTEMPTING, attempt=Delivery.attempt + 1, updated_at=clock.sql())
        .returning(Delivery.seq, Delivery.attempt),
        execution_options={"synchronize_session": False},
    )
    return [_as_due(allowed[seq], number) for seq, number in sorted(begun)]


def _as_due(row: Any, number: int) -> Due:
    return Due(row.seq, number, row.to_address, row.payload, row.public_id or "", row.name or "", row.language or "")
