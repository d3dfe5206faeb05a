"""What an examination of an installation has to say."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    """As it should be."""
    WARNING = "warning"
    """Worth a look; it may be meant so, or mends itself."""
    ERROR = "error"
    """Mail cannot leave, or must not, as it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. It never holds a secret."""

    level: Level
    about: str
    """What was looked at, in a word or two: `secret key`."""
    sentence: str
    """What was found."""
    remedy: str = ""
    """What to do about it; empty where nothing is to be done."""


def ok(about: str, sentence: str) -> Finding:
    """A finding that all is well."""
    return Finding(Level.OK, about, sentence)


def warning(about: str, sentence: str, remedy: str) -> Finding:
    """A finding that a person may pass over."""
    return Finding(Level.WARNING, about, sentence, remedy)


def error(about: str, sentence: str, remedy: str) -> Finding:
    """A finding that somebody must do something about."""
    return Finding(Level.ERROR, about, sentence, remedy)
