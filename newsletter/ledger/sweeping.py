"""What is done for senders that died or froze: by their attempt journal where there is one, else by the lease."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock

from . import balance, claims
from .settling import Settlement, settle
from .tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState

Verdict = Callable[[int, int, int], Settlement]
"""What a journal says of (campaign_id, seq, attempt): pending where it was not begun, its outcome where a reply was
seen, unknown where it was begun."""


Answers = Mapping[int, Sequence[Settlement]]
"""What a journal knows for sure, by campaign: accepted or rejected."""


def recover(session: Session, clock: Clock, owner: str, verdict: Verdict, answers: Answers) -> int:
    """Settle what a broken-off sender held by what its journal says, and free its chunks. Returns how many rows.

    Where its lease ran out first, what it held is unknown by now and its chunks are another's: the answers it had
    still say what became of the unknown.
    """
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
    return settled + sum(len(settle(session, clock, campaign_id, known)) for campaign_id, known in answers.items())


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


def is_left_over(session: Session) -> bool:
    """Whether there is work for `put_away`."""
    return session.scalar(select(Chunk.no).where(_IS_LEFT_OVER).limit(1)) is not None


def put_away(session: Session, clock: Clock) -> int:
    """Cancel what senders gave back of campaigns after they were cancelled. Returns how many rows."""
    campaigns = session.scalars(
        update(Chunk).where(_IS_LEFT_OVER).values(state=ChunkState.DONE).returning(Chunk.campaign_id),
        execution_options={"synchronize_session": False},
    )
    return sum(balance.cancel_open(session, clock, campaign_id) for campaign_id in set(campaigns.all()))


_IS_LEFT_OVER = and_(
    Chunk.state.in_((ChunkState.READY, ChunkState.HELD)),
    Chunk.campaign_id.in_(select(Campaign.id).where(Campaign.state == CampaignState.CANCELLED)),
)
