"""Messages in the files that people name: one a file, an mbox, a Maildir, a folder of them, or standard input."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import click

from newsletter.feedback.messages import MOST_BYTES

from .files import FileUnreadable

STANDARD_INPUT = "-"
_ONE_MESSAGE = (".eml", ".msg")
_POSTMARK = re.compile(rb"From \S.{0,300}\d\d:\d\d.{0,60}\d{4}", re.DOTALL)
_QUOTED = re.compile(rb">+From ")
_LONGEST_LINE = 65_536


class Mail(NamedTuple):
    """One message and where it is."""

    file: str
    """The file as it was named, with the message's number where it holds several."""
    raw: bytes
    """Its beginning, as far as it is read."""


def mail_in(name: str) -> Iterator[Mail]:
    """Every message of a file or folder; a file that holds none is named on standard error.

    Raises `FileUnreadable` where one cannot be read, after those before it.
    """
    if name == STANDARD_INPUT:
        yield from _numbered(name, _messages(sys.stdin.buffer))
        return
    path = Path(name)
    for file in _files(path) if path.is_dir() else [path]:
        yield from _in_file(file)


def _files(folder: Path) -> list[Path]:
    """The messages of a Maildir, or the files of a folder that are named like messages."""
    try:
        inside = [folder / part for part in ("new", "cur") if (folder / part).is_dir()]
        files = sorted(file for part in inside or [folder] for file in part.iterdir() if file.is_file())
    except OSError as error:
        raise FileUnreadable(f"{folder} cannot be read: {error.strerror}.") from error
    found = files if inside else [file for file in files if file.suffix.lower() in _ONE_MESSAGE]
    if not found:
        raise FileUnreadable(f"{folder} holds no mail: it is no Maildir, and no file in it ends in .eml.")
    return found


def _in_file(file: Path) -> Iterator[Mail]:
    try:
        with file.open("rb") as opened:
            yield from _numbered(str(file), _messages(opened))
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}.") from error


def _numbered(name: str, messages: Iterable[bytes]) -> Iterator[Mail]:
    """Each message under the file's name, with its number from the second on."""
    number = 0
    for number, raw in enumerate(messages, 1):
        yield Mail(name if number == 1 else f"{name}#{number}", raw)
    if not number:
        who = "Standard input" if name == STANDARD_INPUT else name
        click.echo(f"{who} is empty: there is no message in it.", err=True)


def _messages(opened: BinaryIO) -> Iterator[bytes]:
    """The messages of an open file: one, or as many as the postmarks of an mbox say."""
    kept: list[bytes] = []
    size, is_after_blank, is_mbox = 0, True, False
    while line := opened.readline(_LONGEST_LINE):
        if is_after_blank and _POSTMARK.match(line) and (is_mbox or not size):
            if size:
                yield b"".join(kept)
            kept, size, is_mbox = [], 0, True
        elif size < MOST_BYTES:
            kept.append(line[1:] if is_mbox and _QUOTED.match(line) else line)
            size += len(line)
        is_after_blank = not line.strip()
    if size:
        yield b"".join(kept)
