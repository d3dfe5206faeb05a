"""What is done for senders that died or froze: by their attempt journal where there is one, else by the lease."""

from collections.abc import Callable

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock

from .claims import Claim, release
from .settling import Settlement, settle
from .tables import Chunk, ChunkState, Delivery, DeliveryState

Verdict = Callable[[int, int, int], Settlement]
"""What a journal says of (campaign_id, seq, attempt): pending where it was not begun, its outcome where a reply was
seen, unknown where it was begun."""


def recover(session: Session, clock: Clock, owner: str, verdict: Verdict) -> int:
    """Settle what a dead sender held by what its journal says, and free its chunks. Returns how many rows."""
    settled = 0
    for chunk in session.scalars(select(Chunk).where(Chunk.owner == owner, Chunk.state == ChunkState.CLAIMED)).all():
        open_rows = session.execute(_attempting(chunk)).all()
        outcomes = [verdict(chunk.campaign_id, row.seq, row.attempt) for row in open_rows]
        settle(session, clock, chunk.campaign_id, outcomes)
        release(session, clock, Claim.of(chunk))
        settled += len(outcomes)
    return settled


def expire(session: Session, clock: Clock) -> int:
    """End leases that ran out. Their `attempting` rows become `unknown`: nobody can say. Returns how many rows."""
    lost = 0
    for chunk in session.scalars(_overdue(clock).with_for_update(skip_locked=True)).all():
        given_up = session.scalars(
            update(Delivery)
            .where(Delivery.campaign_id == chunk.campaign_id, Delivery.seq.between(chunk.lo, chunk.hi))
            .where(Delivery.state == DeliveryState.ATTEMPTING)
            .values(
                state=DeliveryState.UNKNOWN,
                error="The sender's lease ran out before it said what became of this.",
                updated_at=clock.sql(),
            )
            .returning(Delivery.seq),
            execution_options={"synchronize_session": False},
        ).all()
        release(session, clock, Claim.of(chunk))
        lost += len(given_up)
    return lost


def is_overdue(session: Session, clock: Clock) -> bool:
    """Whether a lease ran out."""
    return session.scalars(_overdue(clock).limit(1)).first() is not None


def _overdue(clock: Clock) -> Select[Chunk]:
    return select(Chunk).where(Chunk.state == ChunkState.CLAIMED, Chunk.lease_until < clock.sql())


def _attempting(chunk: Chunk) -> Select[int, int]:
    return select(Delivery.seq, Delivery.attempt).where(
        Delivery.campaign_id == chunk.campaign_id,
        Delivery.seq.between(chunk.lo, chunk.hi),
        Delivery.state == DeliveryState.ATTEMPTING,
    )
