"""What the contract server wrote down: the oracle outside the product."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import rules


@dataclass(frozen=True, slots=True)
class Taken:
    """One personalization that was taken."""

    key: str
    address: str
    message_id: str


@dataclass
class Record:
    """Every call that was taken, in order: in memory, or in a file by one write a call and before the answer.

    The file has one line a personalization, or one line a call with its body as it came where nothing is to be looked
    into before somebody asks.
    """

    file: Path | None = None
    is_checking: bool = True
    bodies: list[bytes] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._handle = None if self.file is None else os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def add(self, raw: bytes) -> str:
        """Write one call down; its message id."""
        with self._lock:
            self.count += 1
            message_id = f"message-{self.count}"
            if self._handle is None:
                self.bodies.append(raw)
            elif not self.is_checking:
                os.write(self._handle, raw + b"\n")
            else:
                lines = [json.dumps([one.key, one.address, one.message_id]) for one in taken_of(raw, message_id)]
                os.write(self._handle, "".join(f"{line}\n" for line in lines).encode())
        return message_id

    def taken(self) -> list[Taken]:
        """Every personalization in memory."""
        return [one for at, raw in enumerate(self.bodies, 1) for one in taken_of(raw, f"message-{at}")]

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)


def taken_of(raw: bytes, message_id: str) -> Iterator[Taken]:
    """The personalizations of a body."""
    for one in json.loads(raw)["personalizations"]:
        yield Taken(one["custom_args"][rules.KEY_ARGUMENT], one["to"][0]["email"], message_id)


def read(file: Path) -> list[Taken]:
    """Every personalization in a file of either form."""
    found: list[Taken] = []
    for at, line in enumerate(_lines(file), 1):
        found += taken_of(line, f"message-{at}") if line.startswith(b"{") else [Taken(*json.loads(line))]
    return found


def violations(file: Path) -> list[str]:
    """Every rule that the bodies in a file break, now that the clock has stopped."""
    return [rule for line in _lines(file) for rule in rules.violations(line)]


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        yield from (line for line in lines if line.endswith(b"\n"))
