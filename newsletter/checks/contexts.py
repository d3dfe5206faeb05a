"""What an issue is checked against, beside its own text."""

from dataclasses import dataclass, field
from datetime import date

from newsletter.rendering.pictures import Pictures
from newsletter.rendering.readers import Identity
from subscribers.grades import Bands


@dataclass(frozen=True, slots=True)
class CheckContext:
    """Plain values only, so that a check can run in another process."""

    day: date
    """The organization's day: what lies before it is past."""
    bands: Bands
    identity: Identity
    """In whose name the issue goes: its sender, its postal address, its theme."""
    pictures: Pictures = field(default_factory=dict)
    """What is stored here, by `media:` and its name."""
    raw_mjml: bool = False
    """Whether issues may hold sections of raw MJML."""
