"""Reading and writing the files that people name, with a sentence where it does not work."""

from pathlib import Path

from newsletter.errors import NewsletterError


class FileUnreadable(NewsletterError):
    """The file cannot be read."""


class FileUnwritable(NewsletterError):
    """The file cannot be written."""


def read_text(file: Path) -> str:
    """The text of a UTF-8 file, byte for byte: line ends stay as they are. Raises `FileUnreadable`."""
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise FileUnreadable(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileUnreadable(
            f"{file}, line {line}: this is not UTF-8. Save the file as UTF-8 and try again."
        ) from error


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file, in place of one that is there. Raises `FileUnwritable`."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise FileUnwritable(f"{file} cannot be written: {error.strerror}.") from error
