"""What staff correct about one child of a household, so that the sources' telling the old again changes nothing.

A child may be told of by two guardians, by a form and an import: each correction is made to all of them. Each states
the child it expects in its WHERE, so that the same command twice at once corrects once.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Update, delete, func, select, update
from sqlalchemy.orm import Session

from . import households, schools
from .errors import NotFound
from .retelling import ChildTold
from .tables import Child, ChildMark, Subscriber, Told


class ChildNotFound(NotFound):
    """The household has no such child. `newsletter households show ADDRESS` lists them."""


class OnlyLevelKnown(NotFound):
    """Only the level of this child is known: remove it, and add it with its grade."""


class LevelMovedAway(OnlyLevelKnown):
    """Only the level of this child is known, and a level cannot be marked: remove the child with --remove instead."""


def repeat(session: Session, reader: Subscriber, child: ChildTold) -> None:
    """The child repeats a grade: it graduates a year later. Raises `ChildNotFound`, `OnlyLevelKnown`."""
    year = _year(child, OnlyLevelKnown)
    told = func.nullif(func.coalesce(Child.told_year, year), year + 1)
    _correct(session, reader, child, graduation_year=year + 1, told_year=told, mark=None)


def move_away(session: Session, reader: Subscriber, child: ChildTold, end_year: int) -> None:
    """The child left for another place: from now on it counts as one that has left school.

    `end_year` is the running school year. Raises `ChildNotFound`, `LevelMovedAway`.
    """
    told = func.coalesce(Child.told_year, _year(child, LevelMovedAway))
    _correct(session, reader, child, graduation_year=end_year - 1, told_year=told, mark=ChildMark.LEFT)


def move_to(session: Session, reader: Subscriber, child: ChildTold, school: str) -> None:
    """The child goes to that school now. Of twins, one that does not yet. Raises `ChildNotFound`."""
    school_id = schools.ids_of(session, reader.organization_id, [school])[school]
    _correct(session, reader, child, such=Child.school_id.is_distinct_from(school_id), school_id=school_id)


def remove(session: Session, reader: Subscriber, child: ChildTold) -> None:
    """Forget the child, until a source tells of it again. Raises `ChildNotFound`."""
    ids = _rows(session, reader, child)
    removed = session.scalars(delete(Child).where(Child.id.in_(ids)).returning(Child.id)).all()
    if not removed:
        raise ChildNotFound


def add_missing(session: Session, reader: Subscriber, children: Sequence[ChildTold], now: datetime) -> None:
    """Add those of children that the household does not have yet; of twins, as many as are told."""
    for child in dict.fromkeys(children):
        known = sum(_is_such(one, child) for one in households.children_of(session, reader))
        for _ in range(children.count(child) - known):
            add(session, reader, child, now)


def add(session: Session, reader: Subscriber, child: ChildTold, now: datetime) -> None:
    """Add a child, as if the family told of it; one that had moved away has come back instead."""
    session.refresh(reader, with_for_update=True)  # two commands at once add two children, not the same one
    if reader.household_id is not None and _come_back(session, reader, child):
        return
    shown = sum(_is_such(one, child) for one in households.children_of(session, reader))
    of_family = (Child.subscriber_id == reader.id, Child.told_by == Told.FAMILY, *_alike(child))
    told = session.scalars(select(func.count()).select_from(Child).where(*of_family)).one()
    # Of alike children as many count as one source told: whoever is to be seen must be one more from this source.
    households.add_children(session, reader, [child] * (shown + 1 - told), Told.FAMILY, now)


def _come_back(session: Session, reader: Subscriber, child: ChildTold) -> bool:
    away = (Child.household_id == reader.household_id, Child.told_year > Child.graduation_year)
    ids = _one_of_each(session, *away, Child.told_year == child.graduation_year)
    back = update(Child).where(Child.id.in_(ids)).values(graduation_year=child.graduation_year)
    return bool(_changed(session, back.values(told_year=None, mark=None)))


def _correct(
    session: Session, reader: Subscriber, child: ChildTold, *, such: ColumnElement[bool] | None = None, **values: object
) -> None:
    ids = _rows(session, reader, child, *([] if such is None else [such]))
    if not _changed(session, update(Child).where(Child.id.in_(ids), *_alike(child)).values(**values)):
        raise ChildNotFound


def _rows(session: Session, reader: Subscriber, child: ChildTold, *such: ColumnElement[bool]) -> list[int]:
    """The ids of such a child as each source told of it. Raises `ChildNotFound`."""
    found = _one_of_each(session, Child.household_id == reader.household_id, *_alike(child), *such)
    if not found:
        raise ChildNotFound
    return found


def _one_of_each(session: Session, *such: ColumnElement[bool]) -> list[int]:
    rows = session.execute(select(Child.id, Child.subscriber_id, Child.told_by).where(*such).order_by(Child.id))
    return list({(subscriber_id, told_by): child_id for child_id, subscriber_id, told_by in rows}.values())


def _changed(session: Session, statement: Update) -> Sequence[int]:
    return session.scalars(statement.returning(Child.id), execution_options={"synchronize_session": "fetch"}).all()


def _alike(child: ChildTold) -> tuple[ColumnElement[bool], ...]:
    if child.graduation_year is None:
        return (Child.band == child.band,)
    return (Child.graduation_year == child.graduation_year,)


def _is_such(known: Child, child: ChildTold) -> bool:
    return (known.graduation_year, known.band) == (child.graduation_year, child.band)


def _year(child: ChildTold, refusal: type[OnlyLevelKnown]) -> int:
    if child.graduation_year is None:
        raise refusal
    return child.graduation_year
