"""A fault and its words."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from .reading import Attribute

_LONGEST_SHOWN = 40


class Fault(NamedTuple):
    """Something wrong, at an index of the text."""

    at: int
    sentence: str
    remedy: str


def shown(text: str) -> str:
    """A text as a sentence can hold it: one line, and not long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}..."


def suggestion(word: str, words: Collection[str]) -> str:
    """Asks whether a word that is alike was meant; nothing where none is."""
    close = get_close_matches(word.lower(), words, n=1) if len(word) <= _LONGEST_SHOWN else []
    return f"Did you mean {close[0]}?" if close else ""


def value_faults(attribute: Attribute) -> Iterator[Fault]:
    """What the compiler would write wrongly into the mail: it puts double quotes around what it read."""
    value = attribute.value or ""
    if '"' in value:
        yield Fault(attribute.at, f"The value of {shown(attribute.name)} holds a double quote.", "Write &quot; for it.")
    elif any(mark in value for mark in "\t\r\n"):
        sentence = f"The value of {shown(attribute.name)} has more than one line, or a tab."
        yield Fault(attribute.at, sentence, "Write it in one line, with spaces.")
