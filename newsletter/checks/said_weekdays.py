"""The weekdays that stand at a date, and which of its days each belongs to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from .said_dates import AND, ARTICLE, TO
from .said_names import Names, names_of

_GAP = re.compile(
    r"[\s,،，(（]*(?:morning|afternoon|evening|night|por la \w+|en la \w+|matin|soir|مساء|صباح|sáng|chiều|tối)?"
    r"[\s,،，(（]*(?:the|el|le|les|ngày|يوم|الموافق|on)?\s*",
    re.IGNORECASE,
)
_FAR = 100
"""Letters before a date in which its weekdays can stand."""
_WEEK = 7
_SPAN = re.compile(rf"\.?\s*[,،]?{TO}{ARTICLE}", re.IGNORECASE)
_SPAN_OF_DAYS = re.compile(rf"(?:(?<=[日号])|(?<![^\W\d_])){TO}{ARTICLE}[\d一二三四五六七八九十]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Weekday:
    """A weekday, 0 for Monday."""

    start: int
    words: str
    no: int


@dataclass(frozen=True, slots=True)
class AtDate:
    """The span of a date with its weekdays; `of_days` has that of each day, None where nobody can tell it."""

    start: int
    end: int
    weekdays: tuple[Weekday, ...]
    of_days: tuple[int | None, ...]


def at_date(text: str, match: re.Match[str], days: Sequence[int], language: str) -> AtDate:
    """The weekdays right before a date, in it or behind it; they belong to its days where they are as many.

    "Monday to Friday" goes with "7 to 11" and not with "7 and 11", nor with days that are more than a week apart.
    """
    shapes = _shapes(language)
    within = [one for name in ("w", "p") for one in shapes.found(text, *match.span(name))]
    before = None if within else shapes.before(text, match.start())
    if before:
        told = tuple(shapes.found(text, *before))
        return AtDate(before[0], match.end(), told, _each(text, told, match[0], days))
    behind = shapes.behind(text, match.end()) if len(within) < len(days) else None
    if behind is None:
        return AtDate(match.start(), match.end(), tuple(within), _in_order(within, days))
    told = tuple(shapes.found(text, *behind[:2]))
    of_days = _in_order([*within, *told], days) if within else _each(text, told, match[0], days)
    return AtDate(match.start(), behind[2], (*within, *told), of_days)


def _in_order(told: Sequence[Weekday], days: Sequence[int]) -> tuple[int | None, ...]:
    return tuple(one.no for one in told) if len(told) == len(days) else (None,) * len(days)


def _each(text: str, told: Sequence[Weekday], date: str, days: Sequence[int]) -> tuple[int | None, ...]:
    """One for each day, where weekdays and days are both one, both a list, or both a span within a week."""
    between = [text[one.start + len(one.words) : other.start] for one, other in pairwise(told)]
    is_span = any(_SPAN.fullmatch(joint) for joint in between)
    is_alike = is_span == bool(_SPAN_OF_DAYS.search(date)) and (not is_span or 0 < days[-1] - days[0] < _WEEK)
    return _in_order(told if is_alike or len(days) == 1 else (), days)


@dataclass(frozen=True, slots=True)
class _Shapes:
    """How weekdays stand at dates in a language."""

    names: Names
    list_before: re.Pattern[str]
    behind_date: re.Pattern[str]

    def found(self, text: str, start: int, end: int) -> Iterator[Weekday]:
        """The weekdays in a piece of a text."""
        for match in re.compile(self.names.weekday, self.names.flags).finditer(text, start, end):
            yield Weekday(match.start(), match[0], self.names.weekday_no(match[0]))

    def before(self, text: str, start: int) -> tuple[int, int] | None:
        """Where the weekdays are that a date follows."""
        for match in self.list_before.finditer(text, max(0, start - _FAR), start):
            if _GAP.fullmatch(text, match.end(), start):
                return match.span()
        return None

    def behind(self, text: str, end: int) -> tuple[int, int, int] | None:
        """Where the weekdays are that follow a date, and where what is around them ends."""
        match = self.behind_date.match(text, end)
        if match is None:
            return None
        name = next(name for name in ("a", "b", "c") if match[name])
        return match.start(name), match.end(name), match.end()


@lru_cache(maxsize=32)
def _shapes(language: str) -> _Shapes:
    names = names_of(language)
    joint = rf"(?:\s*[,،、;]?(?:{AND}|{TO})|\s*[,،、]\s*){ARTICLE}"
    many = rf"{names.weekday}\.?(?:{joint}{names.weekday}\.?){{0,6}}"
    sure = rf"{names.weekday}(?:{joint}{names.weekday}){{0,6}}"
    behind = (
        rf"(?:日|号|일)?(?:\s*[(（]\s*(?P<a>{many})\s*[)）]"
        rf"|(?P<b>{sure})|\s*[,،，]?\s*(?P<c>{sure})(?=\s*(?:$|[.!?;)،。，；！？）])))"
    )
    return _Shapes(names, re.compile(rf"\b{many}", names.flags), re.compile(behind, names.flags))
