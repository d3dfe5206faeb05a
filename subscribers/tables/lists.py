"""The tables of lists and of who subscribed to them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base, named

from .people import NEVER_REUSED


class SubscriptionState(StrEnum):
    """Where a subscription stands; only `confirmed` is mailed."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class Frequency(StrEnum):
    """How often a subscriber wants a list."""

    EVERY = "every"
    MONTHLY = "monthly"


class List(Base):
    """What one subscribes to. Empty identity columns fall back to the settings."""

    __tablename__ = "list"
    __table_args__ = (UniqueConstraint("organization_id", "slug"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    slug: Mapped[str]
    name: Mapped[str]
    """Its public name in the organization's first language."""
    description: Mapped[str] = mapped_column(default="")
    names: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """Its name in other languages, by code."""
    descriptions: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    double_opt_in: Mapped[bool] = mapped_column(default=True)
    from_address: Mapped[str] = mapped_column(default="")
    reply_to: Mapped[str] = mapped_column(default="")
    postal_address: Mapped[str] = mapped_column(default="")
    theme: Mapped[str] = mapped_column(default="")
    welcome: Mapped[bool] = mapped_column(default=True)
    """Whether who joins gets a welcome mail."""
    is_public: Mapped[bool] = mapped_column(default=True)
    """Whether anybody may join by a form; a hidden one only its members see."""
    utm: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]


class Subscription(Base):
    """A subscriber's consent to one list."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index("ix_subscription_list_id_subscriber_id", "list_id", "subscriber_id"),
        # Of the few that pause, so that each tick finds those that end without reading everybody.
        Index(
            "ix_subscription_paused_until",
            "paused_until",
            sqlite_where=text("paused_until IS NOT NULL"),
            postgresql_where=text("paused_until IS NOT NULL"),
        ),
    )

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[SubscriptionState] = mapped_column(named(SubscriptionState))
    frequency: Mapped[Frequency] = mapped_column(named(Frequency), default=Frequency.EVERY)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    unsubscribed_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    """The reader wants nothing of this list before then."""
    roster_id: Mapped[int | None]
    """The `ImportRun` of the last roster that named this reader; empty for who came another way."""
    off_roster_at: Mapped[datetime | None]
    """A later roster no longer names them: they are not mailed until one does."""
