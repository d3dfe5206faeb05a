"""The tables of what staff and imports did, and of what guards the sign-up."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base, named

from .people import NEVER_REUSED


class SignUpKind(StrEnum):
    """What sign-ups are counted by."""

    ADDRESS = "address"
    """The address with plus-tags and dots folded."""
    NETWORK = "network"
    DOMAIN = "domain"
    ALL = "all"
    SOLUTION = "solution"
    """One solved proof of work, or one waited-for ticket: each counts once."""


class Segment(Base):
    """A rule with a name."""

    __tablename__ = "segment"
    __table_args__ = (UniqueConstraint("organization_id", "name"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]
    rule: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ImportRun(Base):
    """One import of one file: how far it came, so that a killed one goes on, and what it did."""

    __tablename__ = "import_run"
    __table_args__ = (Index("ix_import_run_list_id_fingerprint", "list_id", "fingerprint"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"))
    fingerprint: Mapped[str]
    """Of the file's bytes and of the options that change what it means."""
    is_roster: Mapped[bool] = mapped_column(default=False)
    """Whether who is missing from the file has left."""
    lines: Mapped[int] = mapped_column(default=0)
    """How many records are done."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class SignUpCount(Base):
    """How often something signed up in a window of time. The key is a keyed hash: no address, no network is kept."""

    __tablename__ = "sign_up_count"
    __table_args__ = (Index("ix_sign_up_count_ends_at", "ends_at"),)

    kind: Mapped[SignUpKind] = mapped_column(named(SignUpKind), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(primary_key=True)
    """The end of the window; afterwards the row says nothing more and is purged."""
    count: Mapped[int] = mapped_column(default=0)


class RollOverRun(Base):
    """One school year's roll-over: families are asked once."""

    __tablename__ = "roll_over_run"

    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    end_year: Mapped[int] = mapped_column(primary_key=True)
    """The school year that begins, by its end."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    ran_at: Mapped[datetime]
