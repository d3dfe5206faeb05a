"""What a source tells of its children now against what it told before: the same child is known again.

An exception changed the graduation year that was told: a child repeated a grade, or moved away. The source that tells
the old year again says nothing new; the one that tells the year that holds by now ends the exception.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .tables import Child


@dataclass(frozen=True, slots=True)
class ChildTold:
    """What was told of a child: a graduation year, or a band and the school year (by its end) it was told in.

    `school` is the name of its school; empty: nothing was said of it.
    """

    graduation_year: int | None = None
    band: str | None = None
    end_year: int | None = None
    school: str = ""


@dataclass(frozen=True, slots=True)
class Retelling:
    """Which children are told again, by which words; which are new; and which are no longer told of."""

    again: tuple[tuple[Child, ChildTold], ...]
    new: tuple[ChildTold, ...]
    gone: tuple[Child, ...]


_Alike: TypeAlias = Callable[[Child, ChildTold], bool]


def compare(told: Sequence[ChildTold], present: Sequence[Child], schools: dict[str, int]) -> Retelling:
    """Pair what one source tells with the children that it told of before; `schools` are the ids of those told.

    Of two ways to understand exceptions, the one that knows more children again is taken.
    """

    def is_there(child: Child, one: ChildTold) -> bool:
        return not one.school or child.school_id == schools[one.school]

    def pair(*ways: _Alike) -> Retelling:
        by_school = [lambda child, one, way=way: way(child, one) and is_there(child, one) for way in ways]
        return _paired(told, present, [step for steps in zip(by_school, ways, strict=True) for step in steps])

    as_before = pair(_as_it_stands, _as_told_before, _as_holds_by_now, _of_the_same_band)
    agreeing = pair(_as_it_stands, _as_holds_by_now, _as_told_before, _of_the_same_band)
    return max(as_before, agreeing, key=lambda found: len(found.again))


def take(child: Child, told: ChildTold, schools: dict[str, int]) -> None:
    """Let a child that is told of again be as it is told; an exception that the source does not share stays."""
    if told.graduation_year == child.graduation_year:
        child.told_year = None
    if told.end_year != child.end_year:
        child.end_year, child.mark = told.end_year, None
    if told.school:
        child.school_id = schools[told.school]


def _paired(told: Sequence[ChildTold], present: Sequence[Child], ways: Sequence[_Alike]) -> Retelling:
    again: list[tuple[Child, ChildTold]] = []
    new, left = list(told), list(present)
    for is_alike in ways:
        for one in tuple(new):
            child = next((child for child in left if is_alike(child, one)), None)
            if child is not None:
                again.append((child, one))
                new.remove(one)
                left.remove(child)
    return Retelling(tuple(again), tuple(new), tuple(left))


def _as_it_stands(child: Child, told: ChildTold) -> bool:
    known = (child.graduation_year, child.band, child.end_year)
    return child.told_year is None and known == (told.graduation_year, told.band, told.end_year)


def _as_told_before(child: Child, told: ChildTold) -> bool:
    return child.told_year is not None and child.told_year == told.graduation_year


def _as_holds_by_now(child: Child, told: ChildTold) -> bool:
    return child.told_year is not None and child.graduation_year == told.graduation_year


def _of_the_same_band(child: Child, told: ChildTold) -> bool:
    """A level that is told again in a later school year."""
    return child.band is not None and child.band == told.band
