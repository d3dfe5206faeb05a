"""How well people are told from machines, on a log that is made up and whose truth is known.

`python -m benchmarks.persons_or_machines [--copies N] [--seed N]` prints the tables of docs/tracking.md.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import groupby

from newsletter.events.classify import judge
from newsletter.events.judging import Judge
from newsletter.events.networks import Networks, network_of
from newsletter.events.tables import Actor, EventKind
from newsletter.events.visits import Visit
from newsletter.tokens import FIRST_LINK, OPEN_LINK
from tests.support.traffic import HIDDEN, LISTED, PICTURE, Line, log

COPIES, SEED = 20_000, 2026
_BEGIN = datetime(2026, 12, 2, 12, tzinfo=UTC)
_ACTORS = tuple(Actor)


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the requests of a log."""

    found: Counter[tuple[str, bool, Actor]]
    """By who was there, whether that is a person, and who it was taken for."""

    def count(self, actor: Actor | None = None, *, person: bool | None = None, sort: str | None = None) -> int:
        """How many requests; of all where nothing is said."""
        return sum(
            count
            for (of, is_person, taken_for), count in self.found.items()
            if actor in (None, taken_for) and person in (None, is_person) and sort in (None, of)
        )

    @property
    def precision(self) -> float:
        """Of what is called a machine, the share that is one."""
        return self.count(Actor.MACHINE, person=False) / self.count(Actor.MACHINE)

    @property
    def recall(self) -> float:
        """Of the machines, the share that is called one."""
        return self.count(Actor.MACHINE, person=False) / self.count(person=False)

    @property
    def not_taken_for_people(self) -> float:
        """Of the machines, the share that is not called human."""
        return 1 - self.count(Actor.HUMAN, person=False) / self.count(person=False)

    @property
    def wronged(self) -> float:
        """Of people's requests, the share that is called a machine's."""
        return self.count(Actor.MACHINE, person=True) / self.count(person=True)

    @property
    def doubted(self) -> float:
        """Of people's requests, the share that is called unknown."""
        return self.count(Actor.UNKNOWN, person=True) / self.count(person=True)

    @property
    def human_precision(self) -> float:
        """Of what is called human, the share that is a person."""
        return self.count(Actor.HUMAN, person=True) / self.count(Actor.HUMAN)


def measured(lines: Iterable[Line], listed: Sequence[str] = ()) -> Figures:
    """Judge a log, each copy's requests together, as those of readers who agreed are once they are all in."""
    networks = Networks(map(ip_network, listed))
    found: Counter[tuple[str, bool, Actor]] = Counter()
    for _, of_copy in groupby(sorted(lines, key=lambda line: line.copy), key=lambda line: line.copy):
        told = list(of_copy)
        for line, verdict in zip(told, judge([_visit(line) for line in told], networks), strict=True):
            found[line.sort, line.is_person, verdict.actor] += 1
    return Figures(found)


def as_they_came(lines: Iterable[Line]) -> Figures:
    """Judge a log request by request, by what came before: as those are counted of whom nothing is kept."""
    found: Counter[tuple[str, bool, Actor]] = Counter()
    judging = Judge()
    for line in lines:
        (verdict,) = judging.verdicts([((1, line.copy), _visit(line))])
        found[line.sort, line.is_person, verdict.actor] += 1
    return Figures(found)


def _visit(line: Line) -> Visit:
    is_open = line.what == PICTURE
    return Visit(
        at=_BEGIN + timedelta(seconds=line.seconds),
        kind=EventKind.OPEN if is_open else EventKind.CLICK,
        link_no=OPEN_LINK if is_open else FIRST_LINK + line.what,
        is_hidden=line.what == HIDDEN,
        method=line.method,
        agent=line.agent[:200],
        network=network_of(line.address),
        is_prefetch=line.is_prefetch,
        seconds=round(line.seconds, 1),
    )


def table(figures: Figures) -> Iterable[str]:
    """The lines of a table in Markdown, and what they come to."""
    yield "| who it was | requests | called human | unknown | machine |"
    yield "|---|---:|---:|---:|---:|"
    for person in (True, False):
        for sort in sorted({of for of, is_person, _ in figures.found if is_person is person}):
            yield _row(figures, sort, person=person)
        yield _row(figures, None, person=person)
    yield ""
    yield from summary(figures)


def summary(figures: Figures) -> Iterable[str]:
    """What it comes to."""
    yield f"- called a machine: {figures.precision:.2%} of it are machines (precision)"
    yield f"- machines: {figures.recall:.1%} are called one (recall), {1 - figures.not_taken_for_people:.1%} human"
    yield f"- people: {figures.wronged:.3%} are called a machine, {figures.doubted:.1%} unknown"
    yield f"- called human: {figures.human_precision:.1%} of it are people"


def _row(figures: Figures, sort: str | None, *, person: bool) -> str:
    total = figures.count(person=person, sort=sort)
    shares = (figures.count(actor, person=person, sort=sort) / total for actor in _ORDER)
    name = sort or ("**people**" if person else "**machines**")
    return f"| {name} | {total:,} | " + " | ".join(f"{share:.2%}" for share in shares) + " |"


_ORDER = (Actor.HUMAN, Actor.UNKNOWN, Actor.MACHINE)


def tables(copies: int = COPIES, seed: int = SEED) -> Iterable[str]:
    """All that the command prints."""
    lines = log(copies, seed)
    yield from ("As installed:", "", *table(measured(lines)), "")
    yield from ("With a list of half of the gateways' networks:", "", *table(measured(lines, LISTED)), "")
    yield from ("As installed, each judged when it came:", "", *summary(as_they_came(lines)))


def main() -> int:
    """Print the tables: as installed, and with a list of networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=COPIES)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    print(*tables(options.copies, options.seed), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
