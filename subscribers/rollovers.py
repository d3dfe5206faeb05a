"""Roll-overs: what the first day of a school year means for each child. No grade is written; it follows from the date.

Only marks are kept, and that a school year's roll-over was run, so that families are asked once.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, literal, null, select, update
from sqlalchemy.orm import Session

from . import audience
from .db import insert_into
from .errors import NewsletterError
from .grades import LAST_GRADE, PRE_KINDERGARTEN, Bands, RollOver, grade_of, grade_word, parse_grade
from .households import each_once
from .tables import Child, ChildMark, Household, RollOverRun, Subscriber, Subscription

LATE_DAYS = 60
"""How long after its day a roll-over that was not run is still the one at hand."""


class RollOverFar(NewsletterError):
    """Only the roll-over to this school year or the next can be run; look at any other with --dry-run."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One roll-over: the school year that ends in `end_year` begins."""

    end_year: int
    roll_over: RollOver
    bands: Bands

    @property
    def day(self) -> date:
        """The day on which every child moves up."""
        return self.roll_over.begins_on(self.end_year)


@dataclass(frozen=True, slots=True)
class Step:
    """What a roll-over means for a child: the grade it comes from, or the level, where only that was told."""

    grade: int | None = None
    level: str = ""
    is_stale: bool = False
    """The level was told in a school year that is over by then."""

    def __str__(self) -> str:
        return (self.level + "?" * self.is_stale) if self.grade is None else grade_word(self.grade)

    @classmethod
    def parse(cls, text: str) -> "Step":
        """Read what `str` wrote; bands have small letters, grades none."""
        if text[0].islower():
            return cls(level=text.rstrip("?"), is_stale=text.endswith("?"))
        return cls(parse_grade(text))

    @property
    def is_leaving(self) -> bool:
        """Whether the child has finished school then."""
        return self.grade == LAST_GRADE

    def changes_band(self, bands: Bands) -> bool:
        """Whether the child comes to another band, or to none."""
        return self.grade is not None and bands.of_grade(self.grade) != bands.of_grade(self.grade + 1)

    def is_to_ask(self, bands: Bands) -> bool:
        """Whether what we know of the child changes by more than the next grade of the same band."""
        return self.is_stale or self.changes_band(bands)


class Guardian(NamedTuple):
    """A reader who is mailed, and the first of the lists by which."""

    subscriber_id: int
    address: str
    language: str
    list_id: int


@dataclass(frozen=True, slots=True)
class Home:
    """A household: its children still in school, youngest first, and its guardians who are mailed."""

    id: int
    steps: tuple[Step, ...]
    guardians: tuple[Guardian, ...]
    has_younger: bool = False
    """A child of theirs does not leave pre-kindergarten yet, such as one that repeats it."""

    @property
    def is_leaving(self) -> bool:
        """Whether no child is left in school."""
        return bool(self.steps) and not self.has_younger and all(step.is_leaving for step in self.steps)


def at_hand(session: Session, organization_id: int, today: date, roll_over: RollOver, bands: Bands) -> Turn:
    """The roll-over to run: the next one, or the one just past where that was not run and is not long ago."""
    running = Turn(roll_over.end_year(today), roll_over, bands)
    is_late = today - running.day <= timedelta(days=LATE_DAYS) and ran(session, organization_id, running) is None
    return running if is_late else Turn(running.end_year + 1, roll_over, bands)


def refuse_far(turn: Turn, today: date) -> None:
    """Raise `RollOverFar` where neither the school year that runs nor the next one begins by it."""
    if is_far(turn, today):
        raise RollOverFar


def is_far(turn: Turn, today: date) -> bool:
    """Whether neither the school year that runs nor the next one begins by a roll-over."""
    return not 0 <= turn.end_year - turn.roll_over.end_year(today) <= 1


def ran(session: Session, organization_id: int, turn: Turn) -> RollOverRun | None:
    """The run of a roll-over, where it was run."""
    return session.get(RollOverRun, (organization_id, turn.end_year))


def record(session: Session, organization_id: int, turn: Turn, counts: dict[str, Any], now: datetime) -> bool:
    """Write down that a roll-over was run. Returns whether it was not yet; of two at once one is told so."""
    values = {"organization_id": organization_id, "end_year": turn.end_year, "counts": counts, "ran_at": now}
    insert = insert_into(session, RollOverRun).values(values).on_conflict_do_nothing()
    return session.scalar(insert.returning(RollOverRun.end_year)) is not None


def households(session: Session, organization_id: int) -> int:
    """How many households have children."""
    of_organization = select(func.count(Child.household_id.distinct())).join(Household)
    return session.scalars(of_organization.where(Household.organization_id == organization_id)).one()


def page(session: Session, organization_id: int, turn: Turn, after: int, size: int) -> list[Home]:
    """The next so many households with children, by id, and what the roll-over means for them."""
    ids = session.scalars(
        select(Child.household_id)
        .join(Household)
        .where(Household.organization_id == organization_id, Child.household_id > after)
        .group_by(Child.household_id)
        .order_by(Child.household_id)
        .limit(size)
    ).all()
    children, guardians = _children(session, ids), _guardians(session, ids)
    return [_home(home, each_once(children[home]), tuple(guardians[home]), turn) for home in ids]


def mark(session: Session, homes: Sequence[Home], turn: Turn) -> None:
    """Mark the children of households by what the roll-over finds."""
    marked: ColumnElement[Any] = case(
        (Child.graduation_year < turn.end_year, literal(ChildMark.LEFT, Child.mark.type)),
        (and_(Child.band.is_not(None), Child.end_year < turn.end_year), literal(ChildMark.STALE, Child.mark.type)),
        else_=null(),
    )
    session.execute(
        update(Child)
        .where(Child.household_id.in_([home.id for home in homes]), Child.mark.is_distinct_from(marked))
        .values(mark=marked),
        execution_options={"synchronize_session": False},
    )


def _children(session: Session, ids: Sequence[int]) -> dict[int, list[Any]]:
    """The children of households as they were told."""
    found = defaultdict[int, list[Any]](list)
    columns = (Child.subscriber_id, Child.told_by, Child.graduation_year, Child.band, Child.end_year, Child.school_id)
    for row in session.execute(select(Child.id, Child.household_id, *columns).where(Child.household_id.in_(ids))):
        found[row.household_id].append(row)
    return found


def _guardians(session: Session, ids: Sequence[int]) -> dict[int, list[Guardian]]:
    """The readers of households whom some list may mail now."""
    by_list = func.min(Subscription.list_id)
    rows = session.execute(
        select(Subscriber.household_id, Subscriber.id, Subscriber.address, Subscriber.language, by_list)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscriber.household_id.in_(ids), audience.exclusion(Subscription.list_id.expression).is_(None))
        .group_by(Subscriber.id)
        .order_by(Subscriber.id)
    )
    found = defaultdict[int | None, list[Guardian]](list)
    for household_id, subscriber_id, address, language, list_id in rows:
        found[household_id].append(Guardian(subscriber_id, address, language, list_id))
    return {household_id: found[household_id] for household_id in ids}


def _home(home_id: int, children: Sequence[Any], guardians: tuple[Guardian, ...], turn: Turn) -> Home:
    steps = [step for child in children if (step := _step(child, turn))]
    in_order = tuple(sorted(steps, key=lambda step: (step.grade is None, step.grade or 0, str(step))))
    eldest_younger = turn.end_year + LAST_GRADE - PRE_KINDERGARTEN
    has_younger = any((child.graduation_year or 0) >= eldest_younger for child in children)
    return Home(home_id, in_order, guardians, has_younger)


def _step(child: Any, turn: Turn) -> Step | None:
    """None for a child that comes to school only then, left it before, or of whom a level is too old to be believed."""
    before = turn.end_year - 1
    if child.graduation_year is not None:
        grade = grade_of(child.graduation_year, before)
        return Step(grade) if PRE_KINDERGARTEN <= grade <= LAST_GRADE else None
    if child.end_year is None:
        return Step(level=child.band)
    return Step(level=child.band, is_stale=child.end_year < turn.end_year) if child.end_year >= before - 1 else None
