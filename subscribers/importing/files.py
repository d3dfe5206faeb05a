"""A file of people is opened: packed or not, in whatever encoding, as records with line numbers."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from . import encodings
from .archives import Source, sources
from .formats import is_email
from .records import ImportFileInvalid, Record, not_read, records

__all__ = ["ImportFileInvalid", "Record", "Source", "encoding_of", "lines_in", "opened", "sources"]

_BLOCK = 1 << 20


@contextmanager
def opened(file: Source) -> Iterator[Iterator[Record]]:
    """Open a CSV file as records; a zip or gzip file as well, where it holds only one. Raises `ImportFileInvalid`."""
    one = _only_one(file)
    try:
        encoding = encodings.encoding_of(lambda: _stream(one))
        with _text(one, encoding) as text:
            delimiter = encodings.delimiter_of(text, is_email)
        with _text(one, encoding) as text:
            yield records(text, delimiter, encoding.label)
    except OSError as error:
        raise not_read(file, error) from error


def encoding_of(file: Source) -> str:
    """What people call the encoding that `opened` reads a file in."""
    one = _only_one(file)
    return encodings.encoding_of(lambda: _stream(one)).label


def lines_in(file: Source) -> int:
    """About how many lines a file has, for a progress bar; 0 where it cannot be read."""
    try:
        with closing(_stream(_only_one(file))) as stream:
            return sum(block.count(b"\n") for block in iter(lambda: stream.read(_BLOCK), b""))
    except (OSError, ImportFileInvalid):
        return 0


def _only_one(file: Source) -> Source:
    found = sources(file) if isinstance(file, Path) else [file]
    if len(found) > 1:
        raise ImportFileInvalid(f"{file.name} holds {len(found)} CSV files. Unpack it and import them one by one.")
    return found[0]


def _stream(file: Source) -> BinaryIO:
    return file.open("rb")


@contextmanager
def _text(file: Source, encoding: encodings.Encoding) -> Iterator[io.TextIOWrapper]:
    with ExitStack() as stack:
        stream = stack.enter_context(_stream(file))
        yield stack.enter_context(io.TextIOWrapper(stream, encoding.codec, encoding.errors, newline=""))
