"""Where opens and clicks wait on this host's disk while the database cannot take them.

Each recorder has one file, locked as long as it lives, of one line a group: its number and its facts. A line is on the
disk (fsync) before anybody is answered. What is written into the database stays in the file until all of it is: the
number that the database keeps says which lines are old.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, astuple, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from newsletter import locked_files
from newsletter.errors import NewsletterError
from newsletter.folders import sync_folder
from newsletter.tokens import MailClaim

from .requests import Fact, Request
from .tables import EventKind

LARGEST_SPOOL = 256 * 2**20
"""About a million requests."""
_SUFFIX = ".spool"
_ONE_READ = 2**20
_log = logging.getLogger(__name__)


class SpoolFull(NewsletterError):
    """The spool of opens and clicks is as large as it may be. They count again when the database is back."""


class Group(NamedTuple):
    """Facts that are written together, numbered by their recorder from 1."""

    number: int
    facts: Sequence[Fact]


class Spool:
    """One recorder's own file, made when it is first opened. Appending and reading may happen in two threads."""

    def __init__(self, folder: Path, recorder: str, largest: int = LARGEST_SPOOL) -> None:
        self._path = folder / f"{recorder}{_SUFFIX}"
        self._largest = largest
        self._file: int | None = None
        self._size = self._read_to = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits in it."""
        return self._size == 0

    def open(self) -> int:
        """Make the file, if it is not made. Raises `OSError`."""
        if self._file is None:
            self._file = locked_files.create(self._path)
            sync_folder(self._path.parent)
        return self._file

    def append(self, group: Group) -> None:
        """Have a group on the disk. Raises `OSError` or `SpoolFull`: then nothing of it is there."""
        file, line = self.open(), _line(group)
        if self._size + len(line) > self._largest:
            raise SpoolFull
        try:
            locked_files.append(file, line)
            os.fsync(file)
        except OSError:
            os.ftruncate(file, self._size)
            raise
        self._size += len(line)

    def next(self) -> tuple[list[Group], int]:
        """What waits longest and was not passed yet, and where in the file it ends."""
        begin = self._read_to
        lines = _lines_at(self.open(), begin, self._size)
        return _groups(lines, self._path), begin + sum(map(len, lines))

    def passed(self, end: int) -> None:
        """What was read up to there is in the database."""
        self._read_to = end

    def forget(self) -> None:
        """Empty the file if all of it was passed; not while something is appended."""
        if self._file is not None and self._read_to == self._size:
            os.ftruncate(self._file, 0)
            self._size = self._read_to = 0

    def close(self) -> None:
        """Give up the lock; the file stays only where something waits in it. Raises `OSError`."""
        file, self._file = self._file, None
        if file is not None:
            try:
                if self.is_empty:
                    _remove(self._path)
            finally:
                os.close(file)


class DeadSpool(NamedTuple):
    """What a recorder left that died; locked for us."""

    recorder: str
    path: Path
    file: int

    def groups(self) -> Iterator[list[Group]]:
        """All that waits in it, a little at a time."""
        at, end = 0, os.fstat(self.file).st_size
        while lines := _lines_at(self.file, at, end):
            yield _groups(lines, self.path)
            at += sum(map(len, lines))

    def remove(self) -> None:
        """All of it is in the database."""
        _remove(self.path)


def dead_spools(folder: Path) -> Iterator[DeadSpool]:
    """Each spool of this host whose recorder is dead. One that cannot be opened is said, and passed over."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            with locked_files.locked(path) as file:
                if file is not None:
                    yield DeadSpool(path.stem, path, file)
        except OSError as error:
            _log.warning("The spool %s cannot be read: %s. What waits in it is not counted.", path, error.strerror)


def waiting(folder: Path) -> int:
    """How many bytes of opens and clicks wait on this host."""
    size = 0
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(FileNotFoundError):  # its recorder just ended
            size += path.stat().st_size
    return size


def _line(group: Group) -> bytes:
    return json.dumps([group.number, [_packed(fact) for fact in group.facts]]).encode("ascii") + b"\n"


def _packed(fact: Fact) -> tuple[str, tuple[int, ...], dict[str, object]]:
    request = replace(fact.request, user_agent=fact.agent)
    return fact.kind, astuple(fact.claim), asdict(request) | {"at": request.at.isoformat()}


def _lines_at(file: int, begin: int, end: int) -> list[bytes]:
    """Whole lines between two places, at least one if there is one. One that was cut short was never answered."""
    text = b""
    while b"\n" not in text and (read := os.pread(file, min(_ONE_READ, end - begin - len(text)), begin + len(text))):
        text += read
    return [line + b"\n" for line in text.split(b"\n")[:-1]]


def _groups(lines: Sequence[bytes], path: Path) -> list[Group]:
    return [group for group in (_group(line, path) for line in lines) if group is not None]


def _group(line: bytes, path: Path) -> Group | None:
    try:
        number, facts = json.loads(line)
        return Group(int(number), [_fact(*fact) for fact in facts])
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        _log.warning("A line of the spool %s cannot be read, and is not counted: %s", path, error)
        return None


def _fact(kind: str, claim: Sequence[int], request: dict[str, object]) -> Fact:
    at = datetime.fromisoformat(str(request.pop("at")))
    return Fact(EventKind(kind), MailClaim(*claim), Request(at=at, **request))  # type: ignore[arg-type]


def _remove(path: Path) -> None:
    """For good: a file that came back after a power cut would have lost its number in the database."""
    path.unlink()
    sync_folder(path.parent)
