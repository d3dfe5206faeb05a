"""The ledger's tables: a campaign, its chunks, its deliveries, its links. The queue of record is here."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base, named


class CampaignKind(StrEnum):
    """Whether a campaign ends."""

    BROADCAST = "broadcast"
    """One revision to one audience."""
    STREAM = "stream"
    """Single mails as they are asked for; never ends."""


class CampaignState(StrEnum):
    """Where a campaign stands; `ledger.states` says which step may follow which."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    HELD = "held"
    PREPARING = "preparing"
    SENDING = "sending"
    PAUSED = "paused"
    STOPPED = "stopped"
    SENT = "sent"
    CANCELLED = "cancelled"


class ChunkState(StrEnum):
    """Whether a sender may take a chunk."""

    READY = "ready"
    CLAIMED = "claimed"
    HELD = "held"
    """Waits for a decision, such as the winner of an A/B test."""
    DONE = "done"


class DeliveryState(StrEnum):
    """What is known of one copy."""

    PENDING = "pending"
    """Not begun."""
    ATTEMPTING = "attempting"
    """Given to a sender; the attempt journal knows more."""
    ACCEPTED = "accepted"
    """The transport took responsibility."""
    REJECTED = "rejected"
    """Refused for good, or refused for now too often."""
    DEFERRED = "deferred"
    """Refused for now; tried again at `next_at`."""
    UNKNOWN = "unknown"
    """Nobody can say whether it was accepted; never sent again by itself."""
    EXCLUDED = "excluded"
    """Not to be mailed; `reason` says why."""
    CANCELLED = "cancelled"
    """The campaign was cancelled first."""


class Exclusion(StrEnum):
    """Why a reader of the audience is not mailed."""

    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    UNCONFIRMED = "unconfirmed"
    ERASED = "erased"
    PAUSED = "paused"
    """The reader asked for nothing of this list for a while."""
    OFF_ROSTER = "off-roster"
    """The school's list no longer names this reader."""
    ENOUGH_THIS_MONTH = "enough-this-month"
    """The reader asked for one mail a month from this list, and has it."""
    ENOUGH_THIS_WEEK = "enough-this-week"
    """The reader has had as many mails in seven days as a family is to get."""
    NOTHING_TO_READ = "nothing-to-read"
    """No section of the issue is for this reader."""


class Campaign(Base):
    """Sending one issue to one audience, or a stream of single mails."""

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("organization_id", "stream"),
        Index("ix_campaign_state", "state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    kind: Mapped[CampaignKind] = mapped_column(named(CampaignKind))
    state: Mapped[CampaignState] = mapped_column(named(CampaignState))
    stream: Mapped[str | None]
    """For a stream: its name, such as `confirm` or `test`."""
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"))
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id"))
    """Bound when approved, or scheduled where no approval is asked for."""
    list_id: Mapped[int | None] = mapped_column(ForeignKey("list.id"))
    rule: Mapped[str] = mapped_column(default="")
    """The audience's rule as text, copied when the campaign is made: a later edit of the segment moves nobody."""
    segment: Mapped[str] = mapped_column(default="")
    """The name of the segment the rule came from, to show."""
    scheduled_at: Mapped[datetime | None]
    time_zone: Mapped[str] = mapped_column(default="")
    """The zone the schedule was given in."""
    local_time: Mapped[bool] = mapped_column(default=False)
    """Whether each reader gets it when their own clock shows the scheduled time."""
    subject_b: Mapped[str] = mapped_column(default="")
    """The other subject of an A/B test; empty: there is no test."""
    test_percent: Mapped[int] = mapped_column(default=0)
    """How much of the audience the two arms of a test are together."""
    decide_minutes: Mapped[int] = mapped_column(default=0)
    """How long after the sending begins the winner of a test is chosen."""
    winner: Mapped[str] = mapped_column(default="")
    """The arm that won the test: `A` or `B`."""
    decided_at: Mapped[datetime | None]
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What chose the winner, and how the arms stood at that moment."""
    unopened_of_id: Mapped[int | None]
    """For one more try: the campaign whose copy the reader did not open."""
    day: Mapped[date | None]
    """The organization's day on which grades are read, fixed once by the snapshot."""
    watermark: Mapped[int] = mapped_column(default=0)
    """The last subscriber id that the snapshot has paged over."""
    audience: Mapped[int] = mapped_column(default=0)
    """How many deliveries there are; `seq` runs from 1 to it."""
    chunks: Mapped[int] = mapped_column(default=0)
    stop_reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Chunk(Base):
    """A leased dense range of deliveries of one variant and arm."""

    __tablename__ = "chunk"
    __table_args__ = (Index("ix_chunk_state", "state", "campaign_id"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    lo: Mapped[int]
    hi: Mapped[int]
    """Inclusive."""
    variant: Mapped[str]
    arm: Mapped[str] = mapped_column(default="")
    """`A` or `B` in a test of two subjects; empty where there is none, or until the winner is chosen."""
    domain: Mapped[str] = mapped_column(default="")
    """The receiving domain, where that has a pace of its own; else empty."""
    state: Mapped[ChunkState] = mapped_column(named(ChunkState), default=ChunkState.READY)
    owner: Mapped[str | None]
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    priority: Mapped[int] = mapped_column(default=0)


class Delivery(Base):
    """One campaign to one subscriber."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("campaign_id", "subscriber_id", "occurrence"),
        # `state` is not indexed: every update would rewrite the index (22k/s against 83k/s).
        {"postgresql_with": {"fillfactor": 60}, "sqlite_with_rowid": False},
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int | None]
    """No foreign key: erasing a person empties it and the figures stay right."""
    to_address: Mapped[str]
    occurrence: Mapped[int] = mapped_column(default=0)
    """Tells several mails of one stream to one subscriber apart."""
    variant: Mapped[str] = mapped_column(default="")
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What a stream's mail needs beside its reader; of an erased reader, whether they had agreed to tracking."""
    dedupe: Mapped[str | None]
    """For a stream: refuses the same mail twice."""
    state: Mapped[DeliveryState] = mapped_column(named(DeliveryState), default=DeliveryState.PENDING)
    reason: Mapped[Exclusion | None] = mapped_column(named(Exclusion))
    attempt: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    provider_id: Mapped[str | None]
    error: Mapped[str | None]
    updated_at: Mapped[datetime]


Index(
    "uq_delivery_dedupe",
    Delivery.campaign_id,
    Delivery.dedupe,
    unique=True,
    sqlite_where=Delivery.dedupe.is_not(None),
    postgresql_where=Delivery.dedupe.is_not(None),
)
Index("ix_delivery_subscriber_id", Delivery.subscriber_id)
_IS_TO_NOBODY = text("subscriber_id IS NULL AND to_address > ''")
# Of the few that go to no reader, such as tests: without it, whose they are is asked of every copy of an erased reader.
Index(
    "ix_delivery_to_nobody",
    Delivery.subscriber_id,  # so that SQLite does not take the index of all of nobody's copies for as good
    Delivery.to_address,
    sqlite_where=_IS_TO_NOBODY,
    postgresql_where=_IS_TO_NOBODY,
)


class Link(Base):
    """A tracked target of a campaign. Numbers below `FIRST_LINK` are the pixel's and the web copy's."""

    __tablename__ = "link"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[str]
    label: Mapped[str] = mapped_column(default="")


class ScheduleKind(StrEnum):
    """What falls due."""

    CAMPAIGN = "campaign"
    """A campaign begins."""
    WINNER = "winner"
    """The winner of a campaign's A/B test is chosen."""
    PURGE = "purge"
    """What was kept long enough goes."""
    SERIES = "series"
    """A series opens its next draft."""


class Schedule(Base):
    """The due-table: what is to happen next, and when. It is the truth; schedulers only look at it."""

    __tablename__ = "schedule"
    __table_args__ = (UniqueConstraint("kind", "subject_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    kind: Mapped[ScheduleKind] = mapped_column(named(ScheduleKind))
    subject_id: Mapped[int]
    """The campaign; the series for `kind = series`, the organization for `kind = purge`."""
    next_at: Mapped[datetime | None] = mapped_column(index=True)
    cron: Mapped[str] = mapped_column(default="")
    tz: Mapped[str] = mapped_column(default="")


class ScheduleRun(Base):
    """One firing. Its primary key lets exactly one scheduler win a due minute."""

    __tablename__ = "schedule_run"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id", ondelete="CASCADE"), primary_key=True)
    fire_at: Mapped[datetime] = mapped_column(primary_key=True)
    run_at: Mapped[datetime]


class RateBucket(Base):
    """The pace of one provider account, over all senders (generic cell rate algorithm)."""

    __tablename__ = "rate_bucket"

    account: Mapped[str] = mapped_column(primary_key=True)
    tat: Mapped[datetime]
    """The theoretical arrival time: when the mails taken so far have had their time."""
    brake_until: Mapped[datetime | None]
    """Nobody sends before this: the provider asked for it, or is in trouble."""
    storms: Mapped[int] = mapped_column(default=0)
    """How many calls in a row ended in the provider's own trouble."""
    first_day: Mapped[date | None]
    """The first day of the warm-up plan."""
    day: Mapped[date | None]
    """The day that `day_mails` counts, in UTC."""
    day_mails: Mapped[int] = mapped_column(default=0)
