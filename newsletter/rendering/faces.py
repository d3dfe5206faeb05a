"""A content's three faces with their holes, and what fills the holes for one copy."""

import html
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from newsletter.tokens import Signer

from .content import Content, MergeSlot, Pieces
from .readers import Identity
from .values import Copy, ReaderValues, Token, Variable, spelled


class Face(Enum):
    """Where a value stands, and so how it is written."""

    SUBJECT = "subject"
    HTML = "html"
    TEXT = "text"
    URL = "url"
    """In HTML, text or a header alike: nothing in it needs escaping."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A value where it stands."""

    variable: Variable
    face: Face

    def plain(self, value: str) -> str:
        """The value as it is to be read there: escaped in HTML, and nowhere else."""
        return html.escape(value) if self.face is Face.HTML else value


Faced: TypeAlias = tuple[str | Hole, ...]


class Faces:
    """Subject, HTML and text as constants and holes."""

    def __init__(self, content: Content, identity: Identity, signer: Signer) -> None:
        self.subject = _faced(content.subject, identity.base_url, Face.SUBJECT)
        self.html = _faced(content.html, html.escape(identity.base_url), Face.HTML)
        self.text = _faced(content.text, identity.base_url, Face.TEXT)
        pieces = (*self.subject, *self.html, *self.text, Hole(Token.UNSUBSCRIBE, Face.URL))
        self.holes = tuple(dict.fromkeys(piece for piece in pieces if not isinstance(piece, str)))
        self._values = ReaderValues([hole.variable for hole in self.holes], content.facts, identity, signer)
        place = {variable: at for at, variable in enumerate(self._values.variables)}
        self._places = tuple(place[hole.variable] for hole in self.holes)
        self.place = {hole: at for at, hole in enumerate(self.holes)}
        self._place_of_unsubscribe = self.place[Hole(Token.UNSUBSCRIBE, Face.URL)]

    def values(self, copy: Copy) -> list[str]:
        """One plain value for each of `holes`."""
        values = self._values.of(copy)
        return [values[place] for place in self._places]

    def unsubscribe_token(self, values: list[str]) -> str:
        """The token of the reader and list, among the values of a copy."""
        return values[self._place_of_unsubscribe]

    def filled(self, face: Faced, values: list[str]) -> str:
        """A face with a copy's values in it."""
        return "".join(piece if isinstance(piece, str) else piece.plain(values[self.place[piece]]) for piece in face)


def _faced(pieces: Pieces, base_url: str, face: Face) -> Faced:
    return tuple(
        piece if isinstance(piece, str) else Hole(piece, face if isinstance(piece, MergeSlot) else Face.URL)
        for piece in spelled(pieces, base_url)
    )
