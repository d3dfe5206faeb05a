"""Texts that people call things by, as forms, imports and rules keep and compare them."""

import re
import unicodedata

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""What stands in a link for a name."""

LONGEST = 200
"""Of what a person or a school is called, and of where somebody lives."""


def composed(text: str) -> str:
    """A text in Unicode's composed form (NFC), with single blanks."""
    words = " ".join(text.split())
    return words if words.isascii() else unicodedata.normalize("NFC", words)
