"""When a campaign's copies are counted: when somebody asks, or beforehand, where that takes long or must be kept.

A campaign of few copies is counted whenever it is asked for. A large one shows what the tick counted last. One that
ended so long ago that its readers are forgotten shows what was counted before that. Beside others, every campaign that
ended shows what was kept of it, as long as nothing came back since.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, defer

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.events.tables import CampaignReach, CampaignStat
from newsletter.ledger.states import get
from newsletter.ledger.tables import Campaign, CampaignState
from newsletter.settings import Tracking
from subscribers.db import Database, insert_into
from subscribers.segments.rules import RuleContext

from .counting import Counted, count
from .tables import CampaignRollup

FEW = 1_000
"""Copies that are counted while somebody waits."""
QUIET = timedelta(days=30)
"""Little comes back of a mail that is so old."""
_AT_LEAST_EVERY = timedelta(days=1)
"""Until then; no counter tells of a reader who agrees now, or of a copy that staff settled."""
_EVERY = timedelta(minutes=1)
_PART_OF_TIME = 50
"""Of the time between two counts of a campaign, at most this part is counting."""
_OPEN = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.STOPPED)
_ENDED = (CampaignState.SENT, CampaignState.CANCELLED)


class ReadersForgotten(NewsletterError):
    """The readers of this campaign are forgotten by now. What was counted before that stays as it is."""


@dataclass(frozen=True, slots=True)
class Rollups:
    """Knows how campaigns are counted, and which counts are kept."""

    clock: Clock
    tracking: Tracking
    context_of: Callable[[date | None], RuleContext]
    keep_readers: timedelta | None = None
    """How long after its end a campaign's readers are known; None: always."""

    def counted(self, session: Session, campaign: Campaign) -> tuple[Counted, datetime | None]:
        """A campaign's copies, and when they were counted; None: just now."""
        kept = session.get(CampaignRollup, campaign.id)
        if kept is not None and self._holds(campaign, kept):
            return Counted.of(kept.counted), kept.made_at
        return self._count(session, campaign), None

    def past(self, session: Session, campaign: Campaign) -> Counted:
        """A campaign's copies, as one figure of many: what was kept of it, where its counters are still the same."""
        kept = session.get(CampaignRollup, campaign.id)
        if kept is not None and (self._holds(campaign, kept) or kept.mark == _mark(session, campaign)):
            return Counted.of(kept.counted)
        return self._count(session, campaign)

    def make(self, database: Database, campaign_id: int) -> Counted:
        """Count a campaign and keep that. Raises `CampaignNotFound`, or `ReadersForgotten`."""
        begin = time.monotonic()
        with database.reading() as session:
            campaign, last = get(session, campaign_id), session.get(CampaignRollup, campaign_id)
            if last is not None and self.is_forgotten(campaign) and self._is_last(campaign, last):
                raise ReadersForgotten
            mark, found = _mark(session, campaign), self._count(session, campaign)
        kept = {
            "made_at": self.clock.now(),
            "seconds": round(time.monotonic() - begin, 3),
            "mark": mark,
            "counted": found.as_facts(),
        }
        with database.writing() as session:
            statement = insert_into(session, CampaignRollup).values(campaign_id=campaign_id, **kept)
            session.execute(statement.on_conflict_do_update(index_elements=["campaign_id"], set_=kept))
        return found

    def make_due(self, database: Database) -> int | None:
        """Count the campaign whose count is the most out of date, if any is. Returns its id."""
        with database.reading() as session:
            due = self._due(session)
        if due is not None:
            self.make(database, due)
        return due

    def make_all_due(self, database: Database) -> None:
        """Count every campaign whose count is out of date; before readers are forgotten, it is the last time."""
        while self.make_due(database) is not None:
            pass

    def large(self, session: Session) -> list[int]:
        """The campaigns of so many copies that their counts are kept, and that can be counted still."""
        begun = Campaign.state.in_((*_OPEN, *_ENDED)), Campaign.audience > FEW
        campaigns = session.scalars(select(Campaign).where(*begun).order_by(Campaign.id))
        return [campaign.id for campaign in campaigns if not self.is_forgotten(campaign)]

    def is_forgotten(self, campaign: Campaign) -> bool:
        """Whether a campaign's readers are forgotten by now, so that a new count would know less than the last."""
        ended, keep = campaign.finished_at, self.keep_readers
        return ended is not None and keep is not None and ended < self.clock.now() - keep

    def _count(self, session: Session, campaign: Campaign) -> Counted:
        return count(session, campaign, self.tracking, self.context_of(campaign.day))

    def _holds(self, campaign: Campaign, kept: CampaignRollup) -> bool:
        """Whether a kept count is what is shown. What was counted while a campaign was sent is no end of it."""
        if self.is_forgotten(campaign) and self._is_last(campaign, kept):
            return True
        return campaign.audience > FEW and kept.mark.startswith(f"{campaign.state} ")

    def _is_last(self, campaign: Campaign, kept: CampaignRollup) -> bool:
        """Whether what was counted is all that came back, but for the little that came later."""
        return campaign.finished_at is not None and kept.made_at >= campaign.finished_at + self._quiet_after

    def _due(self, session: Session) -> int | None:
        rows = session.execute(
            select(Campaign, CampaignRollup)
            .outerjoin(CampaignRollup, CampaignRollup.campaign_id == Campaign.id)
            .options(defer(CampaignRollup.counted))
            .where(or_(Campaign.state.in_(_ENDED), and_(Campaign.state.in_(_OPEN), Campaign.audience > FEW)))
            .order_by(CampaignRollup.made_at.asc().nulls_first())
        )
        return next((campaign.id for campaign, kept in rows if self._is_due(session, campaign, kept)), None)

    @property
    def _quiet_after(self) -> timedelta:
        return QUIET if self.keep_readers is None else min(QUIET, self.keep_readers / 2)

    def _is_due(self, session: Session, campaign: Campaign, kept: CampaignRollup | None) -> bool:
        if kept is None:
            return True
        if self._is_last(campaign, kept):
            return False
        age = self.clock.now() - kept.made_at
        if age <= max(_EVERY, timedelta(seconds=kept.seconds * _PART_OF_TIME)):
            return False
        return campaign.state in _OPEN or age > _AT_LEAST_EVERY or kept.mark != _mark(session, campaign)


def _mark(session: Session, campaign: Campaign) -> str:
    """Changes with whatever comes back, and with the campaign's state."""
    reach = select(func.coalesce(func.sum(CampaignReach.copies), 0)).where(CampaignReach.campaign_id == campaign.id)
    stats = select(func.coalesce(func.sum(CampaignStat.count), 0)).where(CampaignStat.campaign_id == campaign.id)
    return f"{campaign.state} {campaign.audience} {session.scalar(reach)} {session.scalar(stats)}"
