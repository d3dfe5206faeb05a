"""One record becomes a person, or sentences that say what is wrong with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from subscribers.addresses import EmailAddress
from subscribers.errors import NewsletterError
from subscribers.grades import Bands, RollOver
from subscribers.households import parse_children
from subscribers.languages import parse_language
from subscribers.retelling import ChildTold
from subscribers.schools import parse_school
from subscribers.standings import Standing
from subscribers.tables import Role

from . import cells
from .cells import RowInvalid
from .files import ImportFileInvalid

_ATTRIBUTE = "attribute:"
_MOST_FACTS = 10_000
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class School:
    """How grades in a file are read: as told on `day`."""

    day: date
    roll_over: RollOver
    bands: Bands


class Children(NamedTuple):
    """The children of one cell, and what they are compared by."""

    told: tuple[ChildTold, ...]
    alike: list[tuple[int, str, int]]
    """Year, band and end year of each, in an order."""
    schools: frozenset[str]
    words: str
    """All of them in one text, in the order they are told; see `recognition`."""

    @classmethod
    def of(cls, told: Iterable[ChildTold]) -> "Children":
        """Children that were told."""
        children = tuple(told)
        alike = sorted((child.graduation_year or 0, child.band or "", child.end_year or 0) for child in children)
        words = ";".join(
            f"{child.graduation_year or ''}/{child.band or ''}/{child.end_year or ''}//{child.school}"
            for child in children
        )
        return cls(children, alike, frozenset(child.school for child in children) - {""}, words)


class Facts(NamedTuple):
    """What a file tells of many readers in the same words, and so is read once. Empty texts and None say nothing."""

    language: str = ""
    time_zone: str = ""
    place: str = ""
    school: str = ""
    """Where the reader works; the schools of children are told with them."""
    roles: tuple[Role, ...] = ()
    tags: tuple[str, ...] = ()
    children: Children | None = None
    tracking: bool | None = None
    standing: Standing = Standing.SUBSCRIBED
    attended: Mapping[str, date | None] = _NOTHING
    interests: tuple[str, ...] = ()


class Person(NamedTuple):
    """What a file tells of one reader. Empty texts and None say nothing."""

    line: int
    address: EmailAddress
    hashed: str
    facts: Facts
    name: str = ""
    household: str = ""
    joined: datetime | None = None
    confirmed: datetime | None = None
    network: str = ""
    attributes: Mapping[str, str | int | float] = _NOTHING

    def without_facts(self) -> "Person":
        """What is kept of who left elsewhere: the address, and how to write to them if they come back."""
        facts = Facts(self.facts.language, self.facts.time_zone, standing=self.facts.standing)
        return self._replace(facts=facts, household="", network="", attributes=_NOTHING)


class PersonInvalid(RowInvalid):
    """This line cannot be imported; `address` is empty where not even that could be read."""

    def __init__(self, sentence: str, address: EmailAddress | None, *, is_nobody: bool) -> None:
        super().__init__(sentence)
        self.address = address
        self.is_nobody = is_nobody
        """Whether the line names no address at all."""


class PersonReader:
    """Reads the fields of a file's records, and says every problem of a line at once."""

    def __init__(self, school: School, hash_of: Callable[[str], str], now: datetime) -> None:
        self._school = school
        self._hash_of = hash_of
        self._now = now
        self._own: list[tuple[str, str, Callable[[str], Any]]] = []
        """Of each field that is the reader's own: its name in a `Person`, in the file, and how it is read."""
        self._shared: list[str] = []
        self._facts = lru_cache(_MOST_FACTS)(self._read_facts)

    def read(self, line: int, fields: Mapping[str, str]) -> Person:
        """Read one record's fields. Raises `PersonInvalid`, or `ImportFileInvalid` for what no line can put right."""
        if not self._own:
            self._learn(fields)
        facts, wrong = self._facts(tuple([fields[field] for field in self._shared]))
        own, problems = self._read_own(fields)
        address: EmailAddress | None = own.pop("email", None)
        if address is None or problems or wrong:
            sentence = " ".join([*problems, *wrong]) or "There is no email address."
            raise PersonInvalid(sentence, address, is_nobody=not fields.get("email"))
        return Person(line, address, self._hash_of(address.key), facts, **own)

    def _learn(self, fields: Mapping[str, str]) -> None:
        """Take in which fields this file has."""
        parsers: dict[str, Callable[[str], Any]] = {
            "email": EmailAddress.parse,
            "name": cells.text,
            "household": cells.text,
            "joined": self._past,
            "confirmed": self._past,
            "network": cells.network,
        }
        self._own = [(field, field, parse) for field, parse in parsers.items() if field in fields]
        told = (field for field in fields if field.startswith(_ATTRIBUTE))
        self._own += [(_attribute_name(field), field, cells.attribute) for field in told]
        self._shared = [field for field in fields if field in _SHARED]

    def _read_own(self, fields: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        """What is told of this reader alone, by name, and what is wrong with it."""
        told: dict[str, Any] = {}
        problems: list[str] = []
        for name, field, parse in self._own:
            cell = fields[field]
            if not cell:
                continue
            try:
                if parse is cells.attribute:
                    told.setdefault("attributes", {})[name] = parse(cell)
                else:
                    told[name] = parse(cell)
            except NewsletterError as error:
                problems.append(str(error))
        return told, problems

    def _read_facts(self, shared: tuple[str, ...]) -> tuple[Facts, tuple[str, ...]]:
        told: dict[str, Any] = {}
        problems: list[str] = []
        for field, cell in zip(self._shared, shared, strict=True):
            name, parse = _SHARED[field]
            try:
                if cell:
                    told[name] = parse(cell) if parse else self._children(cell)
            except NewsletterError as error:
                problems.append(str(error))
        if "grades" in self._shared:
            told["children"] = Children.of(_at_school(told.get("children", ()), told.get("school", "")))
            if told["children"].told:
                told.pop("school", None)
        return Facts(**told), tuple(problems)

    def _children(self, cell: str) -> tuple[ChildTold, ...]:
        return parse_children(cell, self._school.day, self._school.roll_over, self._school.bands)

    def _past(self, cell: str) -> datetime:
        at = cells.moment(cell)
        if at > self._now:
            raise RowInvalid(f"{cell[:30]!r} has not come yet.")
        return at


def _at_school(children: tuple[ChildTold, ...], school: str) -> tuple[ChildTold, ...]:
    return tuple(child if child.school else replace(child, school=school) for child in children)


def _standing(cell: str) -> Standing:
    try:
        return Standing(cell.casefold())
    except ValueError as error:
        raise RowInvalid(f"{cell[:30]!r} is not a standing: use {', '.join(Standing)}.") from error


def _attribute_name(field: str) -> str:
    name = field.removeprefix(_ATTRIBUTE)
    if not cells.is_attribute_name(name):
        raise ImportFileInvalid(
            f"An attribute cannot be called {name[:30]!r}: use letters, digits, - and _, and begin with a letter."
        )
    return name


_SHARED: Mapping[str, tuple[str, Callable[[str], Any] | None]] = {
    "language": ("language", parse_language),
    "timezone": ("time_zone", cells.time_zone),
    "place": ("place", cells.text),
    "school": ("school", parse_school),
    "grades": ("children", None),
    "roles": ("roles", cells.roles),
    "tags": ("tags", cells.tags),
    "tracking": ("tracking", cells.yes_or_no),
    "standing": ("standing", _standing),
    "attended": ("attended", cells.attended),
    "interests": ("interests", cells.interests),
}
"""The fields that many readers share: their names in `Facts`, and how they are read; grades depend on the school."""
