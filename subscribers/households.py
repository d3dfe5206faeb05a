"""Households: the children of a family, as graduation years or, where only that was told, as levels."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import schools
from .grades import LAST_GRADE, Bands, GradeInvalid, RollOver, grade_of, grade_word, graduation_year_of, parse_grade
from .retelling import ChildTold
from .tables import Child, Household, Subscriber, Told

__all__ = ["ChildTold", "bands_of", "children_of", "describe", "parse_children", "set_children"]


def parse_children(text: str, day: date, roll_over: RollOver, bands: Bands) -> tuple[ChildTold, ...]:
    """Read `K;3;9` or `elementary;high`, as told on `day`; twice the same is two children.

    A school may follow each: `3 @ Maple Elementary;9 @ Lincoln High`. Raises `GradeInvalid` or `SchoolInvalid`.
    """
    end_year = roll_over.end_year(day)
    words = (part if "@" in part else part.replace(",", ";") for part in text.split(";"))
    children = [word.strip() for word in ";".join(words).split(";")]
    return tuple(_parse_child(child, end_year, bands) for child in children if child)


def set_children(
    session: Session, subscriber: Subscriber, children: Iterable[ChildTold], told_by: Told, now: datetime
) -> None:
    """Replace what this reader told through this source. The same again changes nothing."""
    session.flush()
    session.refresh(subscriber, with_for_update=True)  # two forms at once must not add the same children twice
    wanted = Counter(children)
    present = session.scalars(
        select(Child).where(Child.subscriber_id == subscriber.id, Child.told_by == told_by).order_by(Child.id)
    ).all()
    for child in present:
        told = _told(child)
        if wanted[told]:
            wanted[told] -= 1
        else:
            session.delete(child)
    household_id = _household_of(session, subscriber, now) if +wanted else 0
    for told in wanted.elements():
        session.add(
            Child(
                household_id=household_id,
                subscriber_id=subscriber.id,
                told_by=told_by,
                graduation_year=told.graduation_year,
                band=told.band,
                end_year=told.end_year,
                created_at=now,
            )
        )
    session.flush()


def children_of(session: Session, subscriber: Subscriber) -> list[Child]:
    """The children of the reader's household, each once.

    Two guardians, or a form and an import, may tell of the same child: of children with the same graduation year or
    level, as many are kept as one reader told through one source, those told last first.
    """
    if subscriber.household_id is None:
        return []
    rows = select(Child).where(Child.household_id == subscriber.household_id)
    told: Counter[tuple[int, Told, int | None, str | None]] = Counter()
    kept: Counter[tuple[int | None, str | None]] = Counter()
    children = []
    for child in session.scalars(rows.order_by(func.coalesce(Child.end_year, 0).desc(), Child.id)):
        alike = (child.graduation_year, child.band)
        source = (child.subscriber_id, child.told_by, *alike)
        told[source] += 1
        if told[source] > kept[alike]:
            kept[alike] += 1
            children.append(child)
    return sorted(children, key=lambda child: child.id)


def bands_of(children: Sequence[Child], day: date, roll_over: RollOver, bands: Bands) -> frozenset[str]:
    """The bands in which the family has a child on that day."""
    end_year = roll_over.end_year(day)
    found = (_band_of(child, end_year, bands) for child in children)
    return frozenset(band for band in found if band is not None)


def describe(child: Child, day: date, roll_over: RollOver, bands: Bands) -> dict[str, Any]:
    """A child as staff see it, ready for JSON."""
    end_year = roll_over.end_year(day)
    grade = None if child.graduation_year is None else grade_of(child.graduation_year, end_year)
    return {
        "grade": None if grade is None or grade > LAST_GRADE else grade_word(grade),
        "graduation_year": child.graduation_year,
        "band": _band_of(child, end_year, bands),
        "left": grade is not None and grade > LAST_GRADE,
        "stale": child.band is not None and child.end_year is not None and child.end_year < end_year,
        "told_by": child.told_by.value,
    }


def _parse_child(text: str, end_year: int, bands: Bands) -> ChildTold:
    word, at, school = text.partition("@")
    grade, name = word.strip(), schools.parse_school(school) if at else ""
    if grade.lower() in bands.names:
        return ChildTold(band=grade.lower(), end_year=end_year, school=name)
    try:
        return ChildTold(graduation_year=graduation_year_of(parse_grade(grade), end_year), school=name)
    except GradeInvalid as error:
        raise GradeInvalid(f"{grade!r} is not a grade: use PK, K, 1 to 12, or {', '.join(bands.names)}.") from error


def _told(child: Child) -> ChildTold:
    return ChildTold(child.graduation_year, child.band, child.end_year)


def _household_of(session: Session, subscriber: Subscriber, now: datetime) -> int:
    if subscriber.household_id is None:
        household = Household(organization_id=subscriber.organization_id, created_at=now)
        session.add(household)
        session.flush()
        subscriber.household_id = household.id
    return subscriber.household_id


def _band_of(child: Child, end_year: int, bands: Bands) -> str | None:
    """A level is believed in the school year it was told in and one more; without a year it is always believed."""
    if child.graduation_year is not None:
        band = bands.of_grade(grade_of(child.graduation_year, end_year))
        return band.name if band else None
    is_believed = child.end_year is None or child.end_year >= end_year - 1
    return child.band if is_believed and child.band in bands.names else None
