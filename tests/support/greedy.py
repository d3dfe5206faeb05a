"""What a text might bring a child process to do: functions that tests call there."""

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from newsletter.issues.problems import DocumentInvalid, Problem


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Kept:
    """One value of each type that an answer may hold."""

    text: str
    raw: bytes
    at: datetime
    colour: Colour
    numbers: Mapping[str, tuple[int, ...]]
    words: frozenset[str]
    other: "Kept | None" = None


def echo(kept: Kept) -> Kept:
    return kept


def pid() -> int:
    return os.getpid()


def environment() -> dict[str, str]:
    return dict(os.environ)


def spin() -> None:
    while True:
        pass


def wait() -> None:
    time.sleep(60)


def hoard() -> list[str]:
    return ["a" * 10**8 for _ in range(100)]


def one_string(length: int) -> str:
    return "a" * length


def nest() -> int:
    return 1 + nest()


def crash() -> None:
    os.abort()


def refuse() -> None:
    raise DocumentInvalid([Problem(3, "Take it out.")])


def fail() -> None:
    raise KeyError("nobody's mistake")


def speak() -> str:
    print("hello", flush=True)  # noqa: T201 - what is printed is no answer
    return "said"


def unsayable() -> object:
    return object()


def mistaken() -> int:
    return "seven"  # type: ignore[return-value]


def write(file: str) -> None:
    with Path(file).open("w", encoding="utf-8", buffering=1) as opened:
        opened.write("x\n")


def connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
