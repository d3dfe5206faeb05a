"""Claiming a chunk, and giving it back. A chunk is leased; the fence tells a sender that its lease was taken away."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock

from .tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState

LEASE = timedelta(minutes=2)
_OPEN = (DeliveryState.PENDING, DeliveryState.ATTEMPTING, DeliveryState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Claim:
    """A chunk that is ours until its lease ends."""

    campaign_id: int
    no: int
    lo: int
    hi: int
    variant: str
    arm: str
    owner: str
    fence: int


def claim(session: Session, clock: Clock, owner: str, campaign_id: int | None = None) -> Claim | None:
    """Lease one ready chunk of a campaign that is sending, the most urgent first; None where there is none.

    Step T1 of the protocol. Two senders never get the same chunk: PostgreSQL skips rows locked by another,
    SQLite has one writer.
    """
    ready = (
        select(Chunk.campaign_id, Chunk.no, Chunk.lo, Chunk.hi, Chunk.variant, Chunk.arm)
        .join(Campaign, Campaign.id == Chunk.campaign_id)
        .where(
            Chunk.state == ChunkState.READY,
            Campaign.state == CampaignState.SENDING,
            or_(Chunk.not_before.is_(None), Chunk.not_before <= clock.sql()),
        )
        .order_by(Chunk.priority.desc(), Chunk.campaign_id, Chunk.no)
        .limit(1)
        .with_for_update(skip_locked=True, of=Chunk)
    )
    if campaign_id is not None:
        ready = ready.where(Chunk.campaign_id == campaign_id)
    found = session.execute(ready).one_or_none()
    if found is None:
        return None
    fence = session.scalar(
        update(Chunk)
        .where(Chunk.campaign_id == found.campaign_id, Chunk.no == found.no, Chunk.state == ChunkState.READY)
        .values(state=ChunkState.CLAIMED, owner=owner, fence=Chunk.fence + 1, lease_until=clock.sql(LEASE))
        .returning(Chunk.fence),
        execution_options={"synchronize_session": False},
    )
    return None if fence is None else Claim(*found, owner, fence)


def release(session: Session, held: Claim) -> None:
    """Give the chunk back: done, or ready for what is left of it. Does nothing where the lease was lost."""
    close_chunk(session, held.campaign_id, held.no, held.lo, held.hi, held.fence)


def close_chunk(session: Session, campaign_id: int, no: int, lo: int, hi: int, fence: int) -> None:
    """End a lease by its fence: the chunk is ready again where rows are open, at the earliest of their times.

    The fence moves on, so whoever held the lease learns at its next step that it is gone.
    """
    left = session.execute(
        select(
            func.count().filter(Delivery.state != DeliveryState.DEFERRED),
            func.count().filter(Delivery.state == DeliveryState.DEFERRED),
            func.min(Delivery.next_at),
        ).where(Delivery.campaign_id == campaign_id, Delivery.seq.between(lo, hi), Delivery.state.in_(_OPEN))
    ).one()
    now_count, deferred, earliest = left
    session.execute(
        update(Chunk)
        .where(Chunk.campaign_id == campaign_id, Chunk.no == no, Chunk.fence == fence)
        .where(Chunk.state == ChunkState.CLAIMED)
        .values(
            state=ChunkState.READY if now_count or deferred else ChunkState.DONE,
            not_before=None if now_count else earliest,
            owner=None,
            lease_until=None,
            fence=Chunk.fence + 1,
        ),
        execution_options={"synchronize_session": False},
    )
