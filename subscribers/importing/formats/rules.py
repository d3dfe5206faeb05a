"""What a format is made of: by which columns it is known, and from which columns each field is read."""

import csv
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from subscribers import time_zones

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?) ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?(?: \S+)?")
_IS_UTC = {None, "Z", "UTC", "GMT"}
_PARTS_TAGS = re.compile("[,;]")


@dataclass(frozen=True, slots=True)
class Rule:
    """How a field is read: from which columns (in lower case), and what their trimmed cells become.

    Without `read` there is one column, and its cell is the field. A column that the file lacks gives an empty text; a
    field without any of its columns is not told, save one with no columns, which is the same for everybody.
    """

    columns: tuple[str, ...]
    read: Callable[..., str] | None = None

    def is_told(self, names: Container[str]) -> bool:
        """Whether a file of such columns tells the field."""
        return not self.columns or any(name in names for name in self.columns)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of export file."""

    name: str
    signs: frozenset[str]
    """The columns, in lower case, that only this kind has together."""
    rules: Mapping[str, Rule]
    tells_consent: bool = False
    """Whether whom it calls subscribed has agreed there to be mailed."""


def column(name: str, read: Callable[[str], str] | None = None) -> Rule:
    """The field is one column."""
    return Rule((name.casefold(),), read)


def first_of(*names: str) -> Rule:
    """The field is the first of some columns that is filled."""
    return Rule(tuple(map(str.casefold, names)), lambda *cells: next(filter(None, cells), ""))


def joined(*names: str) -> Rule:
    """The field is what some columns hold, with a blank between, as first and last names are."""
    return Rule(tuple(map(str.casefold, names)), lambda *cells: " ".join(filter(None, cells)))


def always(value: str) -> Rule:
    """The field is the same for everybody in the file."""
    return Rule((), lambda: value)


def words(meanings: Mapping[str, str]) -> Callable[[str], str]:
    """Words of theirs become words of ours; one that is not known stays, so that the import refuses its line."""
    return lambda cell: meanings.get(cell.casefold(), cell)


def moment(cell: str) -> str:
    """A date or a time becomes ISO 8601 in UTC; without a zone it is taken as UTC. Anything else stays."""
    found = _MOMENT.fullmatch(cell)
    if not found:
        return cell
    time, zone = found.groups()
    try:
        told = datetime.fromisoformat(time if zone in _IS_UTC else time + zone)
        return (told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)).isoformat()
    except (ValueError, OverflowError):  # no such day, or one before the first of the calendar
        return cell


def quoted_tags(cell: str) -> str:
    """Tags with commas between, each in quotation marks where it holds a comma itself."""
    try:
        return tags(*next(csv.reader([cell], skipinitialspace=True, strict=True), []))
    except csv.Error:
        return tags(*cell.split(","))


def split_tags(cell: str) -> str:
    """Tags with commas between."""
    return tags(*cell.split(","))


def tags(*names: str) -> str:
    """Tags as the import reads them. A comma or semicolon inside a tag, which would part it, becomes a slash."""
    return ";".join(" / ".join(filter(None, map(str.strip, _PARTS_TAGS.split(name)))) for name in names)


def time_zone(cell: str) -> str:
    """A time zone by its IANA name; another way to write one says nothing."""
    return cell if cell in time_zones.names() else ""
