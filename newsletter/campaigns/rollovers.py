"""Running a roll-over: count what it means, mark children, and ask families whether what we know is still right.

Households are paged over, each page in a transaction of its own. Who is killed runs it again: a mark is set to what it
is, a mail is appended once a reader and school year, and that it was run is written last.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.ledger import streams
from newsletter.ledger.streams import StreamMail
from subscribers import rollovers
from subscribers.db import Database
from subscribers.grades import Bands
from subscribers.rollovers import Guardian, Home, Step, Turn
from subscribers.tables import RollOverRun

from .school_letters import STILL_RIGHT, StillRightLetter

_PAGE = 500
_EXAMPLES = 5


class Ask(StrEnum):
    """Which families are asked."""

    CHANGED = "changed"
    """Those with a child that comes to another band, leaves school, or of whom only an old level is known."""
    ALL = "all"
    """Every family with a child in school."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Plan:
    """A roll-over, whom to ask, and what the letters need: today's day and the language of who told none."""

    organization_id: int
    turn: Turn
    ask: Ask
    is_past: bool
    language: str


class Kind(StrEnum):
    """What a household is an example of."""

    CHANGING = "changing"
    """A child comes to another band."""
    LEAVING = "leaving"
    """No child is left in school."""
    STALE = "stale"
    """Only the level of a child is known, and that is old."""


@dataclass(slots=True)
class Tally:
    """What a roll-over means, for all households."""

    steps: Counter[Step] = field(default_factory=Counter)
    families: int = 0
    leaving: int = 0
    """Families of whom no child is left in school."""
    asked: int = 0
    """Readers who are asked."""
    examples: dict[Kind, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Some addresses of each kind."""

    def add(self, home: Home, plan: Plan) -> None:
        """Count one household in."""
        self.steps.update(home.steps)
        self.families += bool(home.steps)
        self.leaving += home.is_leaving
        self.asked += len(home.guardians) if _is_asked(home, plan) else 0
        for kind in _kinds(home, plan.turn.bands):
            found = self.examples[kind]
            found += [guardian.address for guardian in home.guardians][: _EXAMPLES - len(found)]

    def counts(self, plan: Plan) -> dict[str, Any]:
        """What is kept of a run."""
        return {
            "children": self.steps.total(),
            "families": self.families,
            "leaving": self.leaving,
            "ask": plan.ask.value,
            "asked": self.asked,
        }


def run(database: Database, clock: Clock, plan: Plan, advance: Callable[[int], None]) -> Tally | RollOverRun:
    """Run the roll-over: mark children, ask families. Returns the earlier run where there was one."""
    with database.reading() as session:
        earlier = rollovers.ran(session, plan.organization_id, plan.turn)
    if earlier is not None:
        return earlier

    def write(session: Session, homes: Sequence[Home]) -> None:
        rollovers.mark(session, homes, plan.turn)
        _append(session, clock, plan, [home for home in homes if _is_asked(home, plan)])

    tally = _walk(database.writing, plan, write, advance)
    with database.writing() as session:
        is_first = rollovers.record(session, plan.organization_id, plan.turn, tally.counts(plan), clock.now())
        return tally if is_first else session.get_one(RollOverRun, (plan.organization_id, plan.turn.end_year))


def foresee(database: Database, plan: Plan, advance: Callable[[int], None]) -> Tally:
    """Count what running it would do; writes nothing."""
    return _walk(database.reading, plan, lambda _, __: None, advance)


def _walk(
    opened: Callable[[], AbstractContextManager[Session]],
    plan: Plan,
    work: Callable[[Session, Sequence[Home]], None],
    advance: Callable[[int], None],
) -> Tally:
    """Do some work on each page of households, and count them."""
    tally, after = Tally(), 0
    while True:
        with opened() as session:
            homes = rollovers.page(session, plan.organization_id, plan.turn, after, _PAGE)
            work(session, homes)
        if not homes:
            return tally
        for home in homes:
            tally.add(home, plan)
        after = homes[-1].id
        advance(len(homes))


def _append(session: Session, clock: Clock, plan: Plan, homes: Sequence[Home]) -> None:
    """Append each guardian's letter to the stream of the list by which they are mailed."""
    mails = defaultdict[int, list[StreamMail]](list)
    for home in homes:
        for guardian in home.guardians:
            mails[guardian.list_id].append(_mail(plan, home, guardian))
    for list_id, of_list in sorted(mails.items()):
        name = f"{STILL_RIGHT}:{list_id}"
        campaign_id = streams.ensure(session, clock, plan.organization_id, name, list_id)
        streams.append_many(session, clock, campaign_id, of_list)


def _mail(plan: Plan, home: Home, guardian: Guardian) -> StreamMail:
    turn, language = plan.turn, guardian.language or plan.language
    letter = StillRightLetter(guardian.list_id, language, turn.day, turn.end_year, plan.is_past, home.steps)
    dedupe = f"{guardian.subscriber_id}:{turn.end_year}"
    return StreamMail(guardian.address, str(letter), guardian.subscriber_id, dedupe)


def _is_asked(home: Home, plan: Plan) -> bool:
    if plan.ask is Ask.CHANGED:
        return any(step.is_to_ask(plan.turn.bands) for step in home.steps)
    return plan.ask is Ask.ALL and bool(home.steps)


def _kinds(home: Home, bands: Bands) -> Iterator[Kind]:
    """What kinds of example a household is."""
    if home.is_leaving:
        yield Kind.LEAVING
    elif any(step.changes_band(bands) for step in home.steps):
        yield Kind.CHANGING
    if any(step.is_stale for step in home.steps):
        yield Kind.STALE
