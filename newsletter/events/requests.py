"""A request for a pixel or a link, as it came, and the fact that it tells."""

from dataclasses import dataclass
from datetime import datetime

from newsletter.tokens import MailClaim

from .tables import EventKind

_LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a request; nothing outlives it but what `Fact` is written with."""

    at: datetime
    method: str
    user_agent: str = ""
    prefetched: bool = False
    """The client said that nobody looks yet (`Sec-Purpose: prefetch`)."""
    network: str = ""
    """Where it came from, as `networks.network_of` writes it: no whole address ever comes here."""
    opted_out: bool = False
    """The client asks not to be followed (`DNT: 1`, `Sec-GPC: 1`): it is counted, whatever its reader agreed to."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One open or click of one copy."""

    kind: EventKind
    claim: MailClaim
    request: Request

    @property
    def agent(self) -> str:
        """The user agent as it is kept: cut, and without control characters."""
        agent = self.request.user_agent
        clean = agent if agent.isprintable() else "".join(filter(str.isprintable, agent))
        return clean[:_LONGEST_AGENT]


def opened(claim: MailClaim, request: Request) -> Fact:
    """The pixel of a copy was asked for. That is no proof of reading."""
    return Fact(EventKind.OPEN, claim, request)


def clicked(claim: MailClaim, request: Request) -> Fact:
    """A link of a copy was followed."""
    return Fact(EventKind.CLICK, claim, request)
