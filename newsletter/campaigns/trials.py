"""How the two arms of a test do: how many copies were accepted, and how many of them people followed a link of."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.events.consents import may_track
from newsletter.events.tables import Actor, CampaignStat, Event, EventKind
from newsletter.ledger.tables import Chunk, Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.tables import Subscriber

from .lanes import ARM_A, ARM_B


class Counts(StrEnum):
    """What is compared."""

    READERS = "readers"
    """Copies of readers whose requests may be kept; each counts once."""
    REQUESTS = "requests"
    """All copies, and every request: nobody whose requests may be kept has followed a link."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one arm so far."""

    arm: str
    accepted: int
    """All copies of the arm that were accepted."""
    counts: Counts
    of: int
    """The accepted copies that `clicked` is compared with."""
    clicked: int

    @property
    def rate(self) -> float:
        """Clicks a copy."""
        return self.clicked / self.of if self.of else 0.0

    def facts(self) -> dict[str, Any]:
        """For people and programs."""
        return {"accepted": self.accepted, "of": self.of, "clicked": self.clicked, "rate": round(self.rate, 4)}


def results(session: Session, campaign_id: int, tracking: Tracking) -> tuple[Result, Result]:
    """Arms A and B. Readers are compared where any of them clicked; else the counters, which hold no reader."""
    of_readers = [_of_readers(session, campaign_id, arm, tracking) for arm in (ARM_A, ARM_B)]
    if not any(result.clicked for result in of_readers):
        of_requests = [_of_requests(session, campaign_id, result) for result in of_readers]
        if any(result.clicked for result in of_requests):
            return of_requests[0], of_requests[1]
    return of_readers[0], of_readers[1]


def _of_readers(session: Session, campaign_id: int, arm: str, tracking: Tracking) -> Result:
    is_tracked = may_track(tracking)
    clicked = select(Event.id).where(
        Event.campaign_id == campaign_id,
        Event.seq == Delivery.seq,
        Event.kind == EventKind.CLICK,
        Event.actor == Actor.HUMAN,
    )
    copies = (
        select(func.count(), func.count().filter(is_tracked), func.count().filter(is_tracked, clicked.exists()))
        .select_from(Chunk)
        .join(Delivery, (Delivery.campaign_id == Chunk.campaign_id) & Delivery.seq.between(Chunk.lo, Chunk.hi))
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Chunk.campaign_id == campaign_id, Chunk.arm == arm, Delivery.state == DeliveryState.ACCEPTED)
    )
    accepted, of, followed = session.execute(copies).one()
    return Result(arm, accepted, Counts.READERS, of, followed)


def _of_requests(session: Session, campaign_id: int, found: Result) -> Result:
    clicks = select(func.coalesce(func.sum(CampaignStat.count), 0)).where(
        CampaignStat.campaign_id == campaign_id,
        CampaignStat.arm == found.arm,
        CampaignStat.kind == EventKind.CLICK,
        CampaignStat.actor == Actor.HUMAN,
    )
    return Result(found.arm, found.accepted, Counts.REQUESTS, found.accepted, int(session.scalars(clicks).one()))
