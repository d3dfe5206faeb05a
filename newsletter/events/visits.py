"""A request for a pixel or a link as it is judged: what may be kept of it, and nothing more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .requests import Fact
from .tables import EventKind


@dataclass(frozen=True, slots=True)
class Copy:
    """What the ledger knows of the copy that a request names."""

    accepted_at: datetime | None
    """Empty while it is on its way: whoever asks now asks too soon."""
    is_tracked: bool
    """Whether an event about its reader may be kept."""
    arm: str = ""
    """The arm of a test of two subjects that it belongs to."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request about one copy."""

    at: datetime
    kind: EventKind
    link_no: int
    is_hidden: bool
    """Whether it is for the link that no reader sees."""
    method: str
    agent: str
    network: str
    """As `networks.network_of` writes it; may be empty."""
    is_prefetch: bool
    seconds: float | None
    """Since the copy was accepted, 0 while it is on its way; None where the ledger has no such copy any more."""

    @classmethod
    def of(cls, fact: Fact, copy: Copy | None, hidden_no: int | None) -> "Visit":
        """A fact as it comes; `hidden_no` is the campaign's hidden link."""
        request, link_no = fact.request, fact.claim.link_no
        return cls(
            at=request.at,
            kind=fact.kind,
            link_no=link_no,
            is_hidden=_is_hidden(fact.kind, link_no, hidden_no),
            method=request.method,
            agent=fact.agent,
            network=request.network,
            is_prefetch=request.prefetched,
            seconds=_seconds(request.at, copy),
        )

    @classmethod
    def kept(
        cls, at: datetime, kind: EventKind, link_no: int | None, detail: Mapping[str, Any], hidden_no: int | None
    ) -> "Visit | None":
        """An event as it was kept; None where too little is left of it to judge it again."""
        if "method" not in detail:
            return None
        return cls(
            at=at,
            kind=kind,
            link_no=link_no or 0,
            is_hidden=_is_hidden(kind, link_no, hidden_no),
            method=detail["method"],
            agent=detail["user_agent"],
            network=detail["network"],
            is_prefetch=detail["prefetch"],
            seconds=detail["seconds"],
        )

    @property
    def client(self) -> tuple[str, str]:
        """Who came, as far as two requests can be told to be of the same client."""
        return self.agent, self.network

    @property
    def detail(self) -> dict[str, Any]:
        """What an event keeps of it, beside its own columns."""
        return {
            "user_agent": self.agent,
            "method": self.method,
            "network": self.network,
            "prefetch": self.is_prefetch,
            "seconds": self.seconds,
        }

    def is_near(self, other: "Visit", within: timedelta) -> bool:
        """Whether both came within a time of each other."""
        return abs(self.at - other.at) <= within


def _is_hidden(kind: EventKind, link_no: int | None, hidden_no: int | None) -> bool:
    return kind is EventKind.CLICK and hidden_no is not None and link_no == hidden_no


def _seconds(at: datetime, copy: Copy | None) -> float | None:
    """To a tenth, so that it is judged by what is kept of it."""
    if copy is None:
        return None
    return 0.0 if copy.accepted_at is None else round((at - copy.accepted_at).total_seconds(), 1)
