"""Which column of a file holds which field."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from .files import ImportFileInvalid

FIELDS = ("email", "name", "language", "timezone", "grades", "roles", "tags", "household", "tracking")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a file keeps each field, and the columns it has beside them."""

    places: Mapping[str, int]
    width: int
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, header: tuple[str, ...], mapping: Mapping[str, str]) -> "Columns":
        """Find the fields in a header; `mapping` names the column of a field that is called otherwise.

        Capitals and blanks around a name do not matter. Raises `ImportFileInvalid`.
        """
        names = [cell.strip().casefold() for cell in header]
        wanted = {field: field for field in FIELDS}
        wanted |= {field: column.strip().casefold() for field, column in mapping.items()}
        _refuse(names, wanted, mapping)
        places = {field: names.index(column) for field, column in wanted.items() if column in names}
        unknown = (header[n].strip() for n, name in enumerate(names) if name and n not in places.values())
        return cls(places, len(header), tuple(unknown))

    def fields(self, cells: tuple[str, ...]) -> dict[str, str]:
        """The cells of a record by field; a field without a column is missing."""
        return {field: cells[place].strip() for field, place in self.places.items()}


def _refuse(names: list[str], wanted: Mapping[str, str], mapping: Mapping[str, str]) -> None:
    for field in mapping:
        if field not in FIELDS:
            raise ImportFileInvalid(f"{field!r} is not a field. Map one of: {', '.join(FIELDS)}.")
        if wanted[field] not in names:
            raise ImportFileInvalid(f"The file has no column {mapping[field]!r}. It has: {_listed(names)}.")
    for column, count in Counter(names).items():
        if count > 1 and column in wanted.values():
            raise ImportFileInvalid(f"The file has {count} columns {column!r}. Rename or remove all but one.")
    if wanted["email"] not in names:
        close = (get_close_matches("email", names, 1) or ["COLUMN"])[0]
        raise ImportFileInvalid(
            f"The file has no column email. It has: {_listed(names)}. Name the right one with --map email={close}"
        )


def _listed(names: list[str]) -> str:
    return ", ".join(name for name in names if name) or "none"
