"""Days, weekdays and times as people write them in a text, in the digits and the words of its language."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import repeat

from .said_dates import is_count, is_surely_date, pattern
from .said_names import Names, names_of
from .said_weekdays import AtDate, Weekday, at_date

_DIGITS_ONLY = re.compile(
    r"(?<![\w/.-])(?:(?P<year>\d{4})[-/](\d{1,2})[-/](\d{1,2})|(\d{1,2})/(\d{1,2})(?:/\d{2,4})?)(?![\w/-])"
)
_FRACTIONS = ("1/2", "1/3", "2/3", "1/4", "3/4", "24/7", "9/11")
_LAST_MONTH, _LAST_DAY = 12, 31
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""The days that every year has in a month."""
_CLOSE = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the year as it was said; the year and the weekday where they were."""

    start: int
    words: str
    month: int
    day: int
    year: int | None
    weekday: int | None

    def near(self, day: date) -> date | None:
        """The date that is meant; None where there is no such day.

        Without a year, it is the one of these months; farther away, the one that has the weekday, or else the next.
        """
        years = (self.year,) if self.year else (day.year, day.year + 1, day.year - 1)
        found = [made for year in years if (made := _date(year, self.month, self.day))]
        close = [made for made in found if abs(made - day) <= _CLOSE]
        fitting = [made for made in found if made.weekday() == self.weekday]
        ahead = [made for made in found if made >= day]
        return next(iter((*close, *fitting, *ahead, *found)), None)


@dataclass(frozen=True, slots=True)
class Digits:
    """A date in digits alone."""

    start: int
    words: str
    is_iso: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says of days; `rest` is the text with spaces in their place."""

    days: tuple[Day, ...]
    weekdays: tuple[Weekday, ...]
    """Those at days too."""
    digits: tuple[Digits, ...]
    rest: str


@lru_cache(maxsize=1024)
def days_in(words: str, language: str) -> Said:
    """Everything that a text says of days, in order."""
    names, text = names_of(language), in_ascii_digits(words)
    spans: list[tuple[int, int]] = []
    days: list[Day] = []
    weekdays: dict[int, Weekday] = {}
    for match in pattern(language).finditer(text):
        month, (numbers, year) = names.month_no(match["m"] or match["n"]), _numbers_of(match, names)
        at = at_date(text, match, numbers, language)
        if _is_date(text, match, month, numbers, at):
            weekdays |= {weekday.start: weekday for weekday in at.weekdays}
            shown = words[at.start : at.end].rstrip(".")
            days += (Day(match.start(), shown, month, *one) for one in zip(numbers, repeat(year), at.of_days))
            spans.append((at.start, at.end))
    for found in re.finditer(names.sure_weekday, text, names.flags):
        weekdays.setdefault(found.start(), Weekday(found.start(), found[0], names.weekday_no(found[0])))
        spans.append(found.span())
    digits = tuple(_in_digits(text))
    spans += [(one.start, one.start + len(one.words)) for one in digits]
    return Said(tuple(days), tuple(weekdays[at] for at in sorted(weekdays)), digits, blanked(text, spans))


def _is_date(text: str, match: re.Match[str], month: int, numbers: list[int], at: AtDate) -> bool:
    """Whether numbers beside a month are days: where not every year has them, only if something else tells so."""
    is_day = all(number <= _LENGTHS[month - 1] for number in numbers)
    return not is_count(text, match) and bool(is_day or at.weekdays or is_surely_date(text, match))


def in_ascii_digits(text: str) -> str:
    """The text, letter for letter, with 0 to 9 for the digits of other scripts."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if not c.isascii() and c.isdecimal() else c for c in text)


def blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with spaces in some places."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        if end > at:
            pieces += [text[at:start], " " * (end - max(at, start))]
            at = end
    return "".join((*pieces, text[at:]))


def _numbers_of(match: re.Match[str], names: Names) -> tuple[list[int], int | None]:
    """The days of a date, and its year."""
    start, end = (at - match.start() for at in match.span("m" if match["m"] else "n"))
    outside = match[0][:start] + " " + match[0][end:]
    outside = re.sub(names.weekday, " ", outside, flags=names.flags)  # "thứ 2", "星期一"
    year = re.search(r"\d{4}", outside)
    numbers = re.findall(r"\d{1,2}|[一二三四五六七八九十]+", outside.replace(year[0], " ") if year else outside)
    days = [int(number) if number.isdigit() else _chinese(number) for number in numbers]
    return days, int(year[0]) if year else None


def _in_digits(text: str) -> Iterator[Digits]:
    for match in _DIGITS_ONLY.finditer(text):
        parts = [int(part) for part in re.findall(r"\d+", match[0])]
        first, second = parts[-2:] if match["year"] else parts[:2]
        if match[0] not in _FRACTIONS and 0 < min(first, second) <= _LAST_MONTH and max(first, second) <= _LAST_DAY:
            yield Digits(match.start(), match[0], is_iso=bool(match["year"]))


def _chinese(number: str) -> int:
    ones = "一二三四五六七八九"
    tens, _, rest = number.rpartition("十")
    if "十" not in number:
        return ones.find(number) + 1
    return 10 * (ones.find(tens) + 1 or 1) + (ones.find(rest) + 1 if rest else 0)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
