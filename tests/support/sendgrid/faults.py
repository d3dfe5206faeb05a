"""Faults on demand: what the contract server does instead of taking a call."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Hangup(StrEnum):
    """When the connection is cut, by a reset as a dying machine would send it."""

    BEFORE_BODY = "before the body"
    """The headers were read, nothing of the body."""
    AFTER_BODY = "after the body"
    """All was read, and nothing is answered."""
    IN_ANSWER = "in the answer"
    """The status was sent, and the rest never is."""


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong."""

    status: int = 0
    """Answered instead of 202; 0 for the usual answer."""
    named: str | None = None
    """The field an error names, such as `personalizations.0.to`."""
    text: str | None = None
    """Said instead of the documented JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    """Such as `X-RateLimit-Reset` and `Retry-After`."""
    hangup: Hangup | None = None
    wait: float = 0
    """Seconds before the answer, or before the hang-up."""
    address: str = ""
    """Only calls that hold this address."""
    takes: bool = False
    """Whether the mails are taken all the same: the answer lies, or is lost."""
    skips: int = 0
    """How many calls that it is for go well before it begins."""
    times: int | None = None
    """How many calls it spoils; None for all."""

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Fault":
        """Read one that came as JSON."""
        hangup = facts.pop("hangup")
        return cls(**facts, hangup=hangup and Hangup(hangup))


class Faults:
    """The faults to come; the first that is for a call has it."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = list(faults)
        self._lock = threading.Lock()

    def plan(self, *faults: Fault) -> None:
        """From now on these, and no other."""
        with self._lock:
            self._faults = list(faults)

    def next_without_body(self) -> Fault | None:
        """The fault of a call of which nothing was read."""
        with self._lock:
            return self._first(lambda fault: fault.hangup is Hangup.BEFORE_BODY)

    def next(self, raw: bytes) -> Fault | None:
        """The fault of a call with this body."""
        with self._lock:
            return self._first(
                lambda fault: (
                    fault.hangup is not Hangup.BEFORE_BODY
                    and (not fault.address or f'"{fault.address}"'.encode() in raw)
                )
            )

    def _first(self, is_for: Any) -> Fault | None:
        for fault in self._faults:
            if fault.times != 0 and is_for(fault):
                if fault.skips:
                    fault.skips -= 1
                    return None
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None
