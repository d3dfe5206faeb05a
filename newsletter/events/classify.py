"""A person or a machine: which signs of a machine a request shows, alone and beside others of the same copy.

One sign is chance, two make a machine. Two of the signs need no second: nobody reads what `HEAD` brings, and nobody
sees the hidden link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from .agents import Client, client_of
from .networks import Networks
from .tables import Actor, EventKind
from .visits import Visit

TOO_SOON_SECONDS = 2
"""Nobody has found, opened and read a mail within this time of its acceptance."""
SOON_SECONDS = 10
"""Few have: it says nothing alone, and counts beside another sign."""
TOGETHER = timedelta(seconds=5)
MANY, TOO_MANY = 3, 6
"""So many different links of one copy within `TOGETHER` are rarely a person's, and more than hands can follow."""
NEAR = timedelta(seconds=10)
"""Within this time of a request that is surely a machine's, others of the same copy are looked at with doubt."""


class Signal(StrEnum):
    """A sign of a machine. The values are kept with events."""

    HEAD = "head"
    """It asked for the head of a page alone."""
    HIDDEN_LINK = "hidden-link"
    """The client followed the link that nobody sees."""
    TOO_SOON = "too-soon"
    SOON = "soon"
    PREFETCH = "prefetch"
    """The client said that nobody looks yet."""
    TOGETHER = "together"
    """Several links of the copy were followed together."""
    TOO_MANY = "too-many"
    """More of them than hands can."""
    COMPANY = "company"
    """Something that is surely a machine asked for the same copy seconds before or after."""
    AGENT = "agent"
    """A scanner's name, or one that no browser and no mail program has."""
    NETWORK = "network"
    """It came from a listed network."""


_SURE = frozenset({Signal.HEAD, Signal.HIDDEN_LINK})
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who made a request, and the signs that say so, in the order of `Signal`."""

    actor: Actor
    signals: tuple[Signal, ...]

    @classmethod
    def of(cls, signals: frozenset[Signal]) -> "Verdict":
        """What signs make of a request."""
        return cls(_actor(signals), tuple(signal for signal in Signal if signal in signals))


def judge(visits: Sequence[Visit], networks: Networks) -> list[Verdict]:
    """A verdict for each of the requests about one copy. They are looked at together, in whichever order they came."""
    beside = _beside(visits)
    return [Verdict.of(frozenset(_own(visit, networks) | found)) for visit, found in zip(visits, beside, strict=True)]


def _actor(signals: frozenset[Signal]) -> Actor:
    count = len(signals - {Signal.SOON})
    if signals & _SURE or count >= _ENOUGH or (count and Signal.SOON in signals):
        return Actor.MACHINE
    return Actor.UNKNOWN if count else Actor.HUMAN


def _own(visit: Visit, networks: Networks) -> set[Signal]:
    """What a request shows alone."""
    client = client_of(visit.agent)
    sees_for_a_reader = client is Client.IMAGE_PROXY and visit.kind is EventKind.OPEN
    found = {
        Signal.HEAD: visit.method == "HEAD",
        Signal.HIDDEN_LINK: visit.is_hidden,
        Signal.PREFETCH: visit.is_prefetch,
        Signal.AGENT: _is_odd(client, visit.kind),
        Signal.NETWORK: visit.network in networks and not sees_for_a_reader,
    }
    if visit.seconds is not None and visit.seconds < SOON_SECONDS:
        found[Signal.TOO_SOON if visit.seconds < TOO_SOON_SECONDS else Signal.SOON] = True
    return {signal for signal, shown in found.items() if shown}


def _is_odd(client: Client, kind: EventKind) -> bool:
    """Whether no reader's client has such a name; an image proxy follows no links."""
    usual = {Client.BROWSER, Client.MAIL_PROGRAM}
    return client not in (usual | {Client.IMAGE_PROXY} if kind is EventKind.OPEN else usual)


def _beside(visits: Sequence[Visit]) -> list[set[Signal]]:
    """What each request shows beside the others."""
    found: list[set[Signal]] = [set() for _ in visits]
    if len(visits) > 1:
        _mark_bursts(visits, found)
        _mark_company(visits, found)
    return found


def _mark_bursts(visits: Sequence[Visit], found: list[set[Signal]]) -> None:
    """Mark clicks on many links together, and what the same clients asked for meanwhile."""
    clicks = sorted((visit.at, at) for at, visit in enumerate(visits) if visit.kind is EventKind.CLICK)
    end = 0
    for begin, (moment, _) in enumerate(clicks):
        while end < len(clicks) and clicks[end][0] - moment <= TOGETHER:
            end += 1
        burst = [at for _, at in clicks[begin:end]]
        links = len({visits[at].link_no for at in burst})
        if links >= MANY:
            signals = {Signal.TOGETHER, Signal.TOO_MANY} if links >= TOO_MANY else {Signal.TOGETHER}
            for at in (*burst, *_pictures_of(visits, burst)):
                found[at] |= signals


def _pictures_of(visits: Sequence[Visit], burst: Sequence[int]) -> list[int]:
    """The pixels that the clients of a burst asked for beside it."""
    first, clients = visits[burst[0]], {visits[at].client for at in burst}
    return [
        at
        for at, visit in enumerate(visits)
        if visit.kind is EventKind.OPEN and visit.client in clients and visit.is_near(first, TOGETHER)
    ]


def _mark_company(visits: Sequence[Visit], found: list[set[Signal]]) -> None:
    """Mark what came seconds from a request that is surely a machine's.

    Whoever took the hidden link is a machine in all that it asked for then; who sent `HEAD` may be a reader's program
    that looks before the reader does, and who merely came at the same time may be the reader.
    """
    for sure in (visit for visit in visits if visit.is_hidden or visit.method == "HEAD"):
        for visit, signals in zip(visits, found, strict=True):
            if visit is sure or not visit.is_near(sure, NEAR):
                continue
            if visit.client == sure.client:
                signals.add(Signal.HIDDEN_LINK if sure.is_hidden else Signal.COMPANY)
            elif sure.is_hidden and visit.kind is EventKind.CLICK:
                signals.add(Signal.COMPANY)
