"""The tables of what people agreed to, and of who is never mailed."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, and_, false
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base, named

from .people import NEVER_REUSED


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


class ConsentRecord(Base):
    """One yes or no, never changed afterwards: to what wording, when, where and how."""

    __tablename__ = "consent_record"
    __table_args__ = (Index("ix_consent_record_subscriber_id", "subscriber_id"), NEVER_REUSED)

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
    __table_args__ = (Index("ix_suppression_address_hash", "address_hash"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    address_hash: Mapped[str]
    list_id: Mapped[int | None] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"))
    """Empty: every list."""
    reason: Mapped[SuppressionReason] = mapped_column(named(SuppressionReason))
    detail: Mapped[str] = mapped_column(default="")
    grounds: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """The copies that came back, or the one that was reported: campaign, time, status, reason, the server's words."""
    is_counted: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether it rests on a count of refusals for now: then a delivery in between that is told late undoes it."""
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
