"""The tables of people, households, lists and consent. Their rules live in the modules named after them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, and_
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, named, random_id

_NEVER_REUSED = {"sqlite_autoincrement": True}


class Role(StrEnum):
    """What a subscriber is to the school community."""

    FAMILY = "family"
    EDUCATOR = "educator"
    ORGANIZATION = "organization"


class SubscriptionState(StrEnum):
    """Where a subscription stands; only `confirmed` is mailed."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class Frequency(StrEnum):
    """How often a subscriber wants a list."""

    EVERY = "every"
    MONTHLY = "monthly"


class Purpose(StrEnum):
    """What a consent is for."""

    LIST = "list"
    TRACKING = "tracking"


class SuppressionReason(StrEnum):
    """Why an address is never mailed again."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    REQUEST = "request"
    IMPORT = "import"
    STAFF = "staff"


class Told(StrEnum):
    """Who told us of a child: an import replaces only what imports told."""

    FAMILY = "family"
    IMPORT = "import"


class Organization(Base):
    """The owner of everything else. One row today; every table that belongs to it carries its id."""

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    salt: Mapped[str]
    """Keys the address hashes, so that a copied suppression list names nobody."""
    created_at: Mapped[datetime]


class Household(Base):
    """The people who share children. `key` is the name an import gave it."""

    __tablename__ = "household"
    __table_args__ = (UniqueConstraint("organization_id", "key"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    key: Mapped[str | None]
    created_at: Mapped[datetime]


class Subscriber(Base):
    """A person's address and what they told us."""

    __tablename__ = "subscriber"
    __table_args__ = (
        UniqueConstraint("organization_id", "address_key"),
        UniqueConstraint("public_id"),
        Index("ix_subscriber_address_hash", "address_hash"),
        Index("ix_subscriber_household_id", "household_id"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    public_id: Mapped[str] = mapped_column(default=random_id)
    address: Mapped[str]
    """As it is mailed: the local part as typed, the domain lower-case and in its ASCII form."""
    address_key: Mapped[str]
    """What makes two addresses the same reader; see `subscribers.addresses`."""
    address_hash: Mapped[str]
    """Keyed hash of `address_key`; joins suppressions, which hold no address."""
    name: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    time_zone: Mapped[str] = mapped_column(default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"))
    tracking: Mapped[bool] = mapped_column(default=False)
    """Whether the last consent record for tracking says yes."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SubscriberRole(Base):
    """One role of a subscriber."""

    __tablename__ = "subscriber_role"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Role] = mapped_column(named(Role), primary_key=True)


class Tag(Base):
    """A word staff or an import put on subscribers."""

    __tablename__ = "tag"
    __table_args__ = (UniqueConstraint("organization_id", "name"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]


class SubscriberTag(Base):
    """A tag on a subscriber."""

    __tablename__ = "subscriber_tag"
    __table_args__ = (Index("ix_subscriber_tag_tag_id", "tag_id"),)

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True)


class Child(Base):
    """A child of a household: a graduation year, or only a level; never a name or a birth date."""

    __tablename__ = "child"
    __table_args__ = (
        # All that is asked of a child, so that a snapshot reads a million of them from the index alone.
        Index("ix_child_household_id", "household_id", "graduation_year", "band", "end_year"),
        Index("ix_child_subscriber_id", "subscriber_id"),
        CheckConstraint("(graduation_year IS NULL) <> (band IS NULL)", name="year_or_band"),
        _NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    """The reader who told us."""
    told_by: Mapped[Told] = mapped_column(named(Told))
    graduation_year: Mapped[int | None]
    band: Mapped[str | None] = mapped_column(String(20))
    end_year: Mapped[int | None]
    """For a level-only child, the school year (by its end) in which the level was told."""
    created_at: Mapped[datetime]


class List(Base):
    """What one subscribes to. Empty identity columns fall back to the settings."""

    __tablename__ = "list"
    __table_args__ = (UniqueConstraint("organization_id", "slug"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    slug: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    double_opt_in: Mapped[bool] = mapped_column(default=True)
    from_address: Mapped[str] = mapped_column(default="")
    reply_to: Mapped[str] = mapped_column(default="")
    postal_address: Mapped[str] = mapped_column(default="")
    theme: Mapped[str] = mapped_column(default="")
    utm: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]


class Subscription(Base):
    """A subscriber's consent to one list."""

    __tablename__ = "subscription"
    __table_args__ = (Index("ix_subscription_list_id_subscriber_id", "list_id", "subscriber_id"),)

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[SubscriptionState] = mapped_column(named(SubscriptionState))
    frequency: Mapped[Frequency] = mapped_column(named(Frequency), default=Frequency.EVERY)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    unsubscribed_at: Mapped[datetime | None]


class ConsentRecord(Base):
    """One yes or no, never changed afterwards: to what wording, when, where and how."""

    __tablename__ = "consent_record"
    __table_args__ = (Index("ix_consent_record_subscriber_id", "subscriber_id"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    subscriber_id: Mapped[int | None]
    """No foreign key: the record outlives an erased person, without them."""
    list_id: Mapped[int | None] = mapped_column(ForeignKey("list.id", ondelete="SET NULL"))
    purpose: Mapped[Purpose] = mapped_column(named(Purpose))
    given: Mapped[bool]
    wording: Mapped[str]
    wording_version: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    source: Mapped[str]
    network_address: Mapped[str] = mapped_column(default="")
    user_agent: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]


class Suppression(Base):
    """An address never to be mailed again, on one list or on all; it wins over every subscription."""

    __tablename__ = "suppression"
    __table_args__ = (Index("ix_suppression_address_hash", "address_hash"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    address_hash: Mapped[str]
    list_id: Mapped[int | None] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"))
    """Empty: every list."""
    reason: Mapped[SuppressionReason] = mapped_column(named(SuppressionReason))
    detail: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


_ACTIVE_EVERYWHERE = and_(Suppression.lifted_at.is_(None), Suppression.list_id.is_(None))
_ACTIVE_ON_A_LIST = and_(Suppression.lifted_at.is_(None), Suppression.list_id.is_not(None))
Index(
    "uq_suppression_everywhere",
    Suppression.organization_id,
    Suppression.address_hash,
    unique=True,
    sqlite_where=_ACTIVE_EVERYWHERE,
    postgresql_where=_ACTIVE_EVERYWHERE,
)
Index(
    "uq_suppression_on_a_list",
    Suppression.organization_id,
    Suppression.address_hash,
    Suppression.list_id,
    unique=True,
    sqlite_where=_ACTIVE_ON_A_LIST,
    postgresql_where=_ACTIVE_ON_A_LIST,
)


class Segment(Base):
    """A rule with a name."""

    __tablename__ = "segment"
    __table_args__ = (UniqueConstraint("organization_id", "name"), _NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]
    rule: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
