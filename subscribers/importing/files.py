"""A CSV file becomes records with line numbers. A damaged record costs that record, never those after it."""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from subscribers.errors import NewsletterError

_LONGEST_LINE = 100_000
_BLOCK = 1 << 20
_LINE_ENDS = ("\n", "\r")
_MOST_LINES = 20
"""A quoted cell may hold line ends, but one that never closes must not swallow the file."""
_NOT_UTF8 = "This line is not UTF-8 text. Save the file as “CSV UTF-8”."

_NOT_CLOSED = 'A quotation mark (") is opened and not closed.'
_MISPLACED = 'A quotation mark (") stands where none may; write it twice inside a quoted cell.'


class ImportFileInvalid(NewsletterError):
    """This file cannot be imported. Give a CSV file with a header line that has a column email."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: its cells, or what is wrong with it."""

    line: int
    cells: tuple[str, ...] = ()
    error: str = ""


@contextmanager
def opened(path: Path) -> Iterator[Iterator[Record]]:
    """Open a CSV file in UTF-8, or UTF-16 with a byte order mark. Raises `ImportFileInvalid`."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
        encoding = "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        # Bytes that are not UTF-8 become lone surrogates, which name the line that holds them.
        errors = "replace" if encoding == "utf-16" else "surrogateescape"
        with path.open(encoding=encoding, errors=errors, newline="") as text:
            yield _records(text)
    except OSError as error:
        raise ImportFileInvalid(f"{path} cannot be read: {error.strerror}.") from error


def lines_in(path: Path) -> int:
    """About how many lines a file has, for a progress bar; 0 where it cannot be read."""
    try:
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
    except OSError:
        return 0


def _records(text: TextIO) -> Iterator[Record]:
    """Records in order, without blank ones. Ends of lines are LF, CRLF or CR."""
    lines = _Lines(text)
    while lines.next():
        record = _record(lines)
        if record.error or any(cell.strip() for cell in record.cells):
            yield record


class _Lines:
    """The lines of a file, numbered from 1, of which the last ones taken can be given back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def next(self) -> bool:
        """Begin a record with the next line. Returns whether there is one."""
        self.taken.clear()
        return self.more()

    def more(self) -> bool:
        """Take another line into the record."""
        line = self._waiting.popleft() if self._waiting else self._read()
        if not line:
            return False
        self.taken.append(line)
        self.number += 1
        return True

    def give_back(self) -> None:
        """Keep only the first line of the record; the others begin records of their own."""
        self._waiting.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        del self.taken[1:]

    def _read(self) -> str:
        line = self._text.readline(_LONGEST_LINE + 1)
        rest = line
        while len(rest) > _LONGEST_LINE and not rest.endswith(_LINE_ENDS):
            rest = self._text.readline(_LONGEST_LINE + 1)
        return line


def _record(lines: _Lines) -> Record:
    """Read the record that begins with the line taken last."""
    first = lines.number
    while True:
        try:
            cells = _cells(lines.taken)
        except csv.Error as error:
            if _is_open(error) and len(lines.taken) < _MOST_LINES and lines.more():
                continue
            is_open = _is_open(error) or len(lines.taken) > 1
            lines.give_back()
            return Record(first, error=_NOT_CLOSED if is_open else _MISPLACED)
        if cells is None:
            lines.give_back()
            return Record(first, error=f"This line is longer than {_LONGEST_LINE:,} characters.")
        return _checked(Record(first, cells))


def _cells(lines: list[str]) -> tuple[str, ...] | None:
    if len(lines[-1]) > _LONGEST_LINE:
        return None
    return tuple(next(csv.reader(lines, strict=True), ()))


def _checked(record: Record) -> Record:
    text = "".join(record.cells)
    if text.isascii():
        return record
    is_damaged = any("\ud800" <= character <= "\udfff" or character == "\ufffd" for character in text)
    return Record(record.line, error=_NOT_UTF8) if is_damaged else record


def _is_open(error: csv.Error) -> bool:
    return "unexpected end of data" in str(error)
