from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.pairs import FEW, MANY, Bar, Row, alternate


def test_every_second_pair_is_measured_in_the_other_order() -> None:
    order: list[str] = []
    pairs = alternate(lambda: order.append("ours"), lambda: order.append("theirs"), rounds=4)
    assert len(pairs) == 4
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs", "theirs", "ours"]


def test_a_short_pair_is_measured_five_times_and_a_long_one_three(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(alternate(lambda: 1, lambda: 2)) == MANY
    monkeypatch.setattr("benchmarks.pairs.LONG_SECONDS", -1)
    assert len(alternate(lambda: 1, lambda: 2)) == FEW


@pytest.mark.parametrize(
    ("bar", "words", "is_met"),
    [
        (Bar(0.9), ">= 0.9 x", True),
        (Bar(1.1), ">= 1.1 x", False),
        (Bar(1.5, is_ceiling=True), "<= 1.5 x", True),
        (Bar(20_000, of="measured"), ">= 20,000", False),
        (Bar(100, of="measured", is_ceiling=True), "<= 100", True),
    ],
)
def test_a_bar_says_what_it_asks_and_whether_it_is_met(bar: Bar, words: str, *, is_met: bool) -> None:
    row = Row("speed", "mails/s", "theirs", bar, ((80, 100), (90, 90), (100, 100)))
    assert (row.measured, row.beside, row.ratio) == (90, 100, 1.0)
    assert str(bar) == words
    assert row.is_met is is_met


def test_what_could_not_be_measured_is_neither_met_nor_missed() -> None:
    row = Row("speed", "mails/s", "smtp-source is missing", Bar(1))
    assert (row.measured, row.beside, row.ratio, row.is_met) == (None, None, None, None)
    assert results.as_facts(row)["result"] == "not measured"


def test_a_bar_of_the_ratio_is_missed_where_nothing_stands_beside() -> None:
    assert not Bar(1).is_met(5, None)


def test_a_missed_bar_is_shown_as_missed_and_a_wrong_count_as_wrong(tmp_path: Path) -> None:
    missed = Row("slow", "s", "a bare load", Bar(1), ((1, 2),))
    wrong = Row("lost", "s", "a bare load", Bar(1), ((2, 1),), wrong=("one is missing",))
    results.write(tmp_path, [results.as_facts(row) for row in (missed, wrong)])
    slow, lost = (tmp_path / "bench.md").read_text().splitlines()[-2:]
    assert "| >= 1 x | MISSED |" in slow
    assert "| >= 1 x | WRONG |" in lost
    assert "WRONG: one is missing" in lost


def test_a_row_measured_again_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    rows = [results.as_facts(Row(name, "s", "", Bar(1), ((1, 1),))) for name in ("first", "second")]
    results.write(tmp_path, results.merged(tmp_path, rows))
    again = results.as_facts(Row("first", "s", "", Bar(1), ((3, 1),)))
    found = results.merged(tmp_path, [again])
    assert [(row["name"], row["measured"]) for row in found] == [("first", 3), ("second", 1)]


def test_what_was_wrong_earlier_is_not_kept(tmp_path: Path) -> None:
    results.write(tmp_path, [results.as_facts(Row("lost", "s", "", Bar(1), wrong=("one is missing",)))])
    assert results.merged(tmp_path, []) == []
