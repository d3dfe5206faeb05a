"""Cells of a CSV file that a spreadsheet would take for a formula, made harmless in a way that can be undone."""

import re

_FIRST = frozenset("'=+-@\t\r")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")


def neutralised(text: str) -> str:
    """A cell that no spreadsheet runs: with an apostrophe before a text that begins like a formula.

    One that begins with apostrophes and then like a formula gets another one, so that `restored` gives back any text.
    """
    return f"'{text}" if text and text[0] in _FIRST and _FORMULA.match(text) else text


def restored(text: str) -> str:
    """What `neutralised` was given."""
    return text[1:] if _NEUTRALISED.match(text) else text
