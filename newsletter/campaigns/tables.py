"""The table of series: what recurs, and opens the next issue's draft."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from subscribers.db import Base


class Series(Base):
    """A rule that opens the next issue's draft from the last and reminds the editor; a `Schedule` has its time."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("organization_id", "name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]
    rule: Mapped[str]
    """When, in words, such as `1st tue 09:00`."""
    time_zone: Mapped[str]
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id"))
    remind: Mapped[str] = mapped_column(default="")
    """The editor's address; empty: nobody is reminded."""
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issue.id"))
    """The last issue it opened or began with."""
    created_at: Mapped[datetime]
