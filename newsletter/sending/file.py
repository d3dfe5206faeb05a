"""The `file:` transport: each message becomes an `.eml` in a folder, and a line of `index.jsonl` names it."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .outcomes import Outcome, accepted, again
from .transports import Journal, Outgoing, TransportUnavailable

_INDEX = "index.jsonl"


@dataclass(frozen=True, slots=True)
class FileTransport:
    """Writes into one folder; many threads and processes may share it."""

    folder: Path
    senders: int = 1
    group_size: int = 50
    account: str = "file"

    @classmethod
    def parse(cls, url: str) -> "FileTransport":
        """Read `file:var/outbox` (relative) or `file:///var/outbox`."""
        path = unquote(urlsplit(url).path)
        if not path:
            raise TransportUnavailable("NEWSLETTER_TRANSPORT names no folder; write it like file:var/outbox.")
        return cls(Path(path))

    def connect(self) -> "FileConnection":
        """Make the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return FileConnection(self.folder)
        except OSError as error:
            raise TransportUnavailable(f"The folder {self.folder} cannot be written: {error.strerror}.") from error


class FileConnection:
    """One thread's way into the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = os.open(folder / _INDEX, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def send(self, group: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """Write each message under its key. Raises `TransportUnavailable` at the first that cannot be written."""
        return [(outgoing.seq, self._write(outgoing, journal)) for outgoing in group]

    def close(self) -> None:
        """Close the index."""
        os.close(self._index)

    def _write(self, outgoing: Outgoing, journal: Journal) -> Outcome:
        """Write whole or not at all: under a name nobody reads, then renamed, then named in the index by one write."""
        key = outgoing.key
        file, unfinished = self._folder / f"{key}.eml", self._folder / f".{key}.part"
        journal.begun([outgoing.seq])
        try:
            unfinished.write_bytes(outgoing.message())
            unfinished.rename(file)
            line = json.dumps({"key": key, "to": outgoing.to, "file": file.name}, ensure_ascii=False)
            os.write(self._index, line.encode() + b"\n")
        except OSError as error:
            file.unlink(missing_ok=True)
            unfinished.unlink(missing_ok=True)
            journal.replied(outgoing.seq, again(f"The file cannot be written: {error.strerror}."))
            raise TransportUnavailable(
                f"The folder {self._folder} cannot be written: {error.strerror}. Nothing is lost; send again."
            ) from error
        outcome = accepted(file.name)
        journal.replied(outgoing.seq, outcome)
        return outcome
