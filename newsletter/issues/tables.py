"""The tables of issues, their revisions, their media, and the sections that others are asked for."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base, named, random_id


class Issue(Base):
    """One edition; its content is its newest revision."""

    __tablename__ = "issue"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own declarative hook

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    month: Mapped[str]
    """`YYYY-MM`. Two issues may share a month: a special edition is one more."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Revision(Base):
    """A saved state of an issue's document; never changed afterwards."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("issue_id", "no"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    no: Mapped[int]
    document: Mapped[str]
    """The Markdown document, byte for byte as it was imported or saved."""
    digest: Mapped[str]
    author: Mapped[str]
    created_at: Mapped[datetime]
    bound_from_id: Mapped[int | None]
    """The revision that this one is, with what that refers to written in, for a campaign; None: a person saved it."""


class Media(Base):
    """A stored picture or attachment, kept once by its digest; the bytes lie where NEWSLETTER_MEDIA says."""

    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("organization_id", "digest"),
        UniqueConstraint("organization_id", "name"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    digest: Mapped[str]
    """Of the bytes as they are stored: SHA-256, in hexadecimal."""
    source_digest: Mapped[str]
    """Of the file as it came, by which the same file again is known."""
    name: Mapped[str]
    """What a document calls it: `media:NAME`."""
    extension: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int]
    width: Mapped[int | None]
    """In pixels; None for what is no picture."""
    height: Mapped[int | None]
    created_at: Mapped[datetime]


class SignOff(Base):
    """Somebody said that an issue may go out in a language, as its texts then were; kept when they change."""

    __tablename__ = "sign_off"
    __table_args__ = (Index("ix_sign_off_issue_id_language", "issue_id", "language"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"))
    language: Mapped[str]
    digest: Mapped[str]
    """Of everything that the issue says in the language, and of its originals."""
    signed_by: Mapped[str]
    signed_at: Mapped[datetime]


class SubmissionState(StrEnum):
    """Where a section that somebody was asked for stands."""

    OPEN = "open"
    """Asked for; nothing came yet."""
    SUBMITTED = "submitted"
    """A text came; it may be changed until the deadline."""
    MERGED = "merged"
    """The editor took it into the issue."""
    DECLINED = "declined"
    """It is not wanted any more."""


class Submission(Base):
    """A section of an issue that somebody outside was asked to write, and what they wrote."""

    __tablename__ = "submission"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own declarative hook

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=random_id)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issue.id", ondelete="CASCADE"), index=True)
    section_key: Mapped[str]
    kind: Mapped[str]
    """Of the section, where it is new to the issue."""
    language: Mapped[str]
    asked_name: Mapped[str]
    asked_address: Mapped[str]
    """As it is mailed; empty once its owner was erased."""
    note: Mapped[str]
    """What is asked for, in the editor's words."""
    due_at: Mapped[datetime]
    """The moment from which nothing is taken any more."""
    state: Mapped[SubmissionState] = mapped_column(named(SubmissionState), default=SubmissionState.OPEN)
    text: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
