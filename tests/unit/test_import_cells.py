"""No cell takes long to read, whatever stands in it: a line may have 100,000 characters."""

from datetime import date

import pytest

from subscribers.importing import cells
from subscribers.importing.formats import rules
from subscribers.importing.records import LONGEST_LINE

BLANKS = " " * LONGEST_LINE


def test_tags_with_a_line_of_blanks_are_read_at_once() -> None:
    assert rules.tags(f"choir{BLANKS}fair") == f"choir{BLANKS}fair"
    assert rules.tags(f"choir{BLANKS},;{BLANKS}fair", " ,", "a , ; b") == "choir / fair;;a / b"


def test_a_workshop_with_a_line_of_blanks_is_read_at_once() -> None:
    assert cells.attended(f"Talk{BLANKS}(2026-03-04)") == {"Talk": date(2026, 3, 4)}
    assert cells.attended("Talk (at home) (2026-03-04)") == {"Talk (at home)": date(2026, 3, 4)}


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\u2029"])
def test_a_tag_is_one_line(break_: str) -> None:  # F23
    assert cells.tags(f"choir{break_}Bcc: all@evil.example;fair") == ("choir Bcc: all@evil.example", "fair")


@pytest.mark.parametrize("control", ["\0", "\x1b", "\ud800"])
def test_a_tag_with_a_control_character_is_refused(control: str) -> None:  # F23
    with pytest.raises(cells.RowInvalid, match="has a control character in it"):
        cells.tags(f"choir{control}")
