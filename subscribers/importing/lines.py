"""The lines of a file, one after the other: the good ones become people, the bad ones go to the result."""

from collections.abc import Iterator

from .cells import RowInvalid
from .columns import Columns
from .files import Record
from .people import Person, PersonInvalid, PersonReader
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
        """The good lines, without those of so many records at the start. Of one address only the first line counts."""
        result, seen = self._result, self._seen
        for record in self._records:
            result.read += 1
            try:
                person = self._person(record)
            except RowInvalid as error:
                self._reject(record.line, error)
                continue
            key = hash(person.address.key)
            if key in seen:
                where = f"{person.address.mailed} is on an earlier line."
                result.reject(record.line, f"{where} Put all grades on it, like 3;9.")
                continue
            seen.add(key)
            if result.read > after:
                yield person

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
