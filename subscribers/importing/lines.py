"""The lines of a file, one after the other: the good ones become people, the bad ones go to the result."""

from collections.abc import Iterator

from .cells import RowInvalid
from .columns import Columns
from .files import Record
from .people import Children, Person, PersonInvalid, PersonReader
from .results import ImportResult


class Lines:
    """The lines of a file: the good ones become people, the bad ones go to the result."""

    def __init__(self, records: Iterator[Record], columns: Columns, reader: PersonReader, result: ImportResult) -> None:
        self._records, self._columns, self._reader, self._result = records, columns, reader, result
        self._seen: set[int] = set()  # hashes of 64 bits: a million take 70 MB where the addresses would take 200
        self._named_badly: set[int] = set()
        self.unreadable = 0
        """Lines that may have named anybody."""

    def __contains__(self, key_hash: object) -> bool:
        """Whether the file names an address, even on a line that was rejected."""
        return key_hash in self._seen or key_hash in self._named_badly

    def people(self, after: int) -> Iterator[Person]:
        """The good lines, without those of so many records at the start.

        Of one address only the first line counts, and the lines right after it that tell of another child: a school's
        system writes a line a child. `read` counts the lines up to those of the person at hand, and no more.
        """
        result, at_hand = self._result, None
        for line, person in self._each():
            joined = _joined(at_hand, person)
            if joined is None and at_hand is not None and result.read > after:
                yield at_hand
            result.read += 1
            if joined is not None:
                result.joined += 1
            at_hand = joined or self._taken(line, person)
        if at_hand is not None and result.read > after:
            yield at_hand

    def _each(self) -> Iterator[tuple[int, Person | RowInvalid]]:
        for record in self._records:
            try:
                yield record.line, self._person(record)
            except RowInvalid as error:
                yield record.line, error

    def _taken(self, line: int, person: Person | RowInvalid) -> Person | None:
        """The person of a line; None where it is bad, or names somebody of an earlier line."""
        if isinstance(person, RowInvalid):
            self._reject(line, person)
            return None
        key = hash(person.address.key)
        if key in self._seen:
            where = f"{person.address.mailed} is on an earlier line."
            self._result.reject(line, f"{where} Put all grades on it, like 3;9, or this line right after it.")
            return None
        self._seen.add(key)
        return person

    def _reject(self, line: int, error: RowInvalid) -> None:
        self._result.reject(line, str(error))
        if isinstance(error, PersonInvalid) and error.address is not None:
            self._named_badly.add(hash(error.address.key))
        elif not (isinstance(error, PersonInvalid) and error.is_nobody):
            self.unreadable += 1

    def _person(self, record: Record) -> Person:
        if record.error:
            raise RowInvalid(record.error)
        if len(record.cells) != self._columns.width:
            cells = f"This line has {len(record.cells)} cells where the header has {self._columns.width}."
            raise RowInvalid(f"{cells} Put a cell that holds a comma in quotation marks.")
        return self._reader.read(record.line, self._columns.fields(record.cells))


def _joined(first: Person | None, second: Person | RowInvalid) -> Person | None:
    """The first person with the second's children too; None where the second tells anything else."""
    if first is None or isinstance(second, RowInvalid) or first.address.key != second.address.key:
        return None
    known, more = first.facts.children, second.facts.children
    without_children = second.facts._replace(children=known)
    if known is None or more is None or second._replace(line=first.line, facts=without_children) != first:
        return None
    if not more.told or set(more.told) & set(known.told):
        return None
    return first._replace(facts=first.facts._replace(children=Children.of((*known.told, *more.told))))
