"""Reading and writing the files that people name, with a sentence where it does not work."""

from pathlib import Path

from newsletter.errors import NewsletterError

_ALIKE = 15
"""So many bytes tell the kind of a file."""


class FileUnreadable(NewsletterError):
    """The file cannot be read."""


class FileUnwritable(NewsletterError):
    """The file cannot be written."""


def read_text(file: Path) -> str:
    """The text of a UTF-8 file, byte for byte: line ends stay as they are. Raises `FileUnreadable`."""
    try:
        return read_bytes(file).decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileUnreadable(
            f"{file}, line {line}: this is not UTF-8. Save the file as UTF-8 and try again."
        ) from error


def read_bytes(file: Path, most: int | None = None) -> bytes:
    """All of a file, or one byte more than `most` of it, which says that it is longer. Raises `FileUnreadable`."""
    try:
        with file.open("rb") as opened:
            return opened.read() if most is None else opened.read(most + 1)
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}.") from error


def write_new(file: Path, content: bytes) -> None:
    """Write a file that is not there yet. Raises `FileUnwritable`."""
    if file.exists():
        raise FileUnwritable(
            f"{file} is there already, perhaps with somebody's work in it. Name another file, or see --help."
        )
    write_bytes(file, content)


def write_again(file: Path, content: bytes) -> None:
    """Write a file, in place of an older one of its kind: one that begins alike. Raises `FileUnwritable`."""
    if file.exists() and not content.startswith(read_bytes(file, _ALIKE - 1)):
        raise FileUnwritable(f"{file} is there already, and is no older report of this kind. Name another file.")
    write_bytes(file, content)


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file, in place of one that is there. Raises `FileUnwritable`."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise FileUnwritable(f"{file} cannot be written: {error.strerror}.") from error
