"""What a reader answers about their children where every grade and level has a box, whoever told of them before.

A tick lets a child be as it is known. For a child that is no longer ticked, what an import told stays as an exception,
as if the child had moved away: the import that tells it again changes nothing, whichever guardian it tells it of. Who
was not asked about stays. A tick in place of another of the same band is the same child in another grade, and keeps its
school.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import schools
from .grades import Bands
from .households import ChildTold, band_of, each_once, set_children
from .tables import Child, ChildMark, Subscriber, Told

_Kind: TypeAlias = tuple[int | None, str | None]
"""A graduation year, or a level: what a box stands for."""


def own_children(session: Session, reader: Subscriber) -> Sequence[Child]:
    """The children that this reader, or an import of this reader, told us of; not those of others in the household."""
    return session.scalars(select(Child).where(Child.subscriber_id == reader.id).order_by(Child.id)).all()


def take(
    session: Session,
    reader: Subscriber,
    ticked: Sequence[ChildTold],
    bands: Bands,
    end_year: int,
    now: datetime,
) -> None:
    """Let the reader have the children that they ticked, in the school year that ends then.

    There was a box for each child in a band. The same answer again changes nothing.
    """
    session.flush()
    session.refresh(reader, with_for_update=True)  # two forms at once must not add the same children twice
    known, wanted = own_children(session, reader), Counter(map(_kind, ticked))
    _bring_back(known, wanted)
    gone = [child for child in known if _stands_for(child, wanted) is None and band_of(child, end_year, bands)]
    told = _with_schools(session, _left_to_family(known, wanted, end_year), known, gone, bands, end_year)
    for child in each_once(gone):
        for alike in _told_of_others(session, reader, child):
            _let_go(session, alike, end_year)
    for child in _by(known, Told.IMPORT):
        if child in gone:
            _let_go(session, child, end_year)
        elif _stands_for(child, wanted) is not None:
            _believe(child, end_year)
    set_children(session, reader, told, Told.FAMILY, now)


def _told_of_others(session: Session, reader: Subscriber, child: Child) -> list[Child]:
    """The same child as imports told it of the other guardians: of each the first that is alike."""
    alike = select(Child).where(
        Child.household_id == reader.household_id,
        Child.subscriber_id != reader.id,
        Child.told_by == Told.IMPORT,
        Child.graduation_year.is_not_distinct_from(child.graduation_year),
        Child.band.is_not_distinct_from(child.band),
    )
    found = session.scalars(alike.order_by(Child.id.desc())).all()
    return list({child.subscriber_id: child for child in found}.values())


def _with_schools(
    session: Session,
    told: Iterable[ChildTold],
    known: Iterable[Child],
    gone: Iterable[Child],
    bands: Bands,
    end_year: int,
) -> list[ChildTold]:
    """Children that are new, each at the school of one of its band that is gone."""
    names = schools.names_of(session, [child.school_id for child in gone])
    free = defaultdict(list)
    for child in gone:
        if child.school_id:
            free[band_of(child, end_year, bands)].append(names[child.school_id])
    there, found = {_kind(child) for child in known}, []
    for one in told:
        of_band = [] if _kind(one) in there else free[band_of(one, end_year, bands)]
        found.append(replace(one, school=of_band.pop(0)) if of_band else one)
    return found


def _bring_back(known: Sequence[Child], wanted: Counter[_Kind]) -> None:
    """Who is ticked and had moved away is here again, unless somebody else is meant."""
    there = {_kind(child) for child in known}
    for child in known:
        kind = (child.told_year, None)
        if _is_away(child) and kind in wanted and kind not in there:
            child.graduation_year, child.told_year, child.mark = child.told_year, None, None
            there.add(kind)


def _left_to_family(known: Sequence[Child], wanted: Counter[_Kind], end_year: int) -> list[ChildTold]:
    """What the family tells: what it told before, and what no import tells."""
    imported = Counter(_stands_for(child, wanted) for child in _by(known, Told.IMPORT))
    before = Counter(_stands_for(child, wanted) for child in _by(known, Told.FAMILY))
    told = [
        ChildTold(graduation_year=kind[0], band=kind[1], end_year=None if kind[1] is None else end_year)
        for kind, count in wanted.items()
        for _ in range(count if imported[kind] < count else before[kind])
    ]
    away = [ChildTold(graduation_year=child.told_year) for child in _by(known, Told.FAMILY) if _is_away(child)]
    return told + away


def _stands_for(child: Child, wanted: Counter[_Kind]) -> _Kind | None:
    """What was ticked for this child: its grade, or the one that was told before it repeated one."""
    told_before = None if _is_away(child) else child.told_year
    return next((kind for kind in (_kind(child), (told_before, None)) if kind in wanted), None)


def _believe(child: Child, end_year: int) -> None:
    if child.band is not None:
        child.end_year, child.mark = end_year, None


def _let_go(session: Session, child: Child, end_year: int) -> None:
    """A level can be no exception: until an import tells it again, it is forgotten."""
    if child.graduation_year is None:
        session.delete(child)
        return
    child.told_year = child.told_year or child.graduation_year
    child.graduation_year, child.mark = end_year - 1, ChildMark.LEFT


def _is_away(child: Child) -> bool:
    return child.told_year is not None and child.graduation_year is not None and child.told_year > child.graduation_year


def _kind(child: Child | ChildTold) -> _Kind:
    return child.graduation_year, child.band


def _by(known: Iterable[Child], told_by: Told) -> list[Child]:
    return [child for child in known if child.told_by is told_by]
