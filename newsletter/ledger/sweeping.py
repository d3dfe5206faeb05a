"""What is done for senders that died or froze: by their attempt journal where there is one, else by the lease."""

from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock

from . import claims
from .settling import Settlement, settle
from .tables import Delivery, DeliveryState

Verdict = Callable[[int, int, int], Settlement]
"""What a journal says of (campaign_id, seq, attempt): pending where it was not begun, its outcome where a reply was
seen, unknown where it was begun."""


def recover(session: Session, clock: Clock, owner: str, verdict: Verdict) -> int:
    """Settle what a dead sender held by what its journal says, and free its chunks. Returns how many rows."""
    settled = 0
    for held in claims.held_by(session, owner):
        rows = session.execute(
            select(Delivery.seq, Delivery.attempt).where(
                Delivery.campaign_id == held.campaign_id,
                Delivery.seq.between(held.lo, held.hi),
                Delivery.state == DeliveryState.ATTEMPTING,
            )
        )
        outcomes = [verdict(held.campaign_id, seq, attempt) for seq, attempt in rows]
        settle(session, clock, held.campaign_id, outcomes)
        claims.release(session, clock, held)
        settled += len(outcomes)
    return settled


def expire(session: Session, clock: Clock) -> int:
    """End leases that ran out. Their `attempting` rows become `unknown`: nobody can say. Returns how many rows."""
    lost = 0
    for held in claims.overdue(session, clock):
        given_up = session.scalars(
            update(Delivery)
            .where(Delivery.campaign_id == held.campaign_id, Delivery.seq.between(held.lo, held.hi))
            .where(Delivery.state == DeliveryState.ATTEMPTING)
            .values(
                state=DeliveryState.UNKNOWN,
                error="The sender's lease ran out before it said what became of this.",
                updated_at=clock.sql(),
            )
            .returning(Delivery.seq),
            execution_options={"synchronize_session": False},
        ).all()
        claims.release(session, clock, held)
        lost += len(given_up)
    return lost
