"""What belongs to a page of readers: roles, tags, children, households, and what they took part in.

The database packs all that one reader has into one text, and many readers have the same: each is unpacked once.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, String, cast, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from subscribers.db import dialect_of
from subscribers.grades import LAST_GRADE, PRE_KINDERGARTEN, grade_of, grade_word
from subscribers.households import each_once
from subscribers.segments.rules import RuleContext
from subscribers.tables import (
    Child,
    Household,
    Part,
    Participation,
    School,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Tag,
)

_SPARSE = 4
"""Ids that lie further apart than this on average are asked for one by one."""
_ITEM, _PART = "\x1f", "\x1e"
"""What stands between the packed items, and the parts of one; no text of ours holds a control character."""
_MOST_KEPT = 100_000
_Ids: TypeAlias = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]


class Attended(NamedTuple):
    """A workshop, and the last day on which they were at it; empty where that was not told."""

    subject: str
    on: str


class Parts(NamedTuple):
    """What a reader took part in."""

    attended: Sequence[Attended] = ()
    interests: Sequence[str] = ()


@dataclass(slots=True)
class _Told:
    """A child of one reader; its id is its place among theirs."""

    id: int
    told_by: str
    graduation_year: int | None
    band: str
    end_year: int | None
    school_id: int | None
    subscriber_id: int = 0

    @classmethod
    def parse(cls, number: int, parts: Sequence[str]) -> "_Told":
        """Read the parts of a packed child."""
        told_by, graduation_year, band, end_year, school_id = parts
        year, told_in, school = (int(part) if part else None for part in (graduation_year, end_year, school_id))
        return cls(number, told_by, year, band, told_in, school)


class Belongings:
    """Of the page read last, by the ids of its readers; of households, by theirs."""

    def __init__(self, session: Session, context: RuleContext) -> None:
        self._session = session
        self._context = context
        self._schools = {row.id: row.name for row in session.execute(select(School.id, School.name))}
        self._grades = _Unpacked(self._read_grades)
        self._words = _Unpacked(lambda packed: tuple(sorted(packed.split(_ITEM))))
        self._parts = _Unpacked(_read_parts)
        self.roles: Mapping[int, Sequence[str]] = {}
        self.tags: Mapping[int, Sequence[str]] = {}
        self.parts: Mapping[int, Parts] = {}
        self.grades: Mapping[int, Sequence[str]] = {}
        """The children that the reader told of, as the import reads them: `3`, `K @ Lincoln`, `high`. Without those who
        have left school, and levels that are too old to be believed."""
        self.homes: Mapping[int | None, str] = {}

    def read(self, reader_ids: Sequence[int], household_ids: Collection[int]) -> None:
        """Take a page in the place of the last; `reader_ids` are in order."""
        self.roles = self._of(reader_ids, self._words, SubscriberRole.subscriber_id, SubscriberRole.role)
        self.tags = self._of(reader_ids, self._words, SubscriberTag.subscriber_id, _tag_name())
        took_part = (Participation.kind, Participation.subject, Participation.on_day)
        self.parts = self._of(reader_ids, self._parts, Participation.subscriber_id, *took_part)
        told = (Child.told_by, Child.graduation_year, Child.band, Child.end_year, Child.school_id)
        self.grades = self._of(reader_ids, self._grades, Child.subscriber_id, *told)
        self.homes = self._homes(sorted(household_ids)) if household_ids else {}

    def school(self, school_id: int | None) -> str:
        """A school's name; empty where there is none."""
        return self._schools.get(school_id, "") if school_id else ""

    def _of(self, reader_ids: Sequence[int], unpacked: "_Unpacked", reader: _Ids, *parts: Any) -> dict[int, Any]:
        aggregate = func.group_concat if dialect_of(self._session) == "sqlite" else func.string_agg
        packed = aggregate(_joined(parts), literal(_ITEM))
        query = select(reader, packed).where(_within(reader, reader_ids)).group_by(reader)
        return {reader_id: unpacked[text] for reader_id, text in self._session.connection().execute(query).all()}

    def _homes(self, household_ids: Sequence[int]) -> dict[int | None, str]:
        """The names of households; one without a name that several share gets one from what only they have."""
        readers = (
            select(Subscriber.household_id, Household.key, func.min(Subscriber.public_id))
            .join(Household, Household.id == Subscriber.household_id)
            .where(_within(Subscriber.household_id, household_ids))
            .group_by(Subscriber.household_id, Household.key)
            .having(or_(Household.key.is_not(None), func.count() > 1))
        )
        found = self._session.connection().execute(readers)
        return {home_id: key or f"household {public_id}" for home_id, key, public_id in found}

    def _read_grades(self, packed: str) -> Sequence[str]:
        told = sorted((item.split(_PART) for item in packed.split(_ITEM)), key=_youngest_first)
        children = [_Told.parse(number, parts) for number, parts in enumerate(told)]
        return [word for child in each_once(children) if (word := self._word(child))]

    def _word(self, child: "_Told") -> str:
        level = self._level(child) if child.graduation_year is None else self._grade(child.graduation_year)
        school = self.school(child.school_id)
        return f"{level} @ {school}" if level and school else level

    def _grade(self, graduation_year: int) -> str:
        grade = grade_of(graduation_year, self._context.end_year)
        return grade_word(grade) if PRE_KINDERGARTEN <= grade <= LAST_GRADE else ""

    def _level(self, child: "_Told") -> str:
        is_believed = child.end_year is None or child.end_year >= self._context.end_year - 1
        return child.band if is_believed and child.band in self._context.bands.names else ""


class _Unpacked(dict[str, Any]):
    """What packed texts say, each read once; forgotten where there are too many."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read

    def __missing__(self, packed: str) -> Any:
        if len(self) >= _MOST_KEPT:
            self.clear()
        found = self[packed] = self._read(packed)
        return found


def _youngest_first(child: Sequence[str]) -> tuple[bool, int, Sequence[str]]:
    """Those of whom only a level is known come last."""
    _, graduation_year, *_ = child
    return not graduation_year, -int(graduation_year or 0), child


def _read_parts(packed: str) -> Parts:
    items = sorted(item.split(_PART) for item in packed.split(_ITEM))
    attended = tuple(Attended(subject, on) for kind, subject, on in items if kind == Part.ATTENDED)
    return Parts(attended, tuple(subject for kind, subject, _ in items if kind == Part.INTEREST))


def _joined(parts: Sequence[Any]) -> ColumnElement[str]:
    first, *others = (func.coalesce(cast(part, String), "") for part in parts)
    text: ColumnElement[str] = first
    for other in others:
        text = text + literal(_PART) + other
    return text


def _tag_name() -> Any:
    return select(Tag.name).where(Tag.id == SubscriberTag.tag_id).scalar_subquery()


def _within(column: _Ids, ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column is one of some ids in order; of dense ones only their ends are told."""
    first, last = ids[0], ids[-1]
    is_dense = last - first < _SPARSE * len(ids)
    return column.between(first, last) if is_dense else column.in_(ids)
