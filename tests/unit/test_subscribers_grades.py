from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.grades import (
    Bands,
    BandsInvalid,
    GradeInvalid,
    RollOver,
    RollOverInvalid,
    grade_of,
    grade_word,
    graduation_year_of,
    parse_grade,
)

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
ROLL_OVERS = st.dates(date(2001, 1, 1), date(2001, 12, 31)).map(lambda day: RollOver(day.month, day.day))
GRADES = st.integers(-1, 12)
BANDS = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")


@pytest.mark.parametrize(
    ("roll_over", "day", "end_year"),
    [
        ("07-01", date(2026, 6, 30), 2026),
        ("07-01", date(2026, 7, 1), 2027),
        ("01-01", date(2026, 7, 1), 2026),
        ("01-01", date(2026, 1, 1), 2026),
        ("03-01", date(2028, 2, 29), 2028),
        ("12-31", date(2026, 12, 30), 2026),
        ("12-31", date(2026, 12, 31), 2027),
    ],
)
def test_a_school_year_is_named_by_its_last_day(roll_over: str, day: date, end_year: int) -> None:
    assert RollOver.parse(roll_over).end_year(day) == end_year


@given(ROLL_OVERS, DAYS)
def test_the_end_year_is_the_year_of_the_last_day_before_the_next_roll_over(roll_over: RollOver, day: date) -> None:
    last = day
    while ((last + timedelta(days=1)).month, (last + timedelta(days=1)).day) != (roll_over.month, roll_over.day):
        last += timedelta(days=1)
    assert roll_over.end_year(day) == last.year


@given(ROLL_OVERS, DAYS)
def test_the_school_year_changes_on_the_roll_over_day_and_no_other(roll_over: RollOver, day: date) -> None:
    step = roll_over.end_year(day) - roll_over.end_year(day - timedelta(days=1))
    assert step == ((day.month, day.day) == (roll_over.month, roll_over.day))


@given(ROLL_OVERS, st.integers(1990, 2090))
def test_a_school_year_begins_on_its_roll_over_and_not_a_day_before(roll_over: RollOver, end_year: int) -> None:
    first = roll_over.begins_on(end_year)
    assert (first.month, first.day) == (roll_over.month, roll_over.day)
    assert roll_over.end_year(first) == end_year
    assert roll_over.end_year(first - timedelta(days=1)) == end_year - 1


@pytest.mark.parametrize(
    ("roll_over", "first", "name"), [("07-01", date(2027, 7, 1), "2027-28"), ("01-01", date(2028, 1, 1), "2028")]
)
def test_a_school_year_is_written_by_both_its_years_or_the_calendars(roll_over: str, first: date, name: str) -> None:
    assert RollOver.parse(roll_over).begins_on(2028) == first
    assert RollOver.parse(roll_over).school_year(2028) == name


@given(GRADES, st.integers(1990, 2090))
def test_grade_and_graduation_year_are_each_others_inverse(grade: int, end_year: int) -> None:
    assert grade_of(graduation_year_of(grade, end_year), end_year) == grade


@given(GRADES, ROLL_OVERS, DAYS)
def test_a_year_later_every_child_is_one_grade_up(grade: int, roll_over: RollOver, day: date) -> None:
    year = graduation_year_of(grade, roll_over.end_year(day))
    assert grade_of(year, roll_over.end_year(day + timedelta(days=366))) - grade in (1, 2)
    assert grade_of(year, roll_over.end_year(day) + 1) == grade + 1


@given(GRADES)
def test_a_grade_is_read_as_it_is_written(grade: int) -> None:
    assert parse_grade(grade_word(grade)) == grade


PIECES = st.sampled_from(["grade", "GR", ".", "pre", "-", "K", "P", "inder", "garten", "1", "2", "3", "0", "rd", "TH"])


@given(st.lists(st.one_of(PIECES, st.just(" "), st.characters()), max_size=5).map("".join))
def test_whatever_is_read_as_a_grade_comes_back_from_its_word(text: str) -> None:
    try:
        grade = parse_grade(text)
    except GradeInvalid:
        return
    assert grade in range(-1, 13)
    assert parse_grade(grade_word(grade)) == grade
    digits = "".join(filter(str.isdigit, text)).lstrip("0")
    assert digits in (grade_word(grade), "")  # no other number than the one that was written


@given(GRADES, st.integers(1990, 2090))
def test_a_bands_graduation_years_are_those_of_its_grades(grade: int, end_year: int) -> None:
    year = graduation_year_of(grade, end_year)
    inside = [
        band.name for band in BANDS if band.graduation_years(end_year)[0] <= year <= band.graduation_years(end_year)[1]
    ]
    found = BANDS.of_grade(grade)
    assert found is not None
    assert inside == [found.name]


WRITTEN = [
    *[("pk", -1), ("Pre-K", -1), ("prek", -1), ("Pre K", -1), ("Pre-Kindergarten", -1), ("Grade PK", -1)],
    *[(" k ", 0), ("Kinder", 0), ("kindergarten", 0), ("Grade K", 0)],
    *[
        ("KG", 0),
        ("1", 1),
        ("01", 1),
        ("2.0", 2),
        ("1st", 1),
        ("2nd", 2),
        ("3rd", 3),
        ("Grade 3", 3),
        ("Gr. 3", 3),
        ("gr.3", 3),
        ("GR 3", 3),
    ],
    *[("3rd grade", 3), ("3RD  Grade", 3), ("11th Grade", 11), ("12th", 12), ("12", 12), ("grade\t12", 12)],
]


@pytest.mark.parametrize(("text", "grade"), WRITTEN)
def test_grades_are_read_as_families_write_them(text: str, grade: int) -> None:
    assert parse_grade(text) == grade


NOT_CERTAIN = ["TK", "4K", "K-5", "3-5", "3/4", "G3", "3th", "11st", "13th", "Grade", "Grade 13", "Gr", "year 3", "K 3"]


@pytest.mark.parametrize("text", ["0", "13", "-1", "", "third", "1.5", "1 2", "\u0663", *NOT_CERTAIN])
def test_what_is_no_grade_is_refused(text: str) -> None:
    with pytest.raises(GradeInvalid, match="use PK, K or a number"):
        parse_grade(text)


@pytest.mark.parametrize("text", ["02-29", "13-01", "7-1", "07/01", ""])
def test_a_roll_over_is_a_day_of_every_year(text: str) -> None:
    with pytest.raises(RollOverInvalid, match="29 February"):
        RollOver.parse(text)


def test_a_roll_over_is_written_as_it_is_read() -> None:
    assert str(RollOver.parse("07-01")) == "07-01"


def test_bands_are_written_as_they_are_read_youngest_first() -> None:
    assert str(Bands.parse("high=9-12 nursery=PK elementary=K-8")) == "nursery=PK-PK elementary=K-8 high=9-12"
    assert Bands.parse("high=9-12 elementary=K-8").names == ("elementary", "high")


@pytest.mark.parametrize("text", ["", "a=1-3 a=4-5", "a=1-3 b=3-5", "a=5-1", "a", "A=1-2", "a=1-2-3"])
def test_bands_must_not_overlap_or_repeat(text: str) -> None:
    with pytest.raises(BandsInvalid, match="elementary=PK-5"):
        Bands.parse(text)


def test_a_grade_outside_every_band_has_none() -> None:
    assert Bands.parse("high=9-12").of_grade(3) is None
