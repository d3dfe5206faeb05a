"""School years, grades and bands. A child is a graduation year; grade and band follow from a day."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from .errors import NewsletterError

PRE_KINDERGARTEN = -1
KINDERGARTEN = 0
LAST_GRADE = 12
_PRE_KINDERGARTEN = ("PK", "PREK", "PRE-K", "PRE K", "PREKINDERGARTEN", "PRE-KINDERGARTEN")
_KINDERGARTEN = ("K", "KG", "KINDER", "KINDERGARTEN")
_BEFORE = ("", "GRADE ", "GR ", "GR. ", "GR.")
_ORDINALS = {1: "1ST", 2: "2ND", 3: "3RD"}
_BAND = re.compile(r"([a-z][a-z-]*)=([A-Za-z0-9]+)(?:-([A-Za-z0-9]+))?")


class GradeInvalid(NewsletterError):
    """A grade is PK, K or a number from 1 to 12."""


class BandsInvalid(NewsletterError):
    """Bands look like: elementary=PK-5 middle=6-8 high=9-12."""


class RollOverInvalid(NewsletterError):
    """The school year's first day looks like 07-01; 29 February is not in every year."""


@dataclass(frozen=True, slots=True)
class RollOver:
    """The day of the year on which every child moves up a grade."""

    month: int
    day: int

    @classmethod
    def parse(cls, text: str) -> "RollOver":
        """Read `MM-DD`."""
        match = re.fullmatch(r"(\d{2})-(\d{2})", text.strip())
        if match is None:
            raise RollOverInvalid
        month, day = int(match[1]), int(match[2])
        try:
            date(2001, month, day)  # a year without 29 February
        except ValueError as error:
            raise RollOverInvalid from error
        return cls(month, day)

    def end_year(self, day: date) -> int:
        """The year of the last day of the school year that holds `day`."""
        start_year = day.year if (day.month, day.day) >= (self.month, self.day) else day.year - 1
        return (date(start_year + 1, self.month, self.day) - timedelta(days=1)).year

    def begins_on(self, end_year: int) -> date:
        """The first day of the school year that ends in `end_year`: the day on which every child moves up."""
        return date(end_year if self._is_new_year else end_year - 1, self.month, self.day)

    def school_year(self, end_year: int) -> str:
        """A school year as people write it: 2026-27, or 2026 where it is the calendar's."""
        return str(end_year) if self._is_new_year else f"{end_year - 1}-{end_year % 100:02}"

    @property
    def _is_new_year(self) -> bool:
        return (self.month, self.day) == (1, 1)

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"


@dataclass(frozen=True, slots=True)
class Band:
    """A range of grades, both ends included."""

    name: str
    lowest: int
    highest: int

    def graduation_years(self, end_year: int) -> tuple[int, int]:
        """The earliest and latest graduation years of children in this band in a school year."""
        return end_year + LAST_GRADE - self.highest, end_year + LAST_GRADE - self.lowest


@dataclass(frozen=True, slots=True)
class Bands:
    """The bands of an organization, youngest first, not overlapping."""

    all: tuple[Band, ...]

    @classmethod
    def parse(cls, text: str) -> "Bands":
        """Read `elementary=PK-5 middle=6-8 high=9-12`."""
        bands = tuple(sorted((_parse_band(word) for word in text.split()), key=lambda band: band.lowest))
        names = {band.name for band in bands}
        overlap = any(low.highest >= high.lowest for low, high in pairwise(bands))
        if not bands or len(names) < len(bands) or overlap:
            raise BandsInvalid
        return cls(bands)

    def __iter__(self) -> Iterator[Band]:
        return iter(self.all)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, youngest first."""
        return tuple(band.name for band in self.all)

    def of_grade(self, grade: int) -> Band | None:
        """The band a grade lies in."""
        return next((band for band in self.all if band.lowest <= grade <= band.highest), None)

    def __str__(self) -> str:
        return " ".join(f"{b.name}={grade_word(b.lowest)}-{grade_word(b.highest)}" for b in self.all)


def _parse_band(word: str) -> Band:
    match = _BAND.fullmatch(word)
    if match is None:
        raise BandsInvalid
    lowest = parse_grade(match[2])
    highest = parse_grade(match[3]) if match[3] else lowest
    if lowest > highest:
        raise BandsInvalid
    return Band(match[1], lowest, highest)


def grade_of(graduation_year: int, end_year: int) -> int:
    """The grade in the school year that ends in `end_year`; above 12 the child has left school."""
    return LAST_GRADE - (graduation_year - end_year)


def graduation_year_of(grade: int, end_year: int) -> int:
    """The inverse of `grade_of`."""
    return end_year + LAST_GRADE - grade


def parse_grade(text: str) -> int:
    """Read PK, K or 1 to 12, or what else people write for these and for nothing else. Raises `GradeInvalid`."""
    grade = _spellings().get(" ".join(text.upper().split()))
    if grade is not None:
        return grade
    raise GradeInvalid(f"{text.strip()!r} is not a grade: use PK, K or a number from 1 to 12.")


def grade_word(grade: int) -> str:
    """PK, K or the number, as people write it."""
    return {PRE_KINDERGARTEN: "PK", KINDERGARTEN: "K"}.get(grade, str(grade))


@cache
def _spellings() -> dict[str, int]:
    """Each way to write a grade: `3`, `03`, `Grade 3`, `Gr. 3`, `3rd`, `3rd grade`, `Kindergarten`, `Grade K`."""
    numbers = range(1, LAST_GRADE + 1)
    names = dict.fromkeys(_PRE_KINDERGARTEN, PRE_KINDERGARTEN) | dict.fromkeys(_KINDERGARTEN, KINDERGARTEN)
    names |= {str(grade): grade for grade in numbers} | {f"{grade:02}": grade for grade in numbers}
    names |= {f"{grade}.0": grade for grade in numbers}  # a spreadsheet's column of numbers
    spellings = {before + name: grade for name, grade in names.items() for before in _BEFORE}
    ordinals = {_ORDINALS.get(grade, f"{grade}TH"): grade for grade in numbers}
    return spellings | ordinals | {f"{ordinal} GRADE": grade for ordinal, grade in ordinals.items()}
