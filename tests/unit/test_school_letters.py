from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.campaigns.school_letters import StillRightLetter
from subscribers.grades import Bands
from subscribers.rollovers import Step

BANDS = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
STEPS = st.one_of(
    st.builds(Step, grade=st.integers(-1, 12)),
    st.builds(Step, level=st.sampled_from(BANDS.names), is_stale=st.booleans()),
)
LETTERS = st.builds(
    StillRightLetter,
    list_id=st.integers(1, 9),
    language=st.sampled_from(["en", "es-MX", "zh-Hans"]),
    day=st.sampled_from([date(2027, 7, 1), date(2028, 1, 1)]),
    end_year=st.just(2028),
    is_past=st.booleans(),
    children=st.lists(STEPS, min_size=1, max_size=4).map(tuple),
)


@given(LETTERS)
def test_a_letter_is_read_as_it_is_written(letter: StillRightLetter) -> None:
    assert StillRightLetter.parse(str(letter)) == letter


@given(LETTERS)
def test_a_letter_says_one_line_of_each_child(letter: StillRightLetter) -> None:
    lines = letter.values()["children"].splitlines()
    assert len(lines) == len(letter.children)
    assert not any("{" in line for line in lines)


@given(st.integers(-1, 12))
def test_who_changes_band_leaves_one_range_of_grades(grade: int) -> None:
    step = Step(grade)
    assert step.changes_band(BANDS) == (grade in (5, 8, 12)) == step.is_to_ask(BANDS)
    assert step.is_leaving == (grade == 12)


@pytest.mark.parametrize(
    ("language", "is_past", "day", "lines"),
    [
        (
            "en",
            False,
            date(2027, 7, 1),
            [
                "Pre-kindergarten now, kindergarten from July 1 (2027-28)",
                "Grade 5 now, grade 6 from July 1 (2027-28)",
                "Grade 12 now; from July 1, has finished school",
                "High school; we do not know which grade. Please tell us.",
                "Juniors",
            ],
        ),
        (
            "es-MX",
            True,
            date(2028, 1, 1),
            [
                "Kínder desde el 1 de enero (2028)",
                "Grado 6 desde el 1 de enero (2028)",
                "Grado 12 el año escolar pasado; ha terminado la escuela",
                "Preparatoria; no sabemos en qué grado. Por favor, díganoslo.",
                "Juniors",
            ],
        ),
    ],
)
def test_a_letter_speaks_the_readers_language_and_knows_whether_the_day_is_past(
    language: str, is_past: bool, day: date, lines: list[str]
) -> None:
    children = (Step(-1), Step(5), Step(12), Step(level="high", is_stale=True), Step(level="juniors"))
    letter = StillRightLetter(1, language, day, 2028, is_past, children)
    assert letter.values()["children"].splitlines() == lines
