"""The texts of sections, read once for all checks: their words, links, pictures and headings, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from markdown_it.token import Token

from newsletter.issues import typed
from newsletter.issues.document import Body, Document, Section, SectionKind
from newsletter.rendering import merge
from newsletter.rendering.merge import MergeFieldRefused

from . import mjml_texts
from .parts import FIELD, Block, Heading, Image, Link, Parts


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of Markdown and its line in the file."""

    line: int
    token: Token


@dataclass(frozen=True)
class Text:
    """What a section says in one language."""

    section: Section
    body: Body
    pieces: tuple[Piece, ...]
    """Of Markdown; none where the text is MJML."""

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return f"section {self.section.key}, {self.body.language}"

    @property
    def language(self) -> str:
        """The language it is written in."""
        return self.body.language

    @property
    def is_mjml(self) -> bool:
        """Whether it is MJML, not Markdown."""
        return self.section.kind is SectionKind.MJML

    @cached_property
    def parts(self) -> Parts:
        """Its words, links, pictures and headings."""
        if self.is_mjml:
            return mjml_texts.read(without_fields(self.body.text), self.body.line)
        return _parts(self.pieces)


def read(document: Document) -> list[Text]:
    """Every text that there is, in the order of the file."""
    return [_read(section, body) for section in document.sections for body in section.bodies]


def without_fields(text: str) -> str:
    """The text with a letter for each merge field, on as many lines; as it is where a field cannot be read."""
    try:
        pieces = merge.split(text)
    except MergeFieldRefused:
        return text
    return "".join(piece if isinstance(piece, str) else FIELD + "\n" * piece.expression.count("\n") for piece in pieces)


def _read(section: Section, body: Body) -> Text:
    if section.kind is SectionKind.MJML:
        return Text(section, body, ())
    return Text(section, body, tuple(_pieces(typed.parser().parse(without_fields(body.text)), body.line)))


def _pieces(tokens: list[Token], first_line: int) -> Iterator[Piece]:
    line = first_line
    for token in tokens:
        line = first_line + token.map[0] if token.map else line
        yield Piece(line, token)
        inside = line
        for child in token.children or ():
            yield Piece(inside, child)
            inside += child.type in ("softbreak", "hardbreak")


def _parts(pieces: tuple[Piece, ...]) -> Parts:
    parts = Parts()
    for at, piece in enumerate(pieces):
        token = piece.token
        if token.type == "inline" and token.children:
            block = Block(piece.line, _words(token.children), is_heading=pieces[at - 1].token.type == "heading_open")
            parts.blocks.append(block)
            if block.is_heading:
                parts.headings.append(Heading(piece.line, int(pieces[at - 1].token.tag[1:]), block.words))
        elif token.type == "link_open":
            parts.links.append(Link(piece.line, str(token.attrs["href"]), _words(_linked(pieces, at))))
        elif token.type == "image":
            parts.images.append(Image(piece.line, str(token.attrs["src"]), token.content.strip() or None))
    return parts


def _linked(pieces: tuple[Piece, ...], at: int) -> list[Token]:
    """The tokens inside the link that opens at a place."""
    inside: list[Token] = []
    for piece in pieces[at + 1 :]:
        if piece.token.type == "link_close":
            break
        inside.append(piece.token)
    return inside


def _words(tokens: list[Token]) -> str:
    """Words as they are read, a line break kept; a picture speaks by its own words."""
    return "".join("\n" if token.type in ("softbreak", "hardbreak") else token.content for token in tokens).strip()
