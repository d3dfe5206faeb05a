"""The document of an issue: sections, each with a body in every language it is written in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class SectionKind(StrEnum):
    """What a section is, which decides how it looks and what it needs."""

    STORY = "story"
    TIP = "tip"
    EVENT = "event"
    """`starts`, `ends`, `timezone`, `place`, `url`: typed once, shown in every language."""
    RESOURCE = "resource"
    QUOTE = "quote"
    BUTTON = "button"
    DIVIDER = "divider"


@dataclass(frozen=True, slots=True)
class Body:
    """A section's text in one language."""

    language: str
    text: str
    """Markdown, byte for byte as it was written."""
    line: int
    """The line of the file on which the text begins, from 1."""
    source: str | None = None
    """The hash of the original when this was translated."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an issue, and whom it is for: empty `bands` or `roles` mean everybody."""

    kind: SectionKind
    key: str
    bands: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    must_know: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    bodies: tuple[Body, ...] = ()
    line: int = 0

    def body(self, language: str, fallbacks: Sequence[str] = ()) -> Body | None:
        """The body in a language, or in the first of the fallbacks there is."""
        by_language = {body.language: body for body in self.bodies}
        return next((by_language[code] for code in (language, *fallbacks) if code in by_language), None)


@dataclass(frozen=True)
class Document:
    """One issue as editors write it."""

    month: str
    subject: Mapping[str, str]
    preheader: Mapping[str, str]
    theme: str
    sections: tuple[Section, ...]
    front: str = ""
    """The front matter's own text, so that unknown keys and comments are kept."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The subject's languages in their order; the first is the original."""
        return tuple(self.subject)
