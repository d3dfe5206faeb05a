"""Contrast is counted as WCAG counts it, and a colour that is too faint has a neighbour that is not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.contrast import ENOUGH, contrast, is_colour, mixed, readable, stands_out

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


@pytest.mark.parametrize(
    ("a", "b", "ratio"),
    [("#000000", "#FFFFFF", 21), ("#777777", "#FFFFFF", 4.48), ("#767676", "#FFFFFF", 4.54), ("#ff0000", "#ffffff", 4)],
)
def test_contrast_is_that_of_the_guidelines(a: str, b: str, ratio: float) -> None:
    assert contrast(a, b) == pytest.approx(ratio, abs=0.01)


@given(COLOURS, COLOURS)
def test_contrast_does_not_ask_which_comes_first(a: str, b: str) -> None:
    assert contrast(a, b) == contrast(b, a) >= 1


@given(COLOURS, st.sampled_from([("#FFFFFF",), ("#FFFFFF", "#F7F4EE"), ("#111827",), ("#0B1120", "#1A2335")]))
def test_every_colour_has_a_neighbour_that_can_be_read(colour: str, surfaces: tuple[str, ...]) -> None:
    found = readable(colour, surfaces)
    assert stands_out(found, surfaces)
    assert (found == colour) == stands_out(colour, surfaces)


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert readable("#1b4f86", ["#FFFFFF"]) == "#1b4f86"


def test_the_neighbour_keeps_its_hue_and_is_near() -> None:
    found = readable("#F59E0B", ["#FFFFFF"])
    red, green, blue = (int(part, 16) for part in re.findall("..", found[1:]))
    assert red > green > blue
    assert contrast(found, "#FFFFFF") == pytest.approx(ENOUGH, abs=0.2)


def test_a_tint_lies_between_its_colours() -> None:
    assert mixed("#000000", "#FFFFFF", 0.2) == "#CCCCCC"
    assert mixed("#123456", "#FFFFFF", 1) == "#123456"


def test_a_colour_is_a_sign_and_six_digits() -> None:
    assert is_colour("#1b4F86")
    assert not any(map(is_colour, ("red", "#fff", "#1b4f8g", "1b4f86", "#1b4f86\n", "")))
