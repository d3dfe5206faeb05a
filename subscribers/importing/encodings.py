"""In which characters a file is written, and what stands between its cells."""

import codecs
import csv
import re
from collections.abc import Callable
from typing import BinaryIO, NamedTuple, TextIO

from .records import LONGEST_LINE

_BLOCK = 1 << 20
_SAMPLE = 4_096
_DELIMITERS = ",;\t|"
_MOSTLY = 0.4
_UTF8_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_LONGEST_CHARACTER = 4


class Encoding(NamedTuple):
    """How bytes are read as text, and what people call it."""

    codec: str
    errors: str
    label: str


# Bytes that are not UTF-8 become lone surrogates, which name the line that holds them.
UTF8 = Encoding("utf-8-sig", "surrogateescape", "UTF-8")
UTF16 = Encoding("utf-16", "replace", "UTF-16")
UTF16_LITTLE = Encoding("utf-16-le", "replace", "UTF-16")
UTF16_BIG = Encoding("utf-16-be", "replace", "UTF-16")
WINDOWS = Encoding("cp1252", "replace", "Windows-1252")


def encoding_of(opened: Callable[[], BinaryIO]) -> Encoding:
    """The encoding of a file that `opened` opens from its beginning, as often as it is called.

    A byte order mark says it. UTF-16 without one shows by its zero bytes. Windows-1252 is believed only of a file that
    is wholly not UTF-8: one that holds a good UTF-8 character besides has damaged lines, which are told one by one.
    """
    with opened() as file:
        start = file.read(_SAMPLE)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF16
    if start.startswith(codecs.BOM_UTF8):
        return UTF8
    if wide := _without_mark(start):
        return wide
    with opened() as file:
        if _is_utf8(file):
            return UTF8
    with opened() as file:
        return WINDOWS if _is_windows(file) else UTF8


def delimiter_of(text: TextIO, is_wanted: Callable[[str], bool]) -> str:
    """What parts the cells of the first line that is not blank: a comma, a semicolon, a tab or a bar.

    The one that makes a cell which is wanted, else the one that makes most cells.
    """
    header = next(iter(lambda: text.readline(LONGEST_LINE), ""), "")
    while header and not header.strip():
        header = text.readline(LONGEST_LINE)

    def fitness(delimiter: str) -> tuple[bool, int]:
        cells = next(csv.reader([header], delimiter=delimiter), [])
        return any(is_wanted(cell.strip()) for cell in cells), len(cells)

    return max(_DELIMITERS, key=fitness)


def _without_mark(start: bytes) -> Encoding | None:
    """UTF-16 of mostly Latin letters: every second byte is zero."""
    half = len(start) // 2
    even, odd = start[::2].count(0), start[1::2].count(0)
    if odd > half * _MOSTLY and even * 10 < odd:
        return UTF16_LITTLE
    if even > half * _MOSTLY and odd * 10 < even:
        return UTF16_BIG
    return None


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in iter(lambda: file.read(_BLOCK), b""):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_windows(file: BinaryIO) -> bool:
    tail = b""
    for block in iter(lambda: file.read(_BLOCK), b""):
        if _UTF8_CHARACTER.search(tail + block) or _NOT_WINDOWS.search(block):
            return False
        tail = block[-_LONGEST_CHARACTER + 1 :]
    return True
