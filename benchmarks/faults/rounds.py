"""What is done to an engine: three kinds of fire, each over campaigns until it has struck often enough."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.crashes import Plan, Site, Verdict, storm
from tests.support.instants import Instant

from .engines import CONNECTIONS, GROUP


@dataclass(frozen=True, slots=True)
class Fire:
    """One kind of it: a plan for each campaign, and how much there must be in all."""

    name: str
    plan: Plan
    strikes: int
    """Kills and zombies that really were."""
    share: float
    """Of all deliveries."""
    bound: int
    """The most unknown that one strike may leave."""


FIRES = (
    Fire("killed", Plan(kills=36), 200, 0.6, CONNECTIONS),
    Fire("frozen past the lease, then woken", Plan(zombies=14), 40, 0.3, GROUP),
    Fire("killed, the journal lost", Plan(kills=12, deletes_journals=True), 12, 0.1, GROUP),
)


@dataclass
class Outcome:
    """All campaigns of one engine under one kind of fire, together."""

    engine: str
    fire: str
    bound_each: int
    campaigns: int = 0
    deliveries: int = 0
    kills: Counter[Instant] = field(default_factory=Counter)
    zombies: Counter[Instant] = field(default_factory=Counter)
    duplicates: int = 0
    missing: int = 0
    accepted: int = 0
    unknown: int = 0
    unknown_arrived: int = 0
    unbalanced: int = 0
    seconds: float = 0

    def add(self, verdict: Verdict) -> None:
        """Count one more campaign."""
        self.campaigns += 1
        self.deliveries += verdict.audience
        self.kills += verdict.toll.kills
        self.zombies += verdict.toll.zombies
        self.duplicates += verdict.duplicates
        self.missing += verdict.missing
        self.accepted += verdict.accepted
        self.unknown += verdict.unknown
        self.unknown_arrived += verdict.unknown_arrived
        self.unbalanced += not (verdict.balances and verdict.is_sent)

    @property
    def strikes(self) -> int:
        """Kills and zombies."""
        return self.kills.total() + self.zombies.total()

    @property
    def bound(self) -> int:
        """The most that may be unknown."""
        return self.strikes * self.bound_each

    @property
    def holds(self) -> bool:
        """Whether nobody was lost, nobody mailed twice, and no more is unknown than was in flight."""
        return not (self.duplicates or self.missing or self.unbalanced) and self.unknown <= self.bound


def under_fire(
    engine: str, site: Site, fire: Fire, families: int, deliveries: int, chance: random.Random
) -> Iterator[Outcome]:
    """Send campaign after campaign until there were enough deliveries and strikes; the outcome after each."""
    outcome = Outcome(engine, fire.name, fire.bound)
    begin = time.monotonic()
    while outcome.deliveries < deliveries * fire.share or outcome.strikes < fire.strikes:
        outcome.add(storm(site, families, fire.plan, chance))
        outcome.seconds = time.monotonic() - begin
        yield outcome
