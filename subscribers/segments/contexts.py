"""What rules are read against: a day and its school year, and a person where there is no database."""

from dataclasses import dataclass
from datetime import date

from subscribers.grades import Bands, RollOver


@dataclass(frozen=True, slots=True)
class RuleContext:
    """Whose subscribers a rule chooses from, and on which day their grades are read."""

    organization_id: int
    day: date
    roll_over: RollOver
    bands: Bands

    @property
    def end_year(self) -> int:
        """The school year, by its end."""
        return self.roll_over.end_year(self.day)


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber as rules see them."""

    bands: frozenset[str] = frozenset()
    grades: frozenset[int] = frozenset()
    language: str = ""
    roles: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    """The slugs of the lists to which the subscription is confirmed."""
