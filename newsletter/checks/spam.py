"""What SpamAssassin says of a letter, where it is installed."""

import re
import shutil
import subprocess
from dataclasses import dataclass

from newsletter.errors import NewsletterError

from .catalog import Check
from .findings import Finding, warning

_PROGRAM = "spamassassin"
_SCORE = re.compile(r"\((-?[\d.]+) points")
_RULE = re.compile(r"^\s*(-?\d+\.\d+) ([A-Z][A-Z0-9_]+)\s+(.*)$", re.MULTILINE)
_MANY_POINTS = 3.0
"""Most mail servers refuse at 5; others add points of their own for the sender."""


class SpamUnknown(NewsletterError):
    """SpamAssassin did not say how the letter does."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that the letter meets, and its points; below zero for what speaks for it."""

    points: float
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Score:
    """The sum of all points, and the rules that gave any."""

    points: float
    rules: tuple[Rule, ...]


def is_installed() -> bool:
    """Whether there is a SpamAssassin to ask."""
    return shutil.which(_PROGRAM) is not None


def score(message: bytes, seconds: float = 60) -> Score:
    """Ask SpamAssassin about a whole message (RFC 5322), without the network. Raises `SpamUnknown`."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise SpamUnknown("SpamAssassin is not installed here: apt install spamassassin")
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed command; the letter comes on standard input
            [program, "--test-mode", "--local"], input=message, capture_output=True, timeout=seconds, check=True
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise SpamUnknown(f"{SpamUnknown.__doc__} {fault}") from fault
    return read(asked.stdout.decode("utf-8", "replace"))


def read(report: str) -> Score:
    """The score in what SpamAssassin printed. Raises `SpamUnknown`."""
    points = _SCORE.search(report)
    if points is None:
        raise SpamUnknown
    rules = (Rule(float(given), name, " ".join(meaning.split())) for given, name, meaning in _RULE.findall(report))
    return Score(float(points[1]), tuple(rule for rule in rules if rule.points))


def findings(scored: Score, language: str) -> list[Finding]:
    """What there is to say about a score: above three points, each rule that gave some."""
    if scored.points <= _MANY_POINTS:
        return []
    place = f"letter, {language}"
    sentence = f"SpamAssassin gives {scored.points:g} points; many servers refuse at 5."
    whole = warning(Check.SPAM, 1, place, sentence, "Mend what gives the most points.")
    bad = sorted((rule for rule in scored.rules if rule.points > 0), key=lambda rule: -rule.points)
    return [
        whole,
        *(
            warning(Check.SPAM, 1, place, f"{rule.points:g} points: {rule.meaning}", f"Look up {rule.name}.")
            for rule in bad
        ),
    ]
