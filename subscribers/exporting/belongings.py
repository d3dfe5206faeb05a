"""What belongs to a page of readers: roles, tags, children, households, and what they took part in."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Row, Select, String, func, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from subscribers.grades import LAST_GRADE, PRE_KINDERGARTEN, grade_of, grade_word
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
_NONE: Sequence[str] = ()
_Children: TypeAlias = Sequence[Sequence[Any]]
"""Each who told of it, then its graduation year, band, the school year that was told in, and school."""


class Attended(NamedTuple):
    """A workshop, and the last day on which they were at it; empty where that was not told."""

    subject: str
    on: str


class Belongings:
    """Of the page read last, by the ids of its readers; of households, by theirs."""

    def __init__(self, session: Session, context: RuleContext) -> None:
        self._session = session
        self._context = context
        self._schools = {row.id: row.name for row in session.execute(select(School.id, School.name))}
        self._words: dict[tuple[Any, ...], str] = {}
        self._children: dict[int, list[Sequence[Any]]] = {}
        self.roles: dict[int, list[str]] = {}
        self.tags: dict[int, list[str]] = {}
        self.homes: dict[int, str] = {}
        self.attended: dict[int, list[Attended]] = {}
        self.interests: dict[int, list[str]] = {}

    def read(self, reader_ids: Sequence[int], household_ids: Collection[int]) -> None:
        """Take a page in the place of the last; `reader_ids` are in order."""
        self._read_words(reader_ids)
        self._read_participation(reader_ids)
        self._children = defaultdict(list)
        columns = (
            Child.subscriber_id,
            type_coerce(Child.told_by, String),
            Child.graduation_year,
            Child.band,
            Child.end_year,
            Child.school_id,
        )
        children = (
            select(*columns).where(_within(Child.subscriber_id, reader_ids)).order_by(Child.subscriber_id, Child.id)
        )
        for row in self._rows(children):
            self._children[row[0]].append(row[1:])
        self.homes = self._homes(sorted(household_ids)) if household_ids else {}

    def grades(self, reader_id: int) -> Sequence[str]:
        """The children that the reader told of, as the import reads them: `3`, `K @ Lincoln`, `high`.

        Without those who have left school, and levels that are too old to be believed.
        """
        told = self._children.get(reader_id)
        return [word for child in _each_once(told) if (word := self._word(*child[1:]))] if told else _NONE

    def school(self, school_id: int | None) -> str:
        """A school's name; empty where there is none."""
        return self._schools.get(school_id, "") if school_id else ""

    def _read_words(self, reader_ids: Sequence[int]) -> None:
        self.roles, self.tags = defaultdict(list), defaultdict(list)
        roles = select(SubscriberRole.subscriber_id, type_coerce(SubscriberRole.role, String))
        of_page = roles.where(_within(SubscriberRole.subscriber_id, reader_ids))
        for reader_id, role in self._rows(of_page.order_by(SubscriberRole.subscriber_id, SubscriberRole.role)):
            self.roles[reader_id].append(role)
        tags = select(SubscriberTag.subscriber_id, Tag.name).join(Tag, Tag.id == SubscriberTag.tag_id)
        of_page = tags.where(_within(SubscriberTag.subscriber_id, reader_ids)).order_by(
            SubscriberTag.subscriber_id, Tag.name
        )
        for reader_id, tag in self._rows(of_page):
            self.tags[reader_id].append(tag)

    def _read_participation(self, reader_ids: Sequence[int]) -> None:
        self.attended, self.interests = defaultdict(list), defaultdict(list)
        parts = select(Participation.subscriber_id, Participation.kind, Participation.subject, Participation.on_day)
        of_page = parts.where(_within(Participation.subscriber_id, reader_ids)).order_by(
            Participation.subscriber_id, Participation.kind, Participation.subject
        )
        for reader_id, kind, subject, on_day in self._rows(of_page):
            if kind is Part.INTEREST:
                self.interests[reader_id].append(subject)
            else:
                self.attended[reader_id].append(Attended(subject, _text(on_day)))

    def _homes(self, household_ids: Sequence[int]) -> dict[int, str]:
        """The names of households; one without a name that several share gets one from what only they have."""
        readers = (
            select(Subscriber.household_id, Household.key, func.count(), func.min(Subscriber.public_id))
            .join(Household, Household.id == Subscriber.household_id)
            .where(_within(Subscriber.household_id, household_ids))
            .group_by(Subscriber.household_id, Household.key)
            .having(or_(Household.key.is_not(None), func.count() > 1))
        )
        return {home_id: key or f"household {public_id}" for home_id, key, _, public_id in self._rows(readers)}

    def _rows(self, query: Select[*tuple[Any, ...]]) -> Iterable[Row[*tuple[Any, ...]]]:
        """In the order of an index that begins with the reader: else SQLite would read a whole table for each page."""
        return self._session.connection().execute(query).all()

    def _word(self, graduation_year: int | None, band: str | None, end_year: int | None, school_id: int | None) -> str:
        told = (graduation_year, band, end_year, school_id)
        if told not in self._words:
            level = self._grade(graduation_year) if graduation_year is not None else self._level(band or "", end_year)
            school = self.school(school_id)
            self._words[told] = f"{level} @ {school}" if level and school else level
        return self._words[told]

    def _grade(self, graduation_year: int) -> str:
        grade = grade_of(graduation_year, self._context.end_year)
        return grade_word(grade) if PRE_KINDERGARTEN <= grade <= LAST_GRADE else ""

    def _level(self, band: str, end_year: int | None) -> str:
        is_believed = end_year is None or end_year >= self._context.end_year - 1
        return band if is_believed and band in self._context.bands.names else ""


def _each_once(told: _Children) -> _Children:
    """Of children alike that a form and an import told of, those of whichever told of more, or of more schools."""
    if len(told) == 1 or len({child[0] for child in told}) == 1:
        return told
    alike: dict[tuple[Any, ...], dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for child in told:
        told_by, graduation_year, band, *_ = child
        alike[graduation_year, band][told_by].append(child)
    return [child for sources in alike.values() for child in max(sources.values(), key=_how_much)]


def _how_much(children: _Children) -> tuple[int, int, int]:
    schools = sum(school_id is not None for *_, school_id in children)
    return len(children), schools, max(end_year or 0 for *_, end_year, _ in children)


def _within(
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None], ids: Sequence[int]
) -> ColumnElement[bool]:
    """Whether a column is one of some ids in order; of dense ones only their ends are told."""
    first, last = ids[0], ids[-1]
    is_dense = last - first < _SPARSE * len(ids)
    return column.between(first, last) if is_dense else column.in_(ids)


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
