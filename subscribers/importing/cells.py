"""What the cells of a file say. Each function reads one kind of cell, or raises a sentence that says what is wrong."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from ipaddress import ip_address

from subscribers import names, time_zones
from subscribers.errors import NewsletterError
from subscribers.tables import Role

_LONGEST_ATTRIBUTE = 2_000
_MOST_SUBJECTS = 100
_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0"})
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_ON_A_DAY = re.compile(r"(.*)\((\d{4}-\d{2}-\d{2})\)", re.DOTALL)
_DAY_OR_MONTH_FIRST = re.compile(r"\d{1,2}([./-])\d{1,2}\1(\d{4}|\d{2})\b")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{0,14}[1-9])?")


class RowInvalid(NewsletterError):
    """This line cannot be imported; its sentence says why."""


def text(cell: str, longest: int = names.LONGEST) -> str:
    """Read a text: in Unicode's composed form (NFC), with single blanks."""
    words = names.composed(cell)
    if len(words) > longest:
        raise RowInvalid(f"{words[:30]!r}... is longer than {longest:,} characters.")
    if not words.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in words):
        raise RowInvalid(f"{words!r} has a control character in it.")
    return words


def time_zone(cell: str) -> str:
    """Read an IANA name."""
    if cell not in time_zones.names():
        raise RowInvalid(f"{cell[:30]!r} is not a time zone: use a name like America/Chicago.")
    return cell


def roles(cell: str) -> tuple[Role, ...]:
    """Read `family;educator`."""
    try:
        return tuple(dict.fromkeys(Role(word.casefold()) for word in _words(cell.replace(",", ";"))))
    except ValueError as error:
        raise RowInvalid(f"{cell[:30]!r} is not a role: use {', '.join(Role)}.") from error


def tags(cell: str) -> tuple[str, ...]:
    """Read `pta;band`."""
    return tuple(dict.fromkeys(map(text, _words(cell.replace(",", ";")))))


def yes_or_no(cell: str) -> bool:
    """Read an answer about tracking."""
    word = cell.casefold()
    if word not in _YES | _NO:
        raise RowInvalid(f"{cell[:30]!r} does not answer whether tracking is agreed: use yes or no.")
    return word in _YES


@lru_cache(1_000)
def moment(cell: str) -> datetime:
    """Read a date or a time by ISO 8601, in UTC where no zone is told; a date is its first instant.

    Whether `03/04/2025` is in March or in April no file says, and a wrong guess looks right.
    """
    try:
        at = datetime.fromisoformat(cell)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if _DAY_OR_MONTH_FIRST.match(cell):
            way = "write year, month and day, like 2024-09-01 for the first of September"
            raise RowInvalid(f"{cell[:30]!r} does not say which is the day and which the month: {way}.") from error
        raise RowInvalid(f"{cell[:30]!r} is not a time: write it like 2024-09-01 or 2024-09-01T08:30:00Z.") from error


def network(cell: str) -> str:
    """Read an IP address, of version 4 or 6."""
    try:
        return str(ip_address(cell))
    except ValueError as error:
        raise RowInvalid(f"{cell[:30]!r} is not a network address like 192.0.2.7.") from error


def attended(cell: str) -> Mapping[str, date | None]:
    """Read `Homework help (2026-03-04);Reading night`: the last day of each subject, where one is told."""
    last: dict[str, date | None] = {}
    for word in _subjects(cell):
        on_a_day = _ON_A_DAY.fullmatch(word)
        subject, day = (on_a_day[1].rstrip(), _day(on_a_day[2])) if on_a_day else (word, None)
        if not subject:
            raise RowInvalid(f"{word[:30]!r} names no subject: write it like Homework help (2026-03-04).")
        known = last.get(subject)
        last[subject] = day if known is None else max(known, day or known)
    return last


def interests(cell: str) -> tuple[str, ...]:
    """Read `Tutoring;Hosting a workshop`."""
    return tuple(dict.fromkeys(_subjects(cell)))


def attribute(cell: str) -> str | int | float:
    """Read a value: a number where its text is the number's own, so that 007 stays a text."""
    value = text(cell, _LONGEST_ATTRIBUTE)
    if not _NUMBER.fullmatch(value) or value == "-0":
        return value
    number = float(value) if "." in value else int(value)
    return number if str(number) == value else value


def is_attribute_name(name: str) -> bool:
    """Whether an attribute may be called so."""
    return _ATTRIBUTE_NAME.fullmatch(name) is not None


def _words(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(";") if word.strip()]


def _subjects(cell: str) -> list[str]:
    words = [text(word) for word in _words(cell)]
    if len(words) > _MOST_SUBJECTS:
        raise RowInvalid(f"{cell[:30]!r}... names more than {_MOST_SUBJECTS} subjects.")
    return words


def _day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise RowInvalid(f"{word} is not a day of the calendar.") from error
