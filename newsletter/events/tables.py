"""The tables of what came back: raw facts, and the counters that hold no person."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base, named


class EventKind(StrEnum):
    """Our one vocabulary for what can happen to a copy."""

    ACCEPTED = "accepted"
    """The provider says that it took the copy; kept as the delivery's state, not as a row."""
    REJECTED = "rejected"
    """The provider says, after it took the copy, that it will not send it."""
    REFUSED = "refused"
    """The next mail server refused the copy for its address, as it was handed over; the delivery is rejected."""
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    OPEN = "open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"


class Actor(StrEnum):
    """Who made a request, as far as its signals tell."""

    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"
    """One sign of a machine: too little to say so, and too much to call it a person."""


class Event(Base):
    """A raw fact about one delivery. Opens and clicks are kept only of readers who agreed to tracking."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_event_campaign_id_kind_seq", "campaign_id", "kind", "seq"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    provider: Mapped[str]
    """Who said so: `web` for our own pixel and redirects."""
    event_id: Mapped[str]
    kind: Mapped[EventKind] = mapped_column(named(EventKind))
    campaign_id: Mapped[int]
    seq: Mapped[int]
    link_no: Mapped[int | None]
    actor: Mapped[Actor] = mapped_column(named(Actor), default=Actor.HUMAN)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]


PROVEN = Event.detail["unproven"].as_boolean().is_not(True)
"""An event that anybody may have written is kept to be shown, and is in no figure."""
UNCOUNTED = EventKind.REFUSED
"""The one kind whose copies are counted by their state alone, so that no sender waits for another's counter."""


class Reached(Base):
    """A copy that something happened to, once: what makes counting copies a matter of the first time."""

    __tablename__ = "reached"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own declarative hook

    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[EventKind] = mapped_column(named(EventKind), primary_key=True)
    link_no: Mapped[int] = mapped_column(primary_key=True)
    """0: the copy as a whole."""
    actor: Mapped[Actor] = mapped_column(named(Actor), primary_key=True)


class CampaignReach(Base):
    """How many copies of a campaign are in `Reached`, so that no report counts them."""

    __tablename__ = "campaign_reach"

    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[EventKind] = mapped_column(named(EventKind), primary_key=True)
    link_no: Mapped[int] = mapped_column(primary_key=True)
    actor: Mapped[Actor] = mapped_column(named(Actor), primary_key=True)
    copies: Mapped[int]


class CampaignStat(Base):
    """A counter: requests of one kind, link, hour and actor. Nothing about a reader is in it."""

    __tablename__ = "campaign_stat"

    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    arm: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[EventKind] = mapped_column(named(EventKind), primary_key=True)
    link_no: Mapped[int] = mapped_column(primary_key=True)
    """0 where no link is meant."""
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    actor: Mapped[Actor] = mapped_column(named(Actor), primary_key=True)
    count: Mapped[int]


class Recorded(Base):
    """How many of a recorder's groups are written: see `positions`. Gone when the recorder has ended well."""

    __tablename__ = "recorded"

    recorder: Mapped[str] = mapped_column(primary_key=True)
    groups: Mapped[int] = mapped_column(BigInteger)
    groups_before: Mapped[int] = mapped_column(BigInteger)
    """How many were before the last transaction that wrote some."""


class Reply(Base):
    """A letter that a person wrote to us, for as long as it is passed on."""

    __tablename__ = "reply"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own declarative hook

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    digest: Mapped[str] = mapped_column(unique=True)
    """The same for the same letter, however often it comes."""
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"))
    """Of the mail that it answers, or in whose name it is passed on."""
    from_name: Mapped[str]
    from_address: Mapped[str]
    from_key: Mapped[str] = mapped_column(index=True)
    """By which an address is the same."""
    subject: Mapped[str]
    text: Mapped[str]
    files: Mapped[list[str]] = mapped_column(JSON)
    """The names of what was attached; no more of it is kept."""
    received_at: Mapped[datetime] = mapped_column(index=True)
