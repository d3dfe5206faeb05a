"""Households: the children of a family, as graduation years or, where only that was told, as levels."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import retelling, schools
from .grades import LAST_GRADE, Bands, GradeInvalid, RollOver, grade_of, grade_word, graduation_year_of, parse_grade
from .retelling import ChildTold
from .tables import Child, Household, Subscriber, Told

__all__ = [
    "ChildTold",
    "add_children",
    "band_of",
    "bands_of",
    "children_of",
    "describe",
    "describe_all",
    "each_once",
    "home_of",
    "parse_children",
    "set_children",
]


class Known(Protocol):
    """What tells children apart: a `Child`, or a row with its columns."""

    id: Any
    subscriber_id: Any
    told_by: Any
    graduation_year: Any
    band: Any
    end_year: Any
    school_id: Any


_Known = TypeVar("_Known", bound=Known)
_NONE = frozenset({"", "-", "n/a", "none"})
"""What a cell says of a family without a child in school."""


def parse_children(text: str, day: date, roll_over: RollOver, bands: Bands) -> tuple[ChildTold, ...]:
    """Read `K;3;9` or `elementary;high`, as told on `day`; twice the same is two children.

    A school may follow each: `3 @ Maple Elementary;9 @ Lincoln High`. Raises `GradeInvalid` or `SchoolInvalid`.
    """
    end_year = roll_over.end_year(day)
    words = (part if "@" in part else part.replace(",", ";") for part in text.split(";"))
    children = [word.strip() for word in ";".join(words).split(";")]
    return tuple(_parse_child(child, end_year, bands) for child in children if child.casefold() not in _NONE)


def set_children(
    session: Session, subscriber: Subscriber, children: Iterable[ChildTold], told_by: Told, now: datetime
) -> None:
    """Replace what this reader told through this source. The same again changes nothing; see `retelling`."""
    session.flush()
    session.refresh(subscriber, with_for_update=True)  # two forms at once must not add the same children twice
    told = list(children)
    school_ids = schools.ids_of(session, subscriber.organization_id, {child.school for child in told if child.school})
    before = select(Child).where(Child.subscriber_id == subscriber.id, Child.told_by == told_by).order_by(Child.id)
    found = retelling.compare(told, session.scalars(before).all(), school_ids)
    for child, again in found.again:
        retelling.take(child, again, school_ids)
    for child in found.gone:
        session.delete(child)
    add_children(session, subscriber, found.new, told_by, now)


def add_children(
    session: Session, subscriber: Subscriber, children: Sequence[ChildTold], told_by: Told, now: datetime
) -> None:
    """Add children to those the reader told of through this source; the first makes the household."""
    if not children:
        session.flush()
        return
    household_id = home_of(session, subscriber, now)
    school_ids = schools.ids_of(session, subscriber.organization_id, {told.school for told in children if told.school})
    session.add_all(
        Child(
            household_id=household_id,
            subscriber_id=subscriber.id,
            told_by=told_by,
            graduation_year=told.graduation_year,
            band=told.band,
            end_year=told.end_year,
            school_id=school_ids.get(told.school),
            created_at=now,
        )
        for told in children
    )
    session.flush()


def children_of(session: Session, subscriber: Subscriber) -> list[Child]:
    """The children of the reader's household, each once."""
    if subscriber.household_id is None:
        return []
    return each_once(session.scalars(select(Child).where(Child.household_id == subscriber.household_id)))


def each_once(told: Iterable[_Known]) -> list[_Known]:
    """The children of one household, each once, in the order of their ids.

    Two guardians, or a form and an import, may tell of the same child: of children with the same graduation year or
    level, as many are kept as one reader told through one source, those told last first, and with a school rather
    than without.
    """
    told_of: Counter[tuple[Any, ...]] = Counter()
    kept: Counter[tuple[Any, ...]] = Counter()
    children = []
    for child in sorted(told, key=lambda child: (-(child.end_year or 0), child.school_id is None, child.id)):
        alike = (child.graduation_year, child.band)
        source = (child.subscriber_id, child.told_by, *alike)
        told_of[source] += 1
        if told_of[source] > kept[alike]:
            kept[alike] += 1
            children.append(child)
    return sorted(children, key=lambda child: child.id)


def bands_of(children: Sequence[Child], day: date, roll_over: RollOver, bands: Bands) -> frozenset[str]:
    """The bands in which the family has a child on that day."""
    end_year = roll_over.end_year(day)
    found = (band_of(child, end_year, bands) for child in children)
    return frozenset(band for band in found if band is not None)


def band_of(child: Child | ChildTold, end_year: int, bands: Bands) -> str | None:
    """The band of a child in a school year; None for who is in none of them.

    A level is believed in the school year it was told in and one more; without a year it is always believed.
    """
    if child.graduation_year is not None:
        band = bands.of_grade(grade_of(child.graduation_year, end_year))
        return band.name if band else None
    is_believed = child.end_year is None or child.end_year >= end_year - 1
    return child.band if is_believed and child.band in bands.names else None


def describe(child: Child, day: date, roll_over: RollOver, bands: Bands, school: str = "") -> dict[str, Any]:
    """A child as staff see it, ready for JSON; `school` is the name of its school."""
    end_year = roll_over.end_year(day)
    year = child.graduation_year
    return {
        "grade": None if year is None else _grade_word(year, end_year),
        "graduation_year": year,
        "told_year": child.told_year,
        "told_grade": None if child.told_year is None else _grade_word(child.told_year, end_year),
        "exception": _exception(child),
        "band": band_of(child, end_year, bands),
        "school": school,
        "left": year is not None and grade_of(year, end_year) > LAST_GRADE,
        "stale": child.band is not None and child.end_year is not None and child.end_year < end_year,
        "mark": child.mark.value if child.mark else None,
        "told_by": child.told_by.value,
    }


def describe_all(
    session: Session, children: Sequence[Child], day: date, roll_over: RollOver, bands: Bands
) -> list[dict[str, Any]]:
    """Children as staff see them, with their schools."""
    names = schools.names_of(session, [child.school_id for child in children])
    return [describe(child, day, roll_over, bands, names[child.school_id]) for child in children]


def home_of(session: Session, subscriber: Subscriber, now: datetime) -> int:
    """The id of the reader's household, made where they have none."""
    if subscriber.household_id is None:
        household = Household(organization_id=subscriber.organization_id, created_at=now)
        session.add(household)
        session.flush()
        subscriber.household_id = household.id
    return subscriber.household_id


def _parse_child(text: str, end_year: int, bands: Bands) -> ChildTold:
    word, at, school = text.partition("@")
    grade, name = word.strip(), schools.parse_school(school) if at else ""
    if grade.lower() in bands.names:
        return ChildTold(band=grade.lower(), end_year=end_year, school=name)
    try:
        return ChildTold(graduation_year=graduation_year_of(parse_grade(grade), end_year), school=name)
    except GradeInvalid as error:
        raise GradeInvalid(f"{grade!r} is not a grade: use PK, K, 1 to 12, or {', '.join(bands.names)}.") from error


def _grade_word(graduation_year: int, end_year: int) -> str | None:
    """The grade as people write it; None for who has left school."""
    grade = grade_of(graduation_year, end_year)
    return grade_word(grade) if grade <= LAST_GRADE else None


def _exception(child: Child) -> str | None:
    """Why what holds is not what was told."""
    if child.told_year is None or child.graduation_year is None:
        return None
    return "repeats" if child.graduation_year > child.told_year else "moved away"
