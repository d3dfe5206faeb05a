"""What the parts of an import hand each other."""

from dataclasses import dataclass
from datetime import datetime

from subscribers.tables import SubscriptionState

from .people import Person


@dataclass(frozen=True, slots=True)
class Scope:
    """Where people are imported to, in which state, and with what consent."""

    organization_id: int
    list_id: int
    state: SubscriptionState
    wording: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of a reader before the import."""

    id: int
    name: str
    language: str
    time_zone: str
    household_id: int | None
    tracking: bool
    state: SubscriptionState | None
    has_unsubscribed: bool

    @property
    def has_left(self) -> bool:
        """Whether they left the list and have not confirmed since, even where a form has made them pending."""
        return self.has_unsubscribed and self.state is not SubscriptionState.CONFIRMED


@dataclass(frozen=True, slots=True)
class Reader:
    """A person of the file, now a subscriber; `before` is empty for those the import made."""

    id: int
    person: Person
    household_id: int | None
    before: Stored | None
