"""Claiming a chunk, and giving it back. A chunk is leased; the fence tells a sender that its lease was taken away."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, func, or_, select, update
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

    @classmethod
    def of(cls, chunk: Chunk) -> "Claim":
        """The claim that a claimed chunk's row stands for."""
        return cls(
            chunk.campaign_id, chunk.no, chunk.lo, chunk.hi, chunk.variant, chunk.arm, chunk.owner or "", chunk.fence
        )


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


def release(session: Session, clock: Clock, held: Claim, wait: timedelta = timedelta()) -> None:
    """Give the chunk back: done, or ready for what is left, after `wait` or when the first deferred row is due.

    The fence moves on, so whoever held the lease learns at the next step that it is gone. Does nothing where the
    fence has moved on already.
    """
    now_count, deferred, earliest = session.execute(
        select(
            func.count().filter(Delivery.state != DeliveryState.DEFERRED),
            func.count().filter(Delivery.state == DeliveryState.DEFERRED),
            func.min(Delivery.next_at),
        ).where(
            Delivery.campaign_id == held.campaign_id,
            Delivery.seq.between(held.lo, held.hi),
            Delivery.state.in_(_OPEN),
        )
    ).one()
    session.execute(
        update(Chunk)
        .where(Chunk.campaign_id == held.campaign_id, Chunk.no == held.no, Chunk.fence == held.fence)
        .where(Chunk.state == ChunkState.CLAIMED)
        .values(
            state=ChunkState.READY if now_count or deferred else ChunkState.DONE,
            not_before=clock.sql(wait) if now_count else earliest,
            owner=None,
            lease_until=None,
            fence=Chunk.fence + 1,
        ),
        execution_options={"synchronize_session": False},
    )


def is_busy(session: Session, clock: Clock, campaign_id: int, within: timedelta = timedelta()) -> bool:
    """Whether a sender holds a chunk of the campaign, or one may be claimed now or `within` this time."""
    due = or_(Chunk.not_before.is_(None), Chunk.not_before <= clock.sql(within))
    busy = or_(Chunk.state == ChunkState.CLAIMED, and_(Chunk.state == ChunkState.READY, due))
    return session.scalar(select(Chunk.no).where(Chunk.campaign_id == campaign_id, busy).limit(1)) is not None
