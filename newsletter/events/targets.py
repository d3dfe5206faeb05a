"""Where links lead, in memory: a redirect answers without the database once a campaign was seen."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.ledger import links
from newsletter.ledger.tables import Campaign, CampaignState
from subscribers.db import Database

from .errands import Errands

LIVE_FOR = timedelta(days=30)
"""How long after its end most of a campaign's clicks have come."""
REFRESH_SECONDS = 15.0
"""The least time between two mails of a campaign's beginning and its first clicks that we count on."""
_PATIENCE_SECONDS = 2.0
_BEING_SENT = (CampaignState.PREPARING, CampaignState.SENDING, CampaignState.PAUSED, CampaignState.STOPPED)


class TargetsAway(NewsletterError):
    """Where this link leads cannot be looked up just now. Try again in a moment."""


class Targets:
    """The links of campaigns, read once each: they are fixed when a campaign is prepared."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._of: dict[int, Mapping[int, str]] = {}
        self._asked: dict[int, asyncio.Task[None]] = {}

    async def start(self, clock: Clock) -> None:
        """Read the links of live campaigns, and go on to read those of campaigns that begin, wherever they do."""
        self._errands = Errands("links")
        first = asyncio.Event()
        self._refreshing = asyncio.create_task(self._refresh(clock, first))
        with suppress(TimeoutError):
            await asyncio.wait_for(first.wait(), _PATIENCE_SECONDS)

    def stop(self) -> None:
        """Read no more."""
        self._refreshing.cancel()
        self._errands.close()

    def remembered(self, campaign_id: int, no: int) -> str | None:
        """A target already in memory."""
        return self._of.get(campaign_id, {}).get(no)

    async def look_up(self, campaign_id: int, no: int) -> str | None:
        """A target from the database; None says that the campaign has no such link. Raises `TargetsAway`."""
        # One look for all who ask for the same campaign: a crowd must not wait in line for a database that is slow.
        if campaign_id not in self._asked:
            asked = asyncio.create_task(self._errands.run(self._read, [campaign_id]))
            self._asked[campaign_id] = asked
            asked.add_done_callback(lambda _: self._asked.pop(campaign_id))
        try:
            await asyncio.wait_for(asyncio.shield(self._asked[campaign_id]), _PATIENCE_SECONDS)
        except (TimeoutError, SQLAlchemyError) as error:
            raise TargetsAway from error
        return self.remembered(campaign_id, no)

    def preload(self, now: datetime) -> None:
        """Read the links of campaigns that are being sent or ended lately, as far as they are not in memory."""
        live = or_(Campaign.state.in_(_BEING_SENT), Campaign.finished_at > now - LIVE_FOR)
        with self._database.reading() as session:
            new = set(session.scalars(select(Campaign.id).where(live))) - self._of.keys()
        if new:
            self._read(new)

    def _read(self, campaign_ids: Iterable[int]) -> None:
        with self._database.reading() as session:
            self._of |= links.targets(session, campaign_ids)

    async def _refresh(self, clock: Clock, first: asyncio.Event) -> None:
        while True:
            with suppress(SQLAlchemyError):  # without the database pages say so, and links are read when it is back
                await self._errands.run(self.preload, clock.now())
            first.set()
            await asyncio.sleep(REFRESH_SECONDS)
