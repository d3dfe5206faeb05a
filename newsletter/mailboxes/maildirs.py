"""Mail in a Maildir: what is in `new` is taken, then moved to `cur`. Nothing is ever removed.

It is moved as seen, unless a person should look at it.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from newsletter.errors import NewsletterError
from newsletter.feedback.messages import MOST_BYTES

from .taking import Desk, Taken, is_read


class MaildirUnreadable(NewsletterError):
    """This is no Maildir: it has no folders `new` and `cur`."""


def take_all(desk: Desk, folder: Path) -> Iterator[list[Taken]]:
    """Take each new message and move it. Killed in between, it is taken again, which changes nothing.

    Raises `MaildirUnreadable`.
    """
    for file in unread(folder):
        try:
            raw = beginning(file)
        except FileNotFoundError:
            continue  # somebody else was faster
        taken = desk.take(str(file), raw)
        _move(file, folder / "cur", "S" if is_read(taken) else "")
        yield taken


def ensure_usable(folder: Path) -> None:
    """Look whether new messages can be read and moved, and change nothing. Raises `MaildirUnreadable`."""
    unread(folder)
    for name in ("new", "cur"):
        try:
            with tempfile.TemporaryFile(dir=folder / name, prefix="."):  # where it has a name, nobody takes it for mail
                pass
        except OSError as error:
            raise MaildirUnreadable(f"{folder / name} cannot be written: {error.strerror}.") from error


def unread(folder: Path) -> list[Path]:
    """The messages in `new`, the oldest first. Raises `MaildirUnreadable`."""
    try:
        if not (folder / "new").is_dir() or not (folder / "cur").is_dir():
            raise MaildirUnreadable(f"{folder} is no Maildir: it has no folders `new` and `cur`.")
        return sorted(file for file in (folder / "new").iterdir() if file.is_file() and file.name[0] != ".")
    except OSError as error:
        raise MaildirUnreadable(f"{folder} cannot be read: {error.strerror}.") from error


def beginning(file: Path) -> bytes:
    """As much of a message as is read. Raises `MaildirUnreadable`, or `FileNotFoundError` where it is gone."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise MaildirUnreadable(f"{file} cannot be read: {error.strerror}.") from error


def _move(file: Path, cur: Path, flags: str) -> None:
    """Within one folder of one disk, so a message is always in exactly one place."""
    try:
        file.rename(cur / f"{file.name.partition(':')[0]}:2,{flags}")
    except FileNotFoundError:
        return
    except OSError as error:
        raise MaildirUnreadable(f"{file} cannot be moved to {cur}: {error.strerror}. It was taken.") from error
