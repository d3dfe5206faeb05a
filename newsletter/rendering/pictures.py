"""Pictures of an issue: those that are stored here go by a name, all others by their address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from newsletter.issues.document import MEDIA

from .targets import is_web, on_the_wire


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a picture is fetched from, and its size in pixels where it is known."""

    url: str
    width: int = 0
    height: int = 0
    size_bytes: int = 0

    @property
    def shown_width(self) -> int:
        """How wide a letter shows it, in pixels: as wide as its column, and no higher than that; 0: not known."""
        if not self.width or not self.height:
            return min(self.width, WIDEST)
        return min(self.width, WIDEST, max(1, WIDEST * self.width // self.height))


WIDEST = 520
"""A letter's column of 600 pixels without its margins."""
Pictures: TypeAlias = Mapping[str, Picture]
"""What is stored, by the name that a text uses, `media:` before it."""


def is_picture(src: str) -> bool:
    """Whether a mail may show what lies there: a web address, or the name of what is stored here."""
    return src.startswith(MEDIA) or is_web(on_the_wire(src))


def picture_of(src: str, pictures: Pictures) -> Picture:
    """What a text means by `src`; what is not stored is left as it was written, and shows nothing."""
    return pictures.get(src) or Picture(on_the_wire(src))
