"""Patterns of many alternatives, one a line."""

import re


def either(*ways: str) -> re.Pattern[str]:
    """A pattern that is found where one of these is, in capitals or not; `^` is the beginning of a line."""
    return re.compile("|".join(f"(?:{way})" for way in ways), re.IGNORECASE | re.MULTILINE)
