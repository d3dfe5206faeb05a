"""The CSV files in an archive: read as streams under limits, never unpacked to disk."""

import gzip
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Literal, NamedTuple, TypeAlias

from .records import ImportFileInvalid, not_read

MOST_MEMBERS = 10_000
MOST_BYTES = 1 << 30
MOST_RATIO = 200
"""Lists of people shrink to a tenth or so; what shrinks to less than a two-hundredth was made to fill a disk."""
_FREE_BYTES = 10_000_000
"""So much is read whatever the ratio."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = (b"\x1f\x8b",)
_OLD_WORKBOOK = (b"\xd0\xcf\x11\xe0",)
_CSV = {".csv", ".tsv"}
_ARCHIVES = {".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar"}
_WORKBOOK_PART = "[Content_Types].xml"
_HIDDEN = ("__MACOSX", ".")
_LOCKED = 0x1
_BROKEN = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error)
"""What opening a zip raises where a name, a date, a size or a place in it is not one."""
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LONGEST_NAME = 100

_NESTED = "{name} is an archive inside an archive. Unpack it and import the CSV files in it."
_WORKBOOK = "{name} is an Excel workbook. Save it as “CSV UTF-8” in Excel and import that file."
_TOO_LARGE = "{name} unpacks to more than a list of people takes. Unpack it yourself and look what it holds."
_PACKED = "{name} is packed in a way that is not read here. Unpack the archive and import the CSV files in it."
_DAMAGED = "{name} is damaged: it does not unpack to its end. Export it again."


class Part(NamedTuple):
    """Which of how many files of an archive a file is, and what that holds in all."""

    number: int
    of: int
    contents: str


ALONE = Part(1, 1, "")


class Member:
    """A compressed CSV file: the contents of a gzip file, or one file in a zip. Opened like a `Path`."""

    def __init__(self, archive: Path, inside: zipfile.ZipInfo | None = None, part: Part = ALONE) -> None:
        self._archive, self._inside = archive, inside
        self.part = part
        self.name = _shown(inside.filename) if inside else archive.name

    def __str__(self) -> str:
        return f"{self._archive}: {self.name}" if self._inside else str(self._archive)

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """The unpacked bytes. Reading raises `ImportFileInvalid` where they are damaged or too many."""
        del mode
        if self._inside is None:
            return self._limited(gzip.open(self._archive), self._archive.stat().st_size)
        try:
            with zipfile.ZipFile(self._archive) as archive:  # closed with the last stream that reads from it
                return self._limited(archive.open(self._inside), self._inside.compress_size)
        except _BROKEN as error:
            raise ImportFileInvalid(_DAMAGED.format(name=self.name)) from error

    def numbered(self, number: int, of: int) -> "Member":
        """This file as one of several that are imported one after the other; the first is 1."""
        return Member(self._archive, self._inside, self.part._replace(number=number, of=of))

    def _limited(self, unpacked: IO[bytes] | gzip.GzipFile, packed: int) -> BinaryIO:
        return io.BufferedReader(_Limited(unpacked, packed, self.name))


Source: TypeAlias = Path | Member


def sources(path: Path) -> list[Source]:
    """The CSV files of a path: itself, or those in a zip or gzip file, by name. Raises `ImportFileInvalid`."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith(_OLD_WORKBOOK):
            raise ImportFileInvalid(_WORKBOOK.format(name=path.name))
        if start.startswith(_GZIP):
            return [_checked(Member(path))]
        return _members(path) if start.startswith(_ZIP) else [path]
    except OSError as error:
        raise not_read(path, error) from error


def _members(path: Path) -> list[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = archive.infolist()
    except _BROKEN as error:
        raise ImportFileInvalid(_DAMAGED.format(name=path.name)) from error
    _refuse(path, inside)
    part = ALONE._replace(contents=str([(one.filename, one.file_size, one.CRC) for one in inside]))
    found = [_checked(Member(path, one, part)) for one in _csv_files(inside)]
    if not found:
        raise ImportFileInvalid(f"{path.name} holds no CSV file.")
    return sorted(found, key=lambda member: member.name)


def _refuse(path: Path, inside: list[zipfile.ZipInfo]) -> None:
    if any(one.filename == _WORKBOOK_PART for one in inside):
        raise ImportFileInvalid(_WORKBOOK.format(name=path.name))
    if len(inside) > MOST_MEMBERS:
        raise ImportFileInvalid(f"{path.name} holds more than {MOST_MEMBERS:,} files.")
    for one in inside:
        if PurePosixPath(one.filename).suffix.lower() in _ARCHIVES:
            raise ImportFileInvalid(_NESTED.format(name=_shown(one.filename)))
    wanted = list(_csv_files(inside))
    if any(one.flag_bits & _LOCKED for one in wanted):
        raise ImportFileInvalid(f"{path.name} is locked with a password. Unpack it and import the CSV files in it.")
    for one in wanted:
        if one.compress_type not in _READ:
            raise ImportFileInvalid(_PACKED.format(name=_shown(one.filename)))
    if sum(one.file_size for one in wanted) > MOST_BYTES:
        raise ImportFileInvalid(_TOO_LARGE.format(name=path.name))


def _csv_files(inside: list[zipfile.ZipInfo]) -> Iterator[zipfile.ZipInfo]:
    """Real files with a CSV's name: no folders, links, or what a Mac adds."""
    for one in inside:
        name = PurePosixPath(one.filename)
        is_link = stat.S_ISLNK(one.external_attr >> 16)
        is_hidden = any(part.startswith(_HIDDEN) for part in (name.parts[:1] + name.parts[-1:]) if part != "..")
        if name.suffix.lower() in _CSV and not (one.is_dir() or is_link or is_hidden):
            yield one


def _checked(member: Member) -> Member:
    """Refuse what is an archive itself, whatever its name."""
    with closing(member.open()) as file:
        if file.read(4).startswith((*_ZIP, *_GZIP)):
            raise ImportFileInvalid(_NESTED.format(name=member.name))
    return member


def _shown(name: str) -> str:
    """A member's name as it can be printed; it is never used as a path."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[-_LONGEST_NAME:]


class _Limited(io.RawIOBase):
    """The unpacked bytes of a member, as many as a list of people takes."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, packed: int, name: str) -> None:
        self._stream, self._name = stream, name
        self._left = min(MOST_BYTES, max(_FREE_BYTES, packed * MOST_RATIO))

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # only ever called with one
        """Read as `io.RawIOBase` does. Raises `ImportFileInvalid`."""
        try:
            block = self._stream.read(len(buffer))
        except (zlib.error, zipfile.BadZipFile, EOFError, gzip.BadGzipFile) as error:
            raise ImportFileInvalid(_DAMAGED.format(name=self._name)) from error
        self._left -= len(block)
        if self._left < 0:
            raise ImportFileInvalid(_TOO_LARGE.format(name=self._name))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the member too."""
        self._stream.close()
        super().close()
