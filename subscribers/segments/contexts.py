"""What rules are read against: a day and its school year, and a person where there is no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from subscribers.grades import Bands, RollOver

if TYPE_CHECKING:
    from .questions import Field


@dataclass(frozen=True, slots=True)
class RuleContext:
    """Whose subscribers a rule chooses from, on which day, and what it can ask about them."""

    organization_id: int
    day: date
    roll_over: RollOver
    bands: Bands
    time_zone: str = "UTC"
    """In which days begin and end."""
    more_fields: tuple["Field", ...] = ()
    """What higher floors know of subscribers."""

    @property
    def end_year(self) -> int:
        """The school year, by its end."""
        return self.roll_over.end_year(self.day)

    def begin_of(self, day: date) -> datetime:
        """The moment at which a day begins here."""
        return datetime.combine(day, time(), ZoneInfo(self.time_zone)).astimezone(UTC)

    def last_days(self, count: int) -> tuple[date, date]:
        """The first and the last of so many days that end with this context's own."""
        return self.day - timedelta(days=count - 1), self.day


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber as rules see them."""

    bands: frozenset[str] = frozenset()
    grades: frozenset[int] = frozenset()
    schools: frozenset[str] = frozenset()
    language: str = ""
    roles: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    """The slugs of the lists to which the subscription is confirmed."""
    time_zone: str = ""
    place: str = ""
    joined: date = date.min
    """The organization's day on which we first knew the address."""
    tracking: bool = False
    interests: frozenset[str] = frozenset()
    attended: Mapping[str, date | None] = field(default_factory=dict)
    """The last day of each subject, where that is known."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    happened: Mapping[str, frozenset[tuple[int, date]]] = field(default_factory=dict)
    """By the name of a higher floor's field: the campaigns, each with the organization's day."""
