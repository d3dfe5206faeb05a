"""Lines of CSV become records with line numbers. A damaged record costs that record, never those after it."""

import csv
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, TextIO

from subscribers.errors import NewsletterError

LONGEST_LINE = 100_000
_LINE_ENDS = ("\n", "\r")
_MOST_LINES = 20
"""A quoted cell may hold line ends, but one that never closes must not swallow the file."""
_STRETCH = 500
"""So many lines are read at once while nothing is wrong with them."""

_NOT_CLOSED = 'A quotation mark (") is opened and not closed.'
_MISPLACED = 'A quotation mark (") stands where none may; write it twice inside a quoted cell.'
_NOT_READABLE = "This line is not {encoding} text as the rest is. Save the file as “CSV UTF-8”."


class ImportFileInvalid(NewsletterError):
    """This file cannot be imported. Give a CSV file with a header line that has a column email."""


def not_read(file: object, error: OSError) -> ImportFileInvalid:
    """What to say of a file that the system does not read."""
    return ImportFileInvalid(f"{file} cannot be read: {error.strerror or str(error) or 'the system does not say why'}.")


class Record(NamedTuple):
    """One record of a file: its cells, or what is wrong with it."""

    line: int
    cells: tuple[str, ...] = ()
    error: str = ""


def records(text: TextIO, delimiter: str = ",", encoding: str = "UTF-8") -> Iterator[Record]:
    """Records in order, without blank ones. Ends of lines are LF, CRLF or CR.

    Bytes that the encoding does not know must come as lone surrogates or U+FFFD; they cost their record.
    """
    reading = _Reading(text, delimiter, encoding)
    while stretch := reading.stretch():
        yield from reading.quickly(stretch) or reading.carefully(stretch)


class _Reading:
    """One pass over a file. Lines are numbered from 1; those of a record that fails are read again one by one."""

    def __init__(self, text: TextIO, delimiter: str, encoding: str) -> None:
        self._lines = _lines(text)
        self._delimiter = delimiter
        self._not_readable = _NOT_READABLE.format(encoding=encoding)
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        self._number = 0

    def stretch(self) -> list[str]:
        """The next lines, or none at the end."""
        return list(islice(self._lines, _STRETCH))

    def quickly(self, stretch: list[str]) -> list[Record]:
        """The records of lines that each are a good record; empty where one is not, or all are blank."""
        if len(max(stretch, key=len)) > LONGEST_LINE or self._is_damaged("".join(stretch)):
            return []
        try:
            rows = [tuple(row) for row in csv.reader(stretch, delimiter=self._delimiter, strict=True)]
        except csv.Error:
            return []
        if len(rows) != len(stretch):  # a record of more than one line
            return []
        found = [Record(line, cells) for line, cells in enumerate(rows, self._number + 1) if not _is_blank(cells)]
        if found:
            self._number += len(stretch)
        return found

    def carefully(self, stretch: list[str]) -> Iterator[Record]:
        """The records that begin in these lines, each tried for itself; the last may need lines after them."""
        self._waiting.extend(stretch)
        while self._waiting:
            self._taken.clear()
            self._more()
            record = self._record()
            if record.error or not _is_blank(record.cells):
                yield record

    def _record(self) -> Record:
        """Read the record that begins with the line taken last."""
        first = self._number
        while True:
            try:
                cells = self._cells()
            except csv.Error as error:
                is_open = "unexpected end of data" in str(error)
                if is_open and len(self._taken) < _MOST_LINES and self._more():
                    continue
                is_open = is_open or len(self._taken) > 1
                self._give_back()
                return Record(first, error=_NOT_CLOSED if is_open else _MISPLACED)
            if cells is None:
                self._give_back()
                return Record(first, error=f"This line is longer than {LONGEST_LINE:,} characters.")
            if self._is_damaged("".join(cells)):
                return Record(first, error=self._not_readable)
            return Record(first, cells)

    def _cells(self) -> tuple[str, ...] | None:
        if len(self._taken[-1]) > LONGEST_LINE:
            return None
        return tuple(next(csv.reader(self._taken, delimiter=self._delimiter, strict=True), ()))

    def _more(self) -> bool:
        """Take another line into the record. Returns whether there is one."""
        line = self._waiting.popleft() if self._waiting else next(self._lines, "")
        if line:
            self._taken.append(line)
            self._number += 1
        return bool(line)

    def _give_back(self) -> None:
        """Keep only the first line of the record; the others begin records of their own."""
        self._waiting.extendleft(reversed(self._taken[1:]))
        self._number -= len(self._taken) - 1
        del self._taken[1:]

    @staticmethod
    def _is_damaged(text: str) -> bool:
        if text.isascii():
            return False
        return "\ufffd" in text or any("\ud800" <= character <= "\udfff" for character in set(text))


def _lines(text: TextIO) -> Iterator[str]:
    """The lines with their ends; of one that is too long, only the beginning."""
    readline = text.readline
    while line := readline(LONGEST_LINE + 1):
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(_LINE_ENDS):
            rest = readline(LONGEST_LINE + 1)
        yield line


def _is_blank(cells: tuple[str, ...]) -> bool:
    return not cells or not (cells[0].strip() or any(cell.strip() for cell in cells))
