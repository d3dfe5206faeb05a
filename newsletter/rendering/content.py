"""A compiled mail: constants, and slots where a reader's own values go. No logic is left in it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class MergeSlot:
    """The value of a merge expression, as plain text: the part it stands in escapes it."""

    expression: str


@dataclass(frozen=True, slots=True)
class LinkSlot:
    """The complete click URL of a link of the campaign."""

    no: int


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """The complete URL of the pixel."""


@dataclass(frozen=True, slots=True)
class ViewSlot:
    """The complete URL of the web copy."""


@dataclass(frozen=True, slots=True)
class UnsubscribeSlot:
    """The complete URL that leaves the list."""


@dataclass(frozen=True, slots=True)
class PreferencesSlot:
    """The complete URL of the reader's preferences."""


@dataclass(frozen=True, slots=True)
class ConfirmSlot:
    """The complete URL that confirms the subscription."""


@dataclass(frozen=True, slots=True)
class PersonalSlot:
    """The complete URL of what is held about the reader."""

    ends: int
    """When it stops working, in hours since 1970."""


@dataclass(frozen=True, slots=True)
class SubmitSlot:
    """The complete URL on which a section is written that somebody was asked for."""

    public_id: str
    """Of the submission."""


LetterSlot: TypeAlias = PersonalSlot | SubmitSlot
"""A link that is another for other letters of one kind."""
Slot: TypeAlias = (
    MergeSlot | LinkSlot | OpenSlot | ViewSlot | UnsubscribeSlot | PreferencesSlot | ConfirmSlot | LetterSlot
)
Pieces: TypeAlias = tuple[str | Slot, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """One variant's subject, HTML and text. Constants of `html` are HTML; those of the others are plain text."""

    subject: Pieces
    html: Pieces
    text: Pieces
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What merge expressions may name beside the reader: the list, the organization, the issue."""

    def slots(self) -> tuple[Slot, ...]:
        """Every slot, in order and as often as it stands."""
        return tuple(piece for piece in (*self.subject, *self.html, *self.text) if not isinstance(piece, str))


class Marks:
    """Marks that stand for slots, or for finished HTML, while text passes through Markdown, Jinja and MJML.

    A mark is made of letters and digits only, so nothing on the way escapes or breaks it, and its stem does not occur
    in `sources`, all the text that a person wrote.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        text = "\n".join(sources)
        self._stem = "slotq"
        while self._stem in text:
            self._stem += "q"
        self._pattern = re.compile(rf"{self._stem}(\d+)z")
        self._marked: list[Slot | str] = []

    def slot(self, slot: Slot) -> str:
        """A mark for a slot."""
        return self._mark(slot)

    def finished(self, text: str) -> str:
        """A mark for text that nothing on the way may touch; it may hold marks itself."""
        return self._mark(text)

    def split(self, text: str) -> Pieces:
        """The text with its marks resolved; neighbouring constants are one."""
        pieces: list[str | Slot] = []
        self._resolve(text, pieces)
        return tuple(_joined(pieces))

    def expressions(self, text: str) -> str:
        """The text with the marks of merge fields written out again, for those that are not resolved."""
        return self._pattern.sub(lambda mark: self._shown(int(mark[1])), text)

    def holds_mark(self, text: str) -> bool:
        """Whether the text has a mark in it."""
        return self._pattern.search(text) is not None

    def _mark(self, value: Slot | str) -> str:
        self._marked.append(value)
        return f"{self._stem}{len(self._marked) - 1}z"

    def _resolve(self, text: str, pieces: list[str | Slot]) -> None:
        at = 0
        for mark in self._pattern.finditer(text):
            pieces.append(text[at : mark.start()])
            value = self._marked[int(mark[1])]
            if isinstance(value, str):
                self._resolve(value, pieces)
            else:
                pieces.append(value)
            at = mark.end()
        pieces.append(text[at:])

    def _shown(self, number: int) -> str:
        value = self._marked[number]
        return value.expression if isinstance(value, MergeSlot) else str(value)


def _joined(pieces: list[str | Slot]) -> Iterable[str | Slot]:
    constant = ""
    for piece in pieces:
        if isinstance(piece, str):
            constant += piece
            continue
        if constant:
            yield constant
        constant = ""
        yield piece
    if constant:
        yield constant
