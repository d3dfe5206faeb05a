"""Days, weeks and months in an organization's time zone, and which of them a moment in the database falls in."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, SQLColumnExpression, String, case, func, literal, type_coerce
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from subscribers.db import dialect_of

_MINUTE = "%Y-%m-%d %H:%M"
_MOST = 1_000
_DEFAULT_LENGTH = 12


class PeriodsInvalid(NewsletterError):
    """The report ends before it begins. Give --from a day before --to."""


class TooManyPeriods(NewsletterError):
    """These are more than 1,000 lines. Choose fewer days, or add --by month."""


class By(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    """From a Monday."""
    MONTH = "month"

    def begin_of(self, day: date) -> date:
        """The first day of the period that holds a day."""
        match self:
            case By.DAY:
                return day
            case By.WEEK:
                return day - timedelta(days=day.weekday())
            case By.MONTH:
                return day.replace(day=1)

    def after(self, begin: date, count: int = 1) -> date:
        """The first day of the period so many after the one that begins then; before it where the count is negative."""
        match self:
            case By.DAY:
                return begin + timedelta(days=count)
            case By.WEEK:
                return begin + timedelta(weeks=count)
            case By.MONTH:
                months = begin.year * 12 + begin.month - 1 + count
                return date(months // 12, months % 12 + 1, 1)


@dataclass(frozen=True)
class Periods:
    """Periods without a gap, the oldest first: each begins at midnight in the zone, and the last holds `last`."""

    by: By
    begins: tuple[date, ...]
    last: date
    zone: ZoneInfo

    @classmethod
    def between(cls, first: date | None, last: date, by: By, zone: ZoneInfo) -> "Periods":
        """Whole periods from the one of `first`, or the last twelve. Raises `PeriodsInvalid`, `TooManyPeriods`."""
        begin = by.begin_of(first) if first else by.after(by.begin_of(last), 1 - _DEFAULT_LENGTH)
        if begin > last or (first is not None and first > last):
            raise PeriodsInvalid
        begins = []
        while begin <= last:
            begins.append(begin)
            begin = by.after(begin)
            if len(begins) > _MOST:
                raise TooManyPeriods
        return cls(by, tuple(begins), last, zone)

    @property
    def ends(self) -> tuple[date, ...]:
        """The last day of each."""
        return (*(begin - timedelta(days=1) for begin in self.begins[1:]), self.last)

    @cached_property
    def moments(self) -> tuple[datetime, ...]:
        """When each begins, and when the last has ended, in UTC."""
        days = (*self.begins, self.last + timedelta(days=1))
        return tuple(datetime.combine(day, time(), self.zone).astimezone(UTC) for day in days)

    def at(self, minute: str) -> int:
        """The place of the period that holds a minute of `minute_of`; -1 before the first, their number after all."""
        return bisect_right(self._minutes, minute) - 1

    def column(self, moment: SQLColumnExpression[Any]) -> ColumnElement[int]:
        """The same in SQL: for few periods, as each is one more question a row."""
        cases = [(moment < begin, literal(at - 1)) for at, begin in enumerate(self.moments)]
        return case(*cases, else_=literal(len(self.begins)))

    @cached_property
    def _minutes(self) -> Sequence[str]:
        return [moment.strftime(_MINUTE) for moment in self.moments]


def minute_of(session: Session, moment: ColumnElement[Any]) -> ColumnElement[str]:
    """A moment's minute in UTC as text, by which rows are grouped: no zone of the world parts a minute."""
    if dialect_of(session) == "sqlite":
        return func.substr(type_coerce(moment, String), 1, 16)
    return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD HH24:MI")
