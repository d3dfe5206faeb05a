"""Days, weekdays and times as people write them in a text, in the digits and the words of its language."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from .said_names import Names, names_of

_TO = r"\s*(?:[-–—]|to|and|or|through|until|al?|y|o|hasta|au?|et|ou|à|إلى|و|đến|và|tới|至|到|和|、)\s*"
_ARTICLE = r"(?:(?:the|el|le|ngày|يوم)\s+)?"
_ORDINAL = r"(?:st|nd|rd|th|er|ro|º|°)?"
_DAY = rf"(?<![\d.:])(\d{{1,2}}){_ORDINAL}"
_CHINESE_DAY = r"([一二三]?十?[一二三四五六七八九十])"
_GAP = re.compile(
    r"[\s,،，(（]*(?:morning|afternoon|evening|night|por la \w+|en la \w+|matin|soir|مساء|صباح|sáng|chiều|tối)?"
    r"[\s,،，(（]*(?:the|el|le|ngày|يوم|الموافق|on)?\s*",
    re.IGNORECASE,
)
_DIGITS_ONLY = re.compile(
    r"(?<![\w/.-])(?:(?P<year>\d{4})[-/](\d{1,2})[-/](\d{1,2})|(\d{1,2})/(\d{1,2})(?:/\d{2,4})?)(?![\w/-])"
)
_FRACTIONS = ("1/2", "1/3", "2/3", "1/4", "3/4", "24/7", "9/11")
_LAST_MONTH, _LAST_DAY = 12, 31
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
class Weekday:
    """A weekday, 0 for Monday."""

    start: int
    words: str
    no: int


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
    for match in _dates(language).finditer(text):
        start, end, weekday = _with_weekday(text, match.start(), match.end(), names)
        if weekday:
            weekdays[weekday.start] = weekday
        days += _of_match(match, names, words[start:end].rstrip("."), weekday.no if weekday else None)
        spans.append((start, end))
    for sure in re.finditer(names.sure_weekday, text, names.flags):
        weekdays.setdefault(sure.start(), Weekday(sure.start(), sure[0], names.weekday_no(sure[0])))
        spans.append(sure.span())
    digits = tuple(_in_digits(text))
    spans += [(one.start, one.start + len(one.words)) for one in digits]
    return Said(tuple(days), tuple(weekdays[at] for at in sorted(weekdays)), digits, blanked(text, spans))


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


@lru_cache(maxsize=32)
def _dates(language: str) -> re.Pattern[str]:
    """A day, or the two ends of some days, before a month or behind it."""
    names = names_of(language)
    ends = "" if language.startswith("zh") else r"(?![^\W\d_])"
    day = rf"(?:{_DAY}|{_CHINESE_DAY})(?!\d?[月])" if language.startswith("zh") else _DAY
    two = rf"{day}(?:日|号)?(?:(?:\s*[,，、]\s*{day}(?:日|号)?)*{_TO}{_ARTICLE}{day})?"
    first = (
        rf"{two}\.?\s*(?:de\s+|of\s+|من\s+)?\b{names.month}{ends}\.?(?:,?\s*(?:de\s+|del\s+|năm\s+)?(\d{{4}})(?!\d))?"
    )
    if language.startswith("en"):
        first += r"(?!\s+\d{1,2}(?![\d:]))"  # grade 6 December 8
    second = (
        rf"(?:(\d{{4}})年\s*)?{names.month}{ends}\.?\s*(?:the\s+)?{two}(?!\d|:\d)(?:日|号)?(?:,?\s*(\d{{4}})(?![\d:]))?"
    )
    return re.compile(rf"(?P<a>{first})|(?P<b>{second})", names.flags)


def _of_match(match: re.Match[str], names: Names, words: str, weekday: int | None) -> Iterator[Day]:
    month = next(re.finditer(names.month, match[0], names.flags))
    outside = match[0][: month.start()] + " " + match[0][month.end() :]
    year = re.search(r"\d{4}", outside)
    numbers = re.findall(r"\d{1,2}|[一二三四五六七八九十]+", outside.replace(year[0], " ") if year else outside)
    for number in numbers:
        day = int(number) if number.isdigit() else _chinese(number)
        yield Day(
            match.start(), words, names.month_no(month[0]), day, int(year[0]) if year else None,
            weekday if number == numbers[0] else None,
        )  # fmt: skip


def _with_weekday(text: str, start: int, end: int, names: Names) -> tuple[int, int, Weekday | None]:
    """The span of a date and of the weekday that stands right before or behind it."""
    for found in re.finditer(rf"\b{names.weekday}\.?", text[max(0, start - 40) : start], names.flags):
        at = max(0, start - 40) + found.start()
        if _GAP.fullmatch(text, at + len(found[0]), start):
            return at, end, Weekday(at, found[0], names.weekday_no(found[0]))
    behind = re.compile(rf"(?:日|号)?\s*[,،(（]?\s*({names.weekday})[)）]?", names.flags).match(text, end)
    if behind:
        return start, behind.end(), Weekday(behind.start(1), behind[1], names.weekday_no(behind[1]))
    return start, end, None


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
