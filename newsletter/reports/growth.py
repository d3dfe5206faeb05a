"""How a list grows: who asked for it, who joined, who left and why, and how many there were at each period's end.

All of it is told from the consent ledger, which outlives its readers, and from the suppressions in force.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session

from . import ledger_steps
from .ledger_steps import Step
from .periods import By, Periods


class Source(StrEnum):
    """How somebody came to ask for a list."""

    FORM = "form"
    MAIL = "mail"
    """Behind a link in a mail to them, such as their preferences."""
    IMPORT = "import"
    STAFF = "staff"
    API = "api"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> "Source":
        del value
        return cls.OTHER


class Leave(StrEnum):
    """Why somebody is on a list no longer."""

    WISH = "mail"
    """They left, by a link or a button in their mail program."""
    STAFF = "staff"
    IMPORT = "import"
    """A file said that they had left elsewhere."""
    ROSTER = "roster"
    """The school's list no longer names them."""
    ERASED = "erasure"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    SUPPRESSED = "suppressed"
    """Suppressed by staff, by an import or on request."""

    @classmethod
    def _missing_(cls, value: object) -> "Leave":
        del value
        return cls.SUPPRESSED


@dataclass(slots=True)
class Growth:
    """One period. `asked` asked for a list that wants a confirmation; `confirmed` of them gave it by now.

    `within_hour` and `within_day` are those of the confirmed who took no longer. `standing` is how many were on the
    list when the period ended.
    """

    first: date
    last: date
    signed_up: Counter[Source] = field(default_factory=Counter)
    asked: int = 0
    confirmed: int = 0
    timed: int = 0
    """Of how many of the confirmed it is known how long it took them."""
    within_hour: int = 0
    within_day: int = 0
    joined: int = 0
    left: Counter[Leave] = field(default_factory=Counter)
    standing: int = 0

    @property
    def net(self) -> int:
        """By how many the list grew."""
        return self.joined - self.left.total()

    @property
    def confirmed_share(self) -> float | None:
        """From 0 to 1; None where nobody was asked."""
        return min(self.confirmed / self.asked, 1) if self.asked else None


@dataclass(frozen=True, slots=True)
class GrowthReport:
    """Every period, the oldest first, also those in which nothing happened."""

    by: By
    time_zone: str
    steps: tuple[Growth, ...]

    @property
    def total(self) -> Growth:
        """All periods as one."""
        whole = Growth(self.steps[0].first, self.steps[-1].last, standing=self.steps[-1].standing)
        for step in self.steps:
            whole.signed_up.update(step.signed_up)
            whole.left.update(step.left)
            for name in ("asked", "confirmed", "timed", "within_hour", "within_day", "joined"):
                setattr(whole, name, getattr(whole, name) + getattr(step, name))
        return whole


def growth_report(session: Session, organization_id: int, list_id: int | None, periods: Periods) -> GrowthReport:
    """Count the growth of one list, or of all together: then who is on two lists counts twice."""
    steps = [Growth(first, last) for first, last in zip(periods.begins, periods.ends, strict=True)]
    after = 0
    scope = ledger_steps.Scope(organization_id, list_id, periods.moments[0])
    for minute, step, word, count in ledger_steps.steps(session, scope):
        at = periods.at(minute)
        if at < len(steps):
            _add(steps[at], step, word, count)
        else:
            after += _moves(step, count)
    standing = ledger_steps.standing(session, scope) - after
    for one in reversed(steps):
        one.standing = standing
        standing -= one.net
    return GrowthReport(periods.by, periods.zone.key, tuple(steps))


def _add(to: Growth, step: Step, word: str, count: int) -> None:
    match step:
        case Step.SIGNED_UP:
            to.signed_up[Source(word)] += count
        case Step.LEFT:
            to.left[Leave(word)] += count
        case Step.CONFIRMED:
            to.confirmed += count
            to.timed += count if word else 0
            to.within_hour += count if word == ledger_steps.HOUR else 0
            to.within_day += count if word in (ledger_steps.HOUR, ledger_steps.DAY) else 0
        case Step.ASKED:
            to.asked += count
        case Step.JOINED:
            to.joined += count


def _moves(step: Step, count: int) -> int:
    return {Step.JOINED: count, Step.LEFT: -count}.get(step, 0)
