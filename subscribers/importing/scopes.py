"""What the parts of an import hand each other."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from subscribers.tables import SubscriptionState

from .people import Person

SOURCE = "import"
"""What the consent ledger calls an import."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where people are imported to, in which state, and with what consent."""

    organization_id: int
    list_id: int
    state: SubscriptionState
    wording: str
    """What those who are on the list agreed to."""
    origin: str
    """Where every other answer of the file comes from."""
    now: datetime
    roster_id: int | None = None
    """The run's id, where the file is a roster."""
    keep_networks: bool = True


class Stored(NamedTuple):
    """What is known of a reader before the import, and of their subscription to the list."""

    key: str
    id: int
    name: str
    language: str
    time_zone: str
    place: str
    school_id: int | None
    own_fields: int
    attributes: str
    """As JSON."""
    household_id: int | None
    tracking: bool
    state: str | None
    has_unsubscribed: bool
    roster_id: int | None
    is_off_roster: bool

    @property
    def has_left(self) -> bool:
        """Whether they left the list and have not confirmed since, even where a form has made them pending."""
        return self.has_unsubscribed and self.state != SubscriptionState.CONFIRMED


class Reader(NamedTuple):
    """A person of the file, now a subscriber; `before` is empty for those the import made."""

    id: int
    person: Person
    household_id: int | None
    before: Stored | None


@dataclass(slots=True)
class Changes:
    """Which readers an import changed, by field."""

    _of: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def note(self, name: str, reader_ids: Iterable[int]) -> None:
        """Of these readers, something of this field is new."""
        self._of[name].update(reader_ids)

    def readers(self) -> set[int]:
        """Everybody of whom something is new."""
        return set().union(*self._of.values())

    def counts(self, among: set[int]) -> Counter[str]:
        """How many of some readers changed, by field."""
        return Counter({name: count for name, ids in self._of.items() if (count := len(ids & among))})
