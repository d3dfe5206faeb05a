"""The sum that must hold after any fault: every delivery of the audience is in exactly one state."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError

from .states import get, locked, try_move
from .tables import Campaign, CampaignKind, CampaignState, Chunk, ChunkState, Delivery, DeliveryState, Exclusion

_OPEN = (DeliveryState.PENDING, DeliveryState.ATTEMPTING, DeliveryState.DEFERRED)


class SumBroken(NewsletterError):
    """The deliveries of a campaign do not add up to its audience; it is not called sent. Please report this."""


@dataclass(frozen=True, slots=True)
class Balance:
    """How many deliveries are in each state, against the audience."""

    audience: int
    counts: dict[DeliveryState, int]
    next_try_at: datetime | None

    @property
    def balances(self) -> bool:
        """Whether the states add up to the audience."""
        return sum(self.counts.values()) == self.audience

    @property
    def open(self) -> int:
        """How many may still be sent."""
        return sum(self.counts[state] for state in _OPEN)


def balance(session: Session, campaign_id: int) -> Balance:
    """Count a campaign's deliveries by state."""
    campaign = get(session, campaign_id)
    rows = session.execute(
        select(Delivery.state, func.count(), func.min(Delivery.next_at))
        .where(Delivery.campaign_id == campaign_id)
        .group_by(Delivery.state)
    ).all()
    counts = dict.fromkeys(DeliveryState, 0) | {state: count for state, count, _ in rows}
    next_try_at = next((at for state, _, at in rows if state == DeliveryState.DEFERRED), None)
    return Balance(campaign.audience, counts, next_try_at)


def exclusions(session: Session, campaign_id: int) -> dict[Exclusion, int]:
    """How many of a campaign's readers are not mailed, by the reason."""
    rows = session.execute(
        select(Delivery.reason, func.count())
        .where(Delivery.campaign_id == campaign_id, Delivery.state == DeliveryState.EXCLUDED)
        .group_by(Delivery.reason)
        .order_by(Delivery.reason)
    )
    return {reason: count for reason, count in rows if reason is not None}


def finish(session: Session, clock: Clock, campaign_id: int) -> bool:
    """Call a broadcast sent when nothing of it is open and its sum holds. Returns whether it is sent now.

    Raises `SumBroken` rather than hide a lost delivery.
    """
    # Locked, so that nothing is given back to be sent between this look and the end.
    campaign = locked(session, campaign_id)
    if campaign.kind != CampaignKind.BROADCAST or campaign.state != CampaignState.SENDING:
        return False
    undone = session.scalar(
        select(Chunk.no).where(Chunk.campaign_id == campaign_id, Chunk.state != ChunkState.DONE).limit(1)
    )
    if undone is not None:
        return False
    found = balance(session, campaign_id)
    if not found.balances or found.open:
        copies = sum(found.counts.values())
        raise SumBroken(
            f"Campaign {campaign_id} is not called sent: for an audience of {found.audience:,} the ledger has "
            f"{copies:,} copies, and {found.open:,} of them are open in no chunk. Please report this."
        )
    return try_move(session, campaign_id, CampaignState.SENT, finished_at=clock.sql())


def cancel_open(session: Session, clock: Clock, campaign_id: int) -> int:
    """Turn what is not begun into `cancelled`, for a campaign just cancelled. Returns how many."""
    cancelled = session.scalars(
        update(Delivery)
        .where(Delivery.campaign_id == campaign_id)
        .where(Delivery.state.in_((DeliveryState.PENDING, DeliveryState.DEFERRED)))
        .values(state=DeliveryState.CANCELLED, next_at=None, updated_at=clock.sql())
        .returning(Delivery.seq),
        execution_options={"synchronize_session": False},
    )
    return len(cancelled.all())


def sending_broadcasts(session: Session) -> list[int]:
    """The broadcasts that are being sent."""
    return list(
        session.scalars(
            select(Campaign.id).where(Campaign.kind == CampaignKind.BROADCAST, Campaign.state == CampaignState.SENDING)
        )
    )
