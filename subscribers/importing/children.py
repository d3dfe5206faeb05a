"""The children of a page of readers: those that imports told of are replaced, those a family typed stay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Select, String, select, type_coerce
from sqlalchemy.orm import Session

from subscribers import retelling
from subscribers.db import dialect_of
from subscribers.retelling import ChildTold
from subscribers.tables import Child, Told

from .bulk import among, change, fetch, insert, moment
from .people import Children
from .scopes import Changes, Reader, Scope

_COLUMNS = (
    "household_id",
    "subscriber_id",
    "told_by",
    "graduation_year",
    "band",
    "end_year",
    "school_id",
    "created_at",
)
_TAKE = "UPDATE child SET told_year = ?, end_year = ?, mark = ?, school_id = ? WHERE id = ?"
_GONE = "DELETE FROM child WHERE id = ?"
_Row: TypeAlias = tuple[int, int | None, int | None, str | None, int | None, int | None, str | None]
"""id, told_year, graduation_year, band, end_year, school_id, mark."""


@dataclass(slots=True)
class _Present:
    """A child that is there; `retelling.take` lets it be as it is told."""

    id: int
    told_year: int | None
    graduation_year: int | None
    band: str | None
    end_year: int | None
    school_id: int | None
    mark: str | None


def replace(
    session: Session, scope: Scope, found: Sequence[Reader], schools: Mapping[str, int], changes: Changes
) -> None:
    """Let each telling reader have the children the file names, twins twice; the same again changes nothing."""
    telling = [(reader, told) for reader in found if (told := reader.person.facts.children) is not None]
    there = _there(session, [reader.id for reader, _ in telling if reader.before])
    now = moment(session)(scope.now)
    new: list[tuple[Any, ...]] = []
    taken: list[tuple[Any, ...]] = []
    gone: list[tuple[int]] = []
    changed = []
    for reader, told in telling:
        present = there.get(reader.id, [])
        if _is_same(told, present, schools):
            continue
        more, again, fewer = _compared(told.told, present, schools) if present else (told.told, [], [])
        new += [_row(reader, one, schools, now) for one in more]
        taken += again
        gone += fewer
        if more or again or fewer:
            changed.append(reader.id)
    change(session, _GONE, gone)
    change(session, _TAKE, taken)
    insert(session, Child, _COLUMNS, new)
    changes.note("grades", changed)


def _is_same(told: Children, present: Sequence[_Row], schools: Mapping[str, int]) -> bool:
    """Whether these are the same children, none of them an exception; quick, as almost all are."""
    if len(told.told) != len(present):
        return False
    if not told.schools:
        alike = sorted((year or 0, band or "", end or 0) for _, _, year, band, end, _, _ in present)
        return alike == told.alike and not any(row[1] for row in present)
    by_school = sorted(
        (one.graduation_year or 0, one.band or "", one.end_year or 0, schools.get(one.school, 0)) for one in told.told
    )
    there = sorted((year or 0, band or "", end or 0, school or 0) for _, _, year, band, end, school, _ in present)
    return there == by_school and not any(row[1] for row in present)


def _compared(
    told: Sequence[ChildTold], present: Sequence[_Row], schools: Mapping[str, int]
) -> tuple[Sequence[ChildTold], list[tuple[Any, ...]], list[tuple[int]]]:
    """The children to add, the values of those that change, and the ids of those to remove."""
    before = {row[0]: row for row in present}
    children: Any = [_Present(*row) for row in present]
    found = retelling.compare(told, children, dict(schools))
    again = []
    for child, one in found.again:
        retelling.take(child, one, dict(schools))
        _, told_year, _, _, end_year, school_id, mark = before[child.id]
        values = (child.told_year, child.end_year, child.mark, child.school_id)
        if values != (told_year, end_year, mark, school_id):
            again.append((*values, child.id))
    return found.new, again, [(child.id,) for child in found.gone]


def _row(reader: Reader, told: ChildTold, schools: Mapping[str, int], now: str) -> tuple[Any, ...]:
    return (
        reader.household_id,
        reader.id,
        Told.IMPORT.value,
        told.graduation_year,
        told.band,
        told.end_year,
        schools.get(told.school),
        now,
    )


def _there(session: Session, reader_ids: Sequence[int]) -> dict[int, list[_Row]]:
    found: dict[int, list[_Row]] = defaultdict(list)
    if reader_ids:
        for row in fetch(session, _told_of(dialect_of(session)), {"readers": list(reader_ids)}):
            found[row[0]].append(row[1:])
    return found


@cache
def _told_of(dialect: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Child.subscriber_id,
            Child.id,
            Child.told_year,
            Child.graduation_year,
            Child.band,
            Child.end_year,
            Child.school_id,
            type_coerce(Child.mark, String),
        )
        .where(among(dialect, Child.subscriber_id, "readers"), Child.told_by == Told.IMPORT)
        .order_by(Child.id)
    )
