"""Where links lead, in memory: a redirect answers without the database once a campaign was seen."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from newsletter.ledger import links
from newsletter.ledger.tables import Campaign, CampaignState
from subscribers.db import Database

LIVE_FOR = timedelta(days=30)
"""How long after its end most of a campaign's clicks have come."""
_BEING_SENT = (CampaignState.PREPARING, CampaignState.SENDING, CampaignState.PAUSED, CampaignState.STOPPED)


class Targets:
    """The links of campaigns, read once each: they are fixed when a campaign is prepared."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._of: dict[int, Mapping[int, str]] = {}

    def preload(self, now: datetime) -> None:
        """Read the links of campaigns that are being sent or ended lately."""
        live = or_(Campaign.state.in_(_BEING_SENT), Campaign.finished_at > now - LIVE_FOR)
        with self._database.reading() as session:
            for campaign_id in session.scalars(select(Campaign.id).where(live)).all():
                self._of[campaign_id] = links.targets(session, campaign_id)

    def remembered(self, campaign_id: int, no: int) -> str | None:
        """A target already in memory."""
        return self._of.get(campaign_id, {}).get(no)

    def look_up(self, campaign_id: int, no: int) -> str | None:
        """A target from the database; None says that the campaign has no such link."""
        with self._database.reading() as session:
            self._of[campaign_id] = links.targets(session, campaign_id)
        return self.remembered(campaign_id, no)
