import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.contrast import ENOUGH, contrast
from newsletter.folders import templates_folder
from newsletter.reports.charts import Axis, Columns, Line, bars, heat, labelled
from newsletter.reports.pages import number, share, signed

COUNTS = st.lists(st.integers(-1_000_000, 1_000_000), min_size=1, max_size=40)


@given(COUNTS)
def test_every_value_and_zero_lie_between_the_lowest_and_the_highest_line(values: list[int]) -> None:
    axis = Axis.over(values)
    assert all(0 <= axis.at(value) <= 100 for value in (0, *values))
    assert 0 in [tick.value for tick in axis.ticks]
    assert 2 <= len(axis.ticks) <= 10


@given(COUNTS)
def test_a_column_of_parts_is_as_long_as_its_sum(values: list[int]) -> None:
    chart = Columns.of(["one"], [[value] for value in values])
    (column,) = chart.columns
    up = sum(block.height for block in column.blocks if block.value > 0)
    assert up == pytest.approx(chart.axis.long(sum(value for value in values if value > 0)), abs=0.1)
    assert all(block.y >= -0.01 and block.y + block.height <= 100.01 for block in column.blocks)


def test_parts_stand_on_each_other_and_fall_below_zero() -> None:
    chart = Columns.of(["May", "June"], [[60, 0], [40, 10], [-20, 0]])
    may, june = chart.columns
    assert [(block.series, block.value) for block in may.blocks] == [(0, 60), (1, 40), (2, -20)]
    assert may.blocks[0].y == pytest.approx(may.blocks[1].y + may.blocks[1].height, abs=0.01)
    assert may.blocks[2].y == pytest.approx(chart.axis.at(0), abs=0.01)
    assert [block.series for block in june.blocks] == [1]


def test_a_line_goes_from_edge_to_edge() -> None:
    line = Line.of(["a", "b", "c"], [[0, 5, 10]])
    assert line.lines == ("0.00,100.00 50.00,50.00 100.00,0.00",)
    assert line.labels == ((0, "a"), (50, "b"), (100, "c"))


def test_a_chart_of_nothing_is_drawn_all_the_same() -> None:
    assert [tick.value for tick in Axis.over([]).ticks] == [0, 1]
    assert Columns.of([], []).columns == ()
    assert bars({}) == ()


@given(st.integers(0, 400))
def test_so_few_labels_stand_side_by_side_that_a_telephone_has_room(count: int) -> None:
    shown = labelled(count)
    assert len(shown) <= 6
    assert not count or count - 1 in shown


def test_bars_are_as_long_as_the_longest_allows_and_tell_their_share() -> None:
    assert [(bar.width, bar.share) for bar in bars({"a": 30, "b": 15}, 60)] == [(100, 0.5), (50, 0.25)]
    assert [bar.share for bar in bars({"a": 30})] == [None]


def test_warmth_has_six_steps() -> None:
    assert [heat(share, 0.6) for share in (0, 0.1, 0.25, 0.3, 0.45, 0.6)] == [0, 1, 2, 3, 4, 5]
    assert heat(0, 0) == 0


def test_figures_are_written_as_people_read_them() -> None:
    assert (number(1234567), number(None), number(-5)) == ("1,234,567", "-", "\N{MINUS SIGN}5")
    assert (signed(5), signed(0), signed(-1200)) == ("+5", "0", "\N{MINUS SIGN}1,200")
    assert (share(0.1234), share(0.00144, 2), share(None)) == ("12.3 %", "0.14 %", "-")


_ROOTS = (templates_folder() / "reports" / "report.css").read_text(encoding="utf-8").split(":root {")[1:]
_DAY, _NIGHT, _PRINT = [dict(re.findall(r"--([a-z0-9-]+): (#\w{6})", block.partition("}")[0])) for block in _ROOTS]
_PRINTED = _DAY | _PRINT
"""What is printed has the colours of the day, with paper and ink of its own."""


@pytest.mark.parametrize("colours", [_DAY, _NIGHT, _PRINTED], ids=["day", "night", "print"])
def test_every_figure_of_a_heat_table_can_be_read(colours: dict[str, str]) -> None:
    for warmth in range(6):
        ink = colours["heat-low" if warmth < 4 else "heat-high"]
        assert contrast(ink, colours[f"heat-{warmth}"]) >= ENOUGH, warmth
    for level in ("good", "watch"):
        assert contrast(colours[f"{level}"], colours[f"{level}-tint"]) >= ENOUGH, level


@pytest.mark.parametrize(
    ("colours", "paper"),
    [(_DAY, "#ffffff"), (_NIGHT, "#1a2334"), (_PRINTED, _PRINT["paper"])],
    ids=["day", "night", "print"],
)
def test_the_marks_of_a_chart_stand_out_from_its_paper(colours: dict[str, str], paper: str) -> None:
    assert [n for n in range(4) if contrast(colours[f"series-{n}"], paper) < 3] == []
