"""Which columns of a file hold which field."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from subscribers.formulas import restored

from .formats import FIELDS, PLAIN, Format, Rule, attribute, recognised
from .formats.plain import rule_of, rules_of
from .records import ImportFileInvalid, Record

_ALIKE = 0.8
_NO_TABLES = {"{": "JSON", "[": "JSON", "%pdf": "a PDF", "<": "a page or XML"}
"""What other files begin with, in lower case."""
_Read = tuple[str, tuple[int | None, ...], Callable[..., str]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a file keeps each field, and the columns it has beside them."""

    format: Format
    """What the file is, such as an export of Mailchimp."""
    width: int
    unknown: tuple[str, ...]
    _copied: tuple[tuple[str, int], ...]
    """The fields that are one cell as it is, and its place."""
    _read: tuple[_Read, ...]
    """The others: the places of their cells, and what is made of them."""

    @classmethod
    def of(cls, header: tuple[str, ...], mapping: Mapping[str, str]) -> "Columns":
        """Find the fields in a header; `mapping` names the column of a field that is called otherwise.

        Capitals and blanks around a name do not matter. Raises `ImportFileInvalid`.
        """
        shown = [cell.strip() for cell in header]
        names = [name.casefold() for name in shown]
        found = recognised(frozenset(names))
        _refuse_mapping(shown, mapping)
        rules = _rules(found, shown, mapping)
        _refuse_header(shown, rules)
        place_of = {name: place for place, name in enumerate(names) if name}
        told = {field: rule for field, rule in rules.items() if rule.is_told(place_of)}
        used = {"", *_said(told)}.union(*(rule.columns for rule in told.values()))
        unknown = tuple(cell for cell, name in zip(shown, names, strict=True) if name not in used)
        copied = tuple((field, place_of[rule.columns[0]]) for field, rule in told.items() if rule.read is None)
        read = tuple(
            (field, tuple(map(place_of.get, rule.columns)), rule.read) for field, rule in told.items() if rule.read
        )
        return cls(found, len(header), unknown, copied, read)

    @classmethod
    def read(cls, records: Iterator[Record], mapping: Mapping[str, str]) -> "Columns":
        """Take the header from the records of a file. Raises `ImportFileInvalid`."""
        header = next(records, None)
        if header is not None and header.cells and header.cells[0].strip().casefold().startswith("sep="):
            header = next(records, None)  # Excel's own line, which says only what parts the cells
        if header is None:
            raise ImportFileInvalid("The file is empty.")
        if header.error:
            raise ImportFileInvalid(f"The header on line {header.line} cannot be read. {header.error}")
        return cls.of(header.cells, mapping)

    def fields(self, cells: tuple[str, ...]) -> dict[str, str]:
        """The cells of a record by field; a field without a column is missing.

        What an export of ours did to cells that look like formulas is undone.
        """
        if "'" in "".join(cells):  # most lines have none, and a look at each cell costs more than one at all
            cells = tuple(restored(cell.strip()) for cell in cells)
        fields = {field: cells[place].strip() for field, place in self._copied}
        for field, places, read in self._read:
            fields[field] = read(*("" if place is None else cells[place].strip() for place in places))
        return fields


def _rules(found: Format, header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, Rule]:
    """What the mapping says; of the other columns, what their names and the format say."""
    mapped = {attribute(field) or field: rule_of(field, name.strip()) for field, name in mapping.items()}
    taken = {name for rule in mapped.values() for name in rule.columns}
    left = {name.casefold(): name for name in header if name.casefold() not in taken}
    attributes = {attribute(name): rule_of("", name) for name in left.values() if attribute(name)}
    own = rules_of(left.values(), elsewhere=mapped) if found is PLAIN else found.rules
    return {**own, **attributes, **mapped}


def _refuse_mapping(header: Sequence[str], mapping: Mapping[str, str]) -> None:
    names = {name.casefold() for name in header}
    for field, name in mapping.items():
        if field not in FIELDS and not attribute(field):
            fields = ", ".join(FIELDS)
            raise ImportFileInvalid(f"{field!r} is not a field. Map one of: {fields}, or attribute:NAME.")
        if name.strip().casefold() not in names:
            raise ImportFileInvalid(f"The file has no column {name!r}. It has: {_listed(header)}.")


def _said(told: Mapping[str, Rule]) -> frozenset[str]:
    """The columns that say again what another field does: our export's own reason, beside the standing."""
    return frozenset({"suppressed"}) if "standing" in told else frozenset()


def _refuse_header(header: Sequence[str], rules: Mapping[str, Rule]) -> None:
    wanted = {name for rule in rules.values() for name in rule.columns}
    counts = Counter(map(str.casefold, header))
    for name in header:
        if (count := counts[name.casefold()]) > 1 and name.casefold() in wanted:
            raise ImportFileInvalid(f"The file has {count} columns {name!r}. Rename or remove all but one.")
    if "email" not in rules:
        _refuse_what_is_no_table(header[0].casefold() if header else "")
        raise ImportFileInvalid(
            f"The file has no column email. It has: {_listed(header)}. "
            f"Name the right one with --map {shlex.quote(f'email={_likely(header)}')}"
        )


def _likely(header: Sequence[str]) -> str:
    """The column that may hold the addresses."""
    names = {name.casefold(): name for name in header}
    likely = [*(name for name in names if "mail" in name), *get_close_matches("email", names, 1, _ALIKE)]
    return names[likely[0]] if likely else "COLUMN"


def _refuse_what_is_no_table(first: str) -> None:
    for beginning, kind in _NO_TABLES.items():
        if first.startswith(beginning):
            raise ImportFileInvalid(f"This is {kind}, not a table. Save the people as a CSV file, and import that.")


def _listed(header: Sequence[str]) -> str:
    return ", ".join(filter(None, header)) or "none"
