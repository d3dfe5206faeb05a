"""A person or a machine: which signs of a machine a request shows, alone and beside others of the same copy.

One sign is chance, two make a machine. Two of the signs need no second: nobody reads what `HEAD` brings, and nobody
sees the hidden link.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from .agents import Client, client_of
from .networks import Networks
from .tables import Actor, EventKind
from .visits import Visit

TOO_SOON_SECONDS = 2
"""Nobody has found, opened and read a mail within this time of its acceptance."""
SOON_SECONDS = 10
"""Few have: it says nothing alone, and counts beside another sign."""
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
    THOROUGH = "thorough"
    """More of the copy's links were followed, one after the other, than interest anybody."""
    COMPANY = "company"
    """Something that is surely a machine asked for the same copy seconds before or after."""
    AGENT = "agent"
    """A scanner's name, or one that no browser and no mail program has."""
    NETWORK = "network"
    """It came from a listed network."""


BESIDE = timedelta(minutes=15)
"""No request is judged by what came longer before or after it."""
_BURSTS = (
    (Signal.TOGETHER, 3, timedelta(seconds=5)),
    (Signal.TOO_MANY, 6, timedelta(seconds=5)),
    (Signal.THOROUGH, 8, BESIDE),
)
"""So many different links of one copy within a time."""
_USUAL = {
    EventKind.OPEN: frozenset({Client.BROWSER, Client.MAIL_PROGRAM, Client.IMAGE_PROXY}),
    EventKind.CLICK: frozenset({Client.BROWSER, Client.MAIL_PROGRAM}),
}
"""Whose names are no sign; an image proxy follows no links."""
_SURE = frozenset({Signal.HEAD, Signal.HIDDEN_LINK})
_CHANCE = frozenset({Signal.TOGETHER, Signal.THOROUGH, Signal.COMPANY})
"""What a keen reader in a hurry and a program of theirs come to at once: one sign between them."""
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who made a request, and the signs that say so, in the order of `Signal`."""

    actor: Actor
    signals: tuple[Signal, ...]


@lru_cache
def verdict_of(signals: frozenset[Signal]) -> Verdict:
    """What signs make of a request."""
    return Verdict(_actor(signals), tuple(signal for signal in Signal if signal in signals))


def judge(visits: Sequence[Visit], networks: Networks) -> list[Verdict]:
    """A verdict for each of the requests about one copy. They are looked at together, in whichever order they came."""
    beside = _beside(visits)
    return [verdict_of(frozenset(_own(visit, networks) | found)) for visit, found in zip(visits, beside, strict=True)]


def _actor(signals: frozenset[Signal]) -> Actor:
    count = len(signals - _CHANCE - {Signal.SOON}) + bool(signals & _CHANCE)
    if signals & _SURE or count >= _ENOUGH or (count and Signal.SOON in signals):
        return Actor.MACHINE
    return Actor.UNKNOWN if count else Actor.HUMAN


def _own(visit: Visit, networks: Networks) -> set[Signal]:
    """What a request shows alone."""
    client = client_of(visit.agent)
    found = set()
    if visit.method == "HEAD":
        found.add(Signal.HEAD)
    if visit.is_hidden:
        found.add(Signal.HIDDEN_LINK)
    if visit.seconds is not None and visit.seconds < SOON_SECONDS:
        found.add(Signal.TOO_SOON if visit.seconds < TOO_SOON_SECONDS else Signal.SOON)
    if visit.is_prefetch:
        found.add(Signal.PREFETCH)
    if client not in _USUAL[visit.kind]:
        found.add(Signal.AGENT)
    if visit.network in networks and (client is not Client.IMAGE_PROXY or visit.kind is not EventKind.OPEN):
        found.add(Signal.NETWORK)
    return found


def _beside(visits: Sequence[Visit]) -> list[set[Signal]]:
    """What each request shows beside the others."""
    found: list[set[Signal]] = [set() for _ in visits]
    if len(visits) > 1:
        _mark_bursts(visits, found)
        _mark_company(visits, found)
    return found


def _mark_bursts(visits: Sequence[Visit], found: list[set[Signal]]) -> None:
    """Mark clicks on many links in a time, and the pictures that the same clients fetched beside them."""
    of_links = (at for at, visit in enumerate(visits) if visit.kind is EventKind.CLICK)
    clicks = sorted(of_links, key=lambda at: visits[at].at)
    for signal, many, within in _BURSTS:
        marked = _bursts(visits, clicks, many, within)
        for at in (*marked, *_pictures_beside(visits, marked)):
            found[at].add(signal)


def _bursts(visits: Sequence[Visit], clicks: Sequence[int], many: int, within: timedelta) -> list[int]:
    """Which clicks are among so many on different links; they come in the order of time, each is looked at once."""
    marked: list[int] = []
    links: dict[int, int] = {}  # how often each is followed, from the click `begin` to the click `end`
    begin = done = 0
    for end, click in enumerate(clicks):
        links[visits[click].link_no] = links.get(visits[click].link_no, 0) + 1
        while visits[click].at - visits[clicks[begin]].at > within:
            _take_one(links, visits[clicks[begin]].link_no)
            begin += 1
        if len(links) >= many:
            marked += clicks[max(begin, done) : end + 1]
            done = end + 1
    return marked


def _take_one(counts: dict[int, int], of: int) -> None:
    counts[of] -= 1
    if not counts[of]:
        del counts[of]


def _pictures_beside(visits: Sequence[Visit], clicks: Sequence[int]) -> Iterator[int]:
    """The pixels that the clients of clicks asked for beside them."""
    moments = _moments_by_client(visits[at] for at in clicks)
    for at, visit in enumerate(visits):
        if visit.kind is EventKind.OPEN and _is_beside(visit, moments.get(visit.client, ())):
            yield at


def _mark_company(visits: Sequence[Visit], found: list[set[Signal]]) -> None:
    """Mark what came seconds from a request that is surely a machine's.

    Whoever took the hidden link is a machine in all that it asked for then; who sent `HEAD` may be a reader's program
    that looks before the reader does, and who merely came at the same time may be the reader.
    """
    hidden = [visit for visit in visits if visit.is_hidden]
    takers = _moments_by_client(hidden)
    heads = _moments_by_client(visit for visit in visits if visit.method == "HEAD")
    taken = sorted(visit.at for visit in hidden)
    for visit, signals in zip(visits, found, strict=True):
        if _is_beside(visit, takers.get(visit.client, ())):
            signals.add(Signal.HIDDEN_LINK)
        elif visit.kind is EventKind.CLICK and _is_beside(visit, taken):
            signals.add(Signal.COMPANY)
        if visit.method != "HEAD" and _is_beside(visit, heads.get(visit.client, ())):
            signals.add(Signal.COMPANY)


def _moments_by_client(visits: Iterable[Visit]) -> dict[tuple[str, str], list[datetime]]:
    """When each client came, in order."""
    moments: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for visit in sorted(visits, key=lambda visit: visit.at):
        moments[visit.client].append(visit.at)
    return moments


def _is_beside(visit: Visit, moments: Sequence[datetime]) -> bool:
    """Whether one of the moments, which are in order, is near."""
    after = bisect_left(moments, visit.at - NEAR)
    return after < len(moments) and moments[after] <= visit.at + NEAR
