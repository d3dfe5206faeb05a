"""Where the bytes of media lie: each once, under a key made of their digest, and never changed there."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from newsletter.errors import NewsletterError
from newsletter.folders import sync_folder
from newsletter.media_places import FolderPlace, MediaPlace

PIECE_BYTES = 64 * 1024
_READABLE = 0o644


class StoreFull(NewsletterError):
    """The file could not be stored. Nothing is lost: make room where media lie, and add it again."""


class StoreAway(NewsletterError):
    """The place where media lie cannot be reached. Nothing is lost: see NEWSLETTER_MEDIA, and try again."""


class NotStored(NewsletterError):
    """There are no such bytes in the store."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies under a key: how long it is, and its bytes piece by piece, to be read once."""

    size_bytes: int
    pieces: Iterator[bytes]
    close: Callable[[], object]
    """For who reads none of them."""


class Store(Protocol):
    """A place for bytes. A key is a digest and an extension: `9f86….jpg`."""

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store bytes durably, whole or not at all; the same again changes nothing. Raises `StoreFull`, `StoreAway`."""
        ...

    def open(self, key: str) -> Stored:
        """What lies under a key. Raises `NotStored`, `StoreAway`."""
        ...

    def remove(self, key: str) -> None:
        """Take a key away; one that is not there is no fault. Raises `StoreAway`."""
        ...


def open_store(place: MediaPlace, key: str = "", secret: str = "") -> Store:
    """The store at a place; `key` and `secret` are a bucket's. Raises `S3NotInstalled`."""
    if isinstance(place, FolderPlace):
        return FolderStore(place.path)
    from .media_buckets import BucketStore  # noqa: PLC0415 - boto3 is an extra, and loads slowly

    return BucketStore.at(place, key, secret)


class FolderStore:
    """One file a key in a folder, which is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """As `Store.put`: into a file beside it, onto the disk, then renamed."""
        del content_type  # the extension says it
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not self._holds(key, len(content)):
                self._write(key, content)
        except OSError as error:
            raise StoreFull(
                f"The file could not be stored in {self._folder}: {error.strerror}. "
                "Nothing is lost: make room or give the right to write there, and add it again."
            ) from error

    def open(self, key: str) -> Stored:
        """As `Store.open`."""
        try:
            file = (self._folder / key).open("rb")
        except FileNotFoundError as error:
            raise NotStored from error
        except OSError as error:
            raise StoreAway from error
        return Stored(os.fstat(file.fileno()).st_size, _pieces(file), file.close)

    def remove(self, key: str) -> None:
        """As `Store.remove`."""
        try:
            (self._folder / key).unlink(missing_ok=True)
        except OSError as error:
            raise StoreAway from error

    def _holds(self, key: str, size_bytes: int) -> bool:
        try:
            return (self._folder / key).stat().st_size == size_bytes
        except FileNotFoundError:
            return False

    def _write(self, key: str, content: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=".", dir=self._folder)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
                file.write(content)
                file.flush()
                os.fchmod(descriptor, _READABLE)
                os.fsync(descriptor)
            os.replace(name, self._folder / key)  # noqa: PTH105 - the other half is a name
        except BaseException:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108 - as above
            raise
        sync_folder(self._folder)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece
