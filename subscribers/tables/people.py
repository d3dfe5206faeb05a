"""The tables of people and the households they live in."""

from datetime import date, datetime
from enum import IntFlag, StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base, named, random_id

NEVER_REUSED = {"sqlite_autoincrement": True}
"""Ids stand in links and figures: SQLite must not give one to somebody else."""


class Role(StrEnum):
    """What a subscriber is to the school community."""

    FAMILY = "family"
    EDUCATOR = "educator"
    ORGANIZATION = "organization"


class Told(StrEnum):
    """Who told us of a child: an import replaces only what imports told."""

    FAMILY = "family"
    IMPORT = "import"


class Part(StrEnum):
    """What a subscriber had to do with a subject."""

    ATTENDED = "attended"
    """They were at this workshop."""
    INTEREST = "interest"
    """They asked about it, or would host it."""


class ChildMark(StrEnum):
    """What the last roll-over found about a child; it may be run some weeks before its day."""

    LEFT = "left"
    """The child leaves, or has left, with the school year that begins: it is past the last grade then."""
    STALE = "stale"
    """Only a level was told, and in an earlier school year."""


class OwnField(IntFlag):
    """What a reader wrote about themselves; no import replaces it."""

    NAME = 1
    LANGUAGE = 2
    TIME_ZONE = 4
    PLACE = 8


class Organization(Base):
    """The owner of everything else. One row today; every table that belongs to it carries its id."""

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    salt: Mapped[str]
    """Keys the address hashes, so that a copied suppression list names nobody."""
    created_at: Mapped[datetime]


class School(Base):
    """A school by the name that imports and staff give it."""

    __tablename__ = "school"
    __table_args__ = (UniqueConstraint("organization_id", "name"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]


class Household(Base):
    """The people who share children. `key` is the name an import gave it."""

    __tablename__ = "household"
    __table_args__ = (UniqueConstraint("organization_id", "key"), NEVER_REUSED)

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
        # All that a question about children needs of a reader: of a million, a count reads this and not the people.
        Index("ix_subscriber_household_id", "household_id", "id", "organization_id"),
        NEVER_REUSED,
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
    place: Mapped[str] = mapped_column(default="")
    """A town or postal code, as it was told."""
    school_id: Mapped[int | None]
    """Where an educator works; children have schools of their own. No foreign key: schools are never removed."""
    own_fields: Mapped[int] = mapped_column(default=0)
    """An `OwnField`: what the reader wrote themself."""
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
    __table_args__ = (UniqueConstraint("organization_id", "name"), NEVER_REUSED)

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
        Index("ix_child_household_id", "household_id", "graduation_year", "band", "end_year", "school_id"),
        Index("ix_child_subscriber_id", "subscriber_id"),
        CheckConstraint("(graduation_year IS NULL) <> (band IS NULL)", name="year_or_band"),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    """The reader who told us."""
    told_by: Mapped[Told] = mapped_column(named(Told))
    graduation_year: Mapped[int | None]
    band: Mapped[str | None] = mapped_column(String(20))
    told_year: Mapped[int | None]
    """The graduation year that was told, where an exception changed it: a repeated grade, or a child who moved away."""
    end_year: Mapped[int | None]
    """For a level-only child, the school year (by its end) in which the level was told."""
    school_id: Mapped[int | None]
    mark: Mapped[ChildMark | None] = mapped_column(named(ChildMark))
    """What the last roll-over found; see `subscribers.rollovers`."""
    created_at: Mapped[datetime]


class Participation(Base):
    """A subject that a subscriber took part in or asked about; of the same subject only the last day is kept."""

    __tablename__ = "participation"
    __table_args__ = (Index("ix_participation_kind_subject", "kind", "subject"),)

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[Part] = mapped_column(named(Part), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    """The workshop attended, or what they are interested in."""
    on_day: Mapped[date | None]
    """When, where that was told."""
