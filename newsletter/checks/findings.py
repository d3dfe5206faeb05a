"""What a check has to say."""

from dataclasses import dataclass
from enum import StrEnum

from .catalog import Check


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """The issue cannot be sent as it is."""
    WARNING = "warning"
    """Worth a look; it may be meant so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at in an issue."""

    level: Level
    check: Check
    line: int
    """Of the file, counted from 1."""
    place: str
    """Where it is, in words: `section reading, es`."""
    sentence: str
    """What is wrong."""
    remedy: str
    """What to do about it."""


def error(check: Check, line: int, place: str, sentence: str, remedy: str) -> Finding:
    """A finding that keeps the issue from being sent."""
    return Finding(Level.ERROR, check, line, place, sentence, remedy)


def warning(check: Check, line: int, place: str, sentence: str, remedy: str) -> Finding:
    """A finding that a person may pass over."""
    return Finding(Level.WARNING, check, line, place, sentence, remedy)
