from datetime import date
from itertools import count
from typing import Any

import pytest

from newsletter.web.choices import School
from subscribers.grades import Bands, RollOver
from subscribers.households import ChildTold
from subscribers.tables import Child, Told

IDS = count(1)


def school(day: date = date(2026, 12, 2), roll_over: str = "07-01", bands: str = "elementary=PK-5 high=9-12") -> School:
    return School(Bands.parse(bands), RollOver.parse(roll_over), day)


@pytest.mark.parametrize(
    ("day", "roll_over", "year"),
    [
        (date(2026, 12, 2), "07-01", "2026-27"),
        (date(2026, 6, 30), "07-01", "2025-26"),
        (date(2099, 9, 1), "07-01", "2099-00"),
        (date(2026, 7, 1), "01-01", "2026"),
    ],
)
def test_a_school_year_is_named_as_people_write_it(day: date, roll_over: str, year: str) -> None:
    assert school(day, roll_over).year == year


def child(**facts: Any) -> Child:
    return Child(id=next(IDS), told_by=Told.FAMILY, **facts)


def test_a_childs_value_follows_the_day() -> None:
    third, leaver, level = child(graduation_year=2036), child(graduation_year=2020), child(band="high", end_year=2027)
    between, unknown, stale = child(graduation_year=2033), child(band="university"), child(band="high", end_year=2020)
    assert school().values_of([third, leaver, level, between, unknown, stale]) == ["3", "high"]
    assert school(date(2027, 7, 1)).values_of([third]) == ["4"]


def test_ticks_become_children_and_anything_else_does_not() -> None:
    told = school().told(["K", "high", "K", "13", "", "'; --"], ())
    assert told == (ChildTold(2039, None, None), ChildTold(None, "high", 2027))


def test_a_tick_keeps_the_twins_already_known() -> None:
    twins = [child(graduation_year=2036), child(graduation_year=2036), child(graduation_year=2030)]
    assert school().told(["3"], twins) == (ChildTold(2036, None, None),) * 2


def test_a_child_told_by_a_form_and_an_import_is_no_twin() -> None:
    imported = child(graduation_year=2036)
    imported.told_by = Told.IMPORT
    assert school().told(["3"], [child(graduation_year=2036), imported]) == (ChildTold(2036, None, None),)
