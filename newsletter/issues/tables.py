"""The tables of issues, their revisions and their media."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base


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


class Media(Base):
    """A stored picture or attachment, kept once by its digest; the bytes lie in the media folder."""

    __tablename__ = "media"
    __table_args__ = (UniqueConstraint("organization_id", "digest"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    digest: Mapped[str]
    name: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int]
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
