"""What a parent asks of its child, and within which limits."""

from dataclasses import dataclass
from typing import Any, NamedTuple

BEGUN = b"\n"
"""What the child says when it has found the function: from here on its time counts."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use, and how long a child lives."""

    seconds: float = 2.0
    """On the processor: a busy machine does not count against the text."""
    patience_seconds: float = 8.0
    """By the clock on the wall, however busy the machine is."""
    memory_bytes: int = 512 << 20
    """Of address space, beside what the child has when the call begins."""
    answer_bytes: int = 64 << 20
    calls: int = 500
    """After so many a child makes room for a new one, and what its caches hold is let go."""


USUAL = Limits()


class Call(NamedTuple):
    """A function by its module and name, and what it is called with."""

    module: str
    name: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    limits: Limits
