"""No cell of an export is a formula to a spreadsheet, and each comes back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.formulas import neutralised, restored

BEGINNINGS = "=+-@\t\r"
TEXTS = st.one_of(st.text(), st.text(alphabet=f"'{BEGINNINGS}a1", max_size=6))


@given(text=TEXTS)
def test_any_text_comes_back_as_it_was(text: str) -> None:  # F41
    assert restored(neutralised(text)) == text


@given(text=TEXTS)
def test_no_cell_begins_like_a_formula(text: str) -> None:  # F41
    assert not neutralised(text).startswith(tuple(BEGINNINGS))


@given(cells=st.lists(TEXTS, min_size=1, max_size=4), other=TEXTS)
def test_two_texts_never_become_the_same_cell(cells: list[str], other: str) -> None:
    assert len({neutralised(text) for text in {*cells, other}}) == len({*cells, other})


@pytest.mark.parametrize("text", ["", "Ana", "'Ana'", "O'Brien", "''", "1-2", "a=b", "ü@x.example"])
def test_what_no_spreadsheet_runs_stays_as_it_is(text: str) -> None:
    assert neutralised(text) == restored(text) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-5", "'-5"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), ("'=1", "''=1")],
)
def test_a_formula_gets_an_apostrophe(text: str, cell: str) -> None:  # F41
    assert neutralised(text) == cell
    line = io.StringIO()
    csv.writer(line).writerow([cell])
    assert restored(next(csv.reader([line.getvalue()]))[0]) == text
