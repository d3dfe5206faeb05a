"""One record becomes a person, or a sentence that says what is wrong with it."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TypeVar
from zoneinfo import available_timezones

from subscribers.addresses import EmailAddress
from subscribers.errors import NewsletterError
from subscribers.grades import Bands, RollOver
from subscribers.households import ChildTold, parse_children
from subscribers.languages import parse_language
from subscribers.tables import Role

_T = TypeVar("_T")
_LONGEST_TEXT = 200
_YES = frozenset({"yes", "y", "true", "1"})
_NO = frozenset({"no", "n", "false", "0"})


class RowInvalid(NewsletterError):
    """This line cannot be imported; its sentence says why."""


@dataclass(frozen=True, slots=True)
class School:
    """How grades in a file are read: as told on `day`."""

    day: date
    roll_over: RollOver
    bands: Bands


@dataclass(frozen=True, slots=True)
class Person:
    """What a file tells of one reader. An empty text, and None, say nothing."""

    line: int
    address: EmailAddress
    hashed: str
    name: str
    language: str
    time_zone: str
    roles: tuple[Role, ...]
    tags: tuple[str, ...]
    children: tuple[ChildTold, ...] | None
    household: str
    tracking: bool | None


class PersonReader:
    """Reads the fields of a record, and says every problem of a line at once."""

    def __init__(self, school: School, hash_of: Callable[[str], str]) -> None:
        self._school = school
        self._hash_of = hash_of

    def read(self, line: int, fields: Mapping[str, str]) -> Person:
        """Read one record's fields. Raises `RowInvalid`."""
        cells = _Cells(fields)
        address = cells.read("email", EmailAddress.parse)
        grades = cells.read("grades", self._children) or ()
        name = cells.read("name", _text) or ""
        language = cells.read("language", parse_language) or ""
        time_zone = cells.read("timezone", _time_zone) or ""
        roles = cells.read("roles", _roles) or ()
        tags = cells.read("tags", _tags) or ()
        household = cells.read("household", _text) or ""
        tracking = cells.read("tracking", _yes_or_no)
        if address is None or cells.problems:
            raise RowInvalid(" ".join(cells.problems) or "There is no email address.")
        children = grades if "grades" in fields else None
        hashed = self._hash_of(address.key)
        return Person(line, address, hashed, name, language, time_zone, roles, tags, children, household, tracking)

    def _children(self, text: str) -> tuple[ChildTold, ...]:
        return parse_children(text, self._school.day, self._school.roll_over, self._school.bands)


class _Cells:
    """The cells of one record, and what is wrong with them."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        self.problems: list[str] = []

    def read(self, field: str, parse: Callable[[str], _T]) -> _T | None:
        """What a cell says; None where it is empty, missing or wrong."""
        text = self._fields.get(field)
        if not text:
            return None
        try:
            return parse(text)
        except NewsletterError as error:
            self.problems.append(str(error))
            return None


def _text(text: str) -> str:
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(text) > _LONGEST_TEXT:
        raise RowInvalid(f"{text[:30]!r}... is longer than {_LONGEST_TEXT} characters.")
    if not text.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise RowInvalid(f"{text!r} has a control character in it.")
    return text


def _time_zone(text: str) -> str:
    if text not in _time_zones():
        raise RowInvalid(f"{text[:30]!r} is not a time zone: use a name like America/Chicago.")
    return text


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _roles(text: str) -> tuple[Role, ...]:
    try:
        return tuple(dict.fromkeys(Role(word.casefold()) for word in _words(text)))
    except ValueError as error:
        raise RowInvalid(f"{text[:30]!r} is not a role: use {', '.join(Role)}.") from error


def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_text, _words(text))))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.replace(",", ";").split(";") if word.strip()]


def _yes_or_no(text: str) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise RowInvalid(f"{text[:30]!r} does not answer whether tracking is agreed: use yes or no.")
    return word in _YES
