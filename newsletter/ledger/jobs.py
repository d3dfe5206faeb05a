"""Work that may be done elsewhere: named in the caller's own transaction, so that it exists only if that commits."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock

from .tables import Campaign, CampaignKind, CampaignState, Chunk, ChunkState


class JobKind(StrEnum):
    """What is to be done, most of it with a campaign."""

    PREPARE = "prepare"
    """Go on with its snapshot."""
    SEND = "send"
    """Send what is ready."""
    FINISH = "finish"
    """Call it sent if nothing of it is open."""
    CALL = "call"
    """Make the calls of webhooks that are due; of no campaign."""


class Job(NamedTuple):
    """One piece of work. It may be lost or doubled without harm: the ledger says what there is to do."""

    kind: JobKind
    campaign_id: int
    """0 for what is of none."""


Enqueue = Callable[[Session, Job], None]


def nobody(session: Session, job: Job) -> None:
    """For an engine whose threads look into the ledger themselves."""
    del session, job


def open_work(session: Session, clock: Clock, most: int) -> dict[Job, int]:
    """What there is to do now, and by how many at once: at most `most` for one campaign's chunks."""
    found = {Job(JobKind.PREPARE, campaign_id): 1 for campaign_id in session.scalars(_PREPARING)}
    for campaign_id, kind, ready, undone in session.execute(_chunks(clock)):
        if ready:
            found[Job(JobKind.SEND, campaign_id)] = min(ready, most)
        elif not undone and kind == CampaignKind.BROADCAST:
            found[Job(JobKind.FINISH, campaign_id)] = 1
    return found


_PREPARING = select(Campaign.id).where(Campaign.state == CampaignState.PREPARING)


def _chunks(clock: Clock) -> Select[int, CampaignKind, int, int]:
    """Of each campaign that is sending, the chunks that are ready now and those that are not done."""
    is_due = or_(Chunk.not_before.is_(None), Chunk.not_before <= clock.sql())
    return (
        select(
            Campaign.id,
            Campaign.kind,
            func.count(Chunk.no).filter(Chunk.state == ChunkState.READY, is_due),
            func.count(Chunk.no).filter(Chunk.state != ChunkState.DONE),
        )
        .outerjoin(Chunk, (Chunk.campaign_id == Campaign.id) & (Chunk.state != ChunkState.DONE))
        .where(Campaign.state == CampaignState.SENDING)
        .group_by(Campaign.id, Campaign.kind)
    )
