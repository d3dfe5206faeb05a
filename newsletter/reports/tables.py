"""What is kept of reports, so that a large campaign is not counted whenever somebody looks."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base


class CampaignRollup(Base):
    """A campaign's copies as they were counted last. Nothing about a reader is in it."""

    __tablename__ = "campaign_rollup"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    made_at: Mapped[datetime]
    seconds: Mapped[float]
    """How long counting took."""
    mark: Mapped[str]
    """What the campaign's counters were then: other counters, another count."""
    counted: Mapped[dict[str, Any]] = mapped_column(JSON)
    """A `counting.Counted`."""
