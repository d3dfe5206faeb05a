"""Records and their line numbers, from good files and damaged ones."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from subscribers.importing import records as reading
from subscribers.importing.records import Record, records

MARKS = (",", ",,", ";", '"', '""', '"a"', '"a\nb"', '"a, b"', 'x"y', '"open', "a,b\n", "c,d\r\n")
LETTERS = ("a", "b@c.example", "ñ", "😀", "\udcff", "\ufffd", "\x00", " ", "\t", "\u2028", "\x0b", "\n", "\r", "\r\n")
PIECES = st.sampled_from(MARKS + LETTERS)
TEXTS = st.lists(PIECES, max_size=60).map("".join)


def all_of(text: str, delimiter: str = ",") -> list[Record]:
    return list(records(io.StringIO(text, newline=""), delimiter))


def one_by_one(text: str) -> list[Record]:
    """Every line tried for itself."""
    careful = reading._Reading(io.StringIO(text, newline=""), ",", "UTF-8")  # noqa: SLF001 - the slow way is the oracle
    found: list[Record] = []
    while stretch := careful.stretch():
        found += careful.carefully(stretch)
    return found


@given(text=TEXTS)
@example(text='a,b\n"x\ny",c\nd,e\n')
@example(text="\n\n\n")
def test_reading_many_lines_at_once_gives_what_reading_them_one_by_one_does(text: str) -> None:  # F38
    assert all_of(text) == one_by_one(text)


@given(texts=st.lists(TEXTS, min_size=2, max_size=4), good=st.integers(400, 600))
def test_damage_far_into_a_file_costs_its_own_record_only(texts: list[str], good: int) -> None:  # F38
    text = "\n".join("a,b\n" * good + damage for damage in texts)
    assert all_of(text) == one_by_one(text)


@given(rows=st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5), min_size=2)))
def test_lines_are_numbered_as_an_editor_shows_them(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    lines = text.getvalue().split("\n")
    for record in all_of(text.getvalue()):
        if not record.error:
            assert tuple(next(csv.reader([lines[record.line - 1]]))) == record.cells


def test_a_quote_that_never_closes_does_not_swallow_the_file() -> None:  # F38
    found = all_of('email\n"open@school.example\n' + "good@school.example\n" * 2_000)
    assert [record.line for record in found if record.error] == [2]
    assert "opened and not closed" in found[1].error
    assert len(found) == 2_002
    assert found[-1] == Record(2_002, ("good@school.example",))


def test_a_cell_of_many_lines_at_the_end_of_a_stretch_is_read_on() -> None:
    text = "a,b\n" * 499 + '"one\ntwo",c\n' + "d,e\n" * 600
    found = all_of(text)
    assert found[499] == Record(500, ("one\ntwo", "c"))
    assert found[500] == Record(502, ("d", "e"))
    assert len(found) == 1_100


def test_ten_megabytes_in_one_cell_take_the_memory_of_a_line() -> None:  # F38
    file = io.StringIO("email\n" + "x" * 10_000_000 + "\ngood@school.example\n", newline="")
    tracemalloc.start()
    found = list(records(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(record.line, bool(record.error)) for record in found] == [(1, False), (2, True), (3, False)]
    assert peak < 3_000_000


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_cells_are_parted_by_what_the_file_parts_them_by(delimiter: str) -> None:
    assert all_of(f"email{delimiter}name\n", delimiter) == [Record(1, ("email", "name"))]


def test_what_is_no_text_is_named_by_its_line() -> None:  # F38
    found = list(records(io.StringIO("email\na\udce9\ngood\n", newline=""), ",", "UTF-16"))
    assert found[1].line == 2
    assert "not UTF-16 text" in found[1].error
    assert found[2].cells == ("good",)
