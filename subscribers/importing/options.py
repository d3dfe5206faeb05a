"""How a file is imported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from subscribers.tables import SubscriptionState

from .people import School


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is imported. `state` is pending or confirmed; `consent` is the wording people agreed to."""

    list_slug: str
    school: School
    now: datetime
    state: SubscriptionState = SubscriptionState.PENDING
    consent: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    roster: bool = False
    """Whether the file names everybody: who was on an earlier roster of the list and is not on this one has left."""
    allow_leavers: int | None = None
    """So many may leave and no more, whatever part of all that is; None: as many as can be believed."""
    keep_networks: bool = True
    """Whether the networks that a file tells are kept as evidence."""

    def wording_for(self, file_name: str) -> str:
        """What is kept as the words that people agreed to: where none are given, where they came from."""
        return self.consent or origin_of(file_name)


def origin_of(file_name: str) -> str:
    """What is kept with an answer whose words nobody gave."""
    return f"Imported from {file_name}"
