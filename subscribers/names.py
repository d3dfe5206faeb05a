"""Texts that people call things by, as forms, imports and rules keep and compare them."""

import unicodedata

LONGEST = 200
"""Of what a person or a school is called, and of where somebody lives."""


def composed(text: str) -> str:
    """A text in Unicode's composed form (NFC), with single blanks."""
    words = " ".join(text.split())
    return words if words.isascii() else unicodedata.normalize("NFC", words)
