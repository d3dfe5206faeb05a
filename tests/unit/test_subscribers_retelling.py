from random import Random

from hypothesis import given
from hypothesis import strategies as st

from subscribers.retelling import ChildTold, compare, take
from subscribers.tables import Child

YEARS = st.integers(2030, 2034)
TOLD = st.lists(YEARS, max_size=5)
EXCEPTIONS = st.lists(st.integers(-3, 2), min_size=5, max_size=5)
"""What staff corrected: so many years later (repeated) or earlier (moved away) than was told; 0: nothing."""


def stored(years: list[int], exceptions: list[int]) -> list[Child]:
    return [
        Child(graduation_year=year + more, told_year=year if more else None)
        for year, more in zip(years, exceptions, strict=False)
    ]


def words(years: list[int]) -> list[ChildTold]:
    return [ChildTold(year) for year in years]


@given(TOLD, EXCEPTIONS, st.randoms())
def test_what_was_told_told_again_in_any_order_changes_nothing(
    years: list[int], exceptions: list[int], order: Random
) -> None:
    children = stored(years, exceptions)
    before = [(child.graduation_year, child.told_year) for child in children]
    found = compare(words(order.sample(years, len(years))), children, {})
    assert (found.new, found.gone) == ((), ())
    for child, one in found.again:
        take(child, one, {})
    assert [(child.graduation_year, child.told_year) for child in children] == before


@given(TOLD, EXCEPTIONS, TOLD)
def test_every_word_and_every_child_is_taken_once(years: list[int], exceptions: list[int], now: list[int]) -> None:
    children = stored(years, exceptions)
    found = compare(words(now), children, {})
    assert len(found.again) + len(found.new) == len(now)
    assert len(found.again) + len(found.gone) == len(children)
    assert len({id(child) for child, _ in found.again} | {id(child) for child in found.gone}) == len(children)
    for child, one in found.again:
        assert one.graduation_year in (child.graduation_year, child.told_year)


@given(YEARS, st.integers(1, 2))
def test_a_repeated_grade_and_then_a_source_that_agrees_leave_no_trace(year: int, more: int) -> None:
    (child,) = stored([year], [more])
    ((again, one),) = compare([ChildTold(year + more)], [child], {}).again
    take(again, one, {})
    assert (child.graduation_year, child.told_year) == (year + more, None)
