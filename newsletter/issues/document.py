"""The document of an issue: what an editor writes once, in sections, for every family."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MEDIA = "media:"
"""Stands before the name of a picture or file that is stored here, where an address has `https://`."""
_DIGEST_LETTERS = 6


class SectionKind(StrEnum):
    """What a section is, and so what it looks like."""

    STORY = "story"
    TIP = "tip"
    EVENT = "event"
    """Has a time and a place; shown as a card."""
    RESOURCE = "resource"
    """Leads to a page elsewhere."""
    ANNOUNCEMENT = "announcement"
    """What changes, or must be done; framed."""
    QUOTE = "quote"
    QUESTION = "question"
    """The items of its last list are the answers; each is one tap."""
    GOAL = "goal"
    """What home and school work on together this month."""
    THANKS = "thanks"
    """One tap opens a note of thanks."""
    IMAGE = "image"
    """A picture: the first paragraph of a text says what it shows, the rest stands below it."""
    BUTTON = "button"
    """One thing to do; its words are its heading."""
    MJML = "mjml"
    """Its texts are MJML that stands in the letter as it is, for those who may write it."""
    DIVIDER = "divider"
    """Has no text of its own."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a section says in one language."""

    language: str
    """A language tag such as `en` or `pt-BR`."""
    text: str
    """Markdown, byte for byte as it was written, in whole lines: the last line's end is added where it is missing."""
    line: int = field(default=0, compare=False)
    """The line of the file on which the text begins; 0 where it comes from no file."""
    source: str | None = None
    """The `digest` of the original when this was translated; the original has none."""

    def __post_init__(self) -> None:
        if self.text and not self.text.endswith("\n"):
            object.__setattr__(self, "text", f"{self.text}\n")

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing."""
        return not self.text.strip()

    @property
    def digest(self) -> str:
        """A short hash of the text, which a translation names as its source."""
        return digest_of(self.text)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of an issue. Without bands, roles, languages and a rule it is for everybody."""

    kind: SectionKind
    key: str
    """Its name within the document; unique there."""
    bands: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """Of the document's: whose readers alone see it."""
    rule: str = ""
    """In the language of segments: whom of all these it is for."""
    must_know: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What belongs to the kind, such as `url`, `by` or `starts`; in the order of the file."""
    bodies: tuple[Body, ...] = ()
    """One a language, in the order of the file."""
    line: int = field(default=0, compare=False)
    """The line of the file on which it opens; 0 where it comes from no file."""

    def body(self, language: str, fallbacks: Iterable[str] = ()) -> Body | None:
        """The first that says something: in the language, in its main language (`es` for `es-MX`), in the fallbacks."""
        told = {body.language: body for body in self.bodies if not body.is_blank}
        wanted = (language, language.partition("-")[0], *fallbacks)
        return next((told[code] for code in wanted if code in told), None)


@dataclass(frozen=True)
class Document:
    """The whole content of an issue."""

    month: str
    """`YYYY-MM`."""
    subject: Mapping[str, str]
    """By language."""
    preheader: Mapping[str, str]
    """By language: the line that mailboxes show after the subject."""
    theme: str
    """A folder of `templates/mail`; empty for the usual one."""
    languages: tuple[str, ...]
    """In the subject's order, then those that only texts have; the first is the original."""
    sections: tuple[Section, ...]
    translated_from: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For `subject` and `preheader`, by language: the digest of the original that a translation was made of."""
    front_matter: str = field(default="", compare=False, repr=False)
    """The front matter as it was written, unknown fields and comments included; writing keeps it."""
    field_lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)
    """The line of every field of the front matter, unknown ones included."""

    @property
    def original(self) -> str:
        """The language that the others are translated from; empty where there is no text at all."""
        return self.languages[0] if self.languages else ""

    def section(self, key: str) -> Section | None:
        """The section of a key."""
        return next((section for section in self.sections if section.key == key), None)

    def subject_in(self, language: str) -> str:
        """The subject as readers of a language get it; empty where there is none at all."""
        return self._first(self.subject, language)

    def preheader_in(self, language: str) -> str:
        """The preheader as readers of a language get it; empty where there is none at all."""
        return self._first(self.preheader, language)

    def _first(self, texts: Mapping[str, str], language: str) -> str:
        return next((texts[code] for code in (language, *self.languages) if texts.get(code)), "")


def digest_of(text: str) -> str:
    """A short hash of an original, by which a translation names what it was made of."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LETTERS]


def languages_of(subject: Mapping[str, str], sections: Iterable[Section]) -> tuple[str, ...]:
    """Those of a document: in the subject's order, then those that only texts have."""
    return tuple(dict.fromkeys((*subject, *(body.language for section in sections for body in section.bodies))))
