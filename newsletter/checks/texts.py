"""The texts of sections: merge fields, where links lead, and tags that a reader would see as they are typed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from newsletter.issues.document import Body, Document, Section
from newsletter.issues.fences import code_blocks
from newsletter.rendering import merge
from newsletter.rendering.merge import MergeFieldRefused
from newsletter.rendering.targets import is_allowed, is_web, on_the_wire

from .findings import Finding, error, warning

_MJML = re.compile(r"<\s*/?\s*mj(ml\b|-)", re.IGNORECASE)
_FIELD = "\ue000"
"""Stands for a merge field while Markdown is read; of the private-use characters, so that no text has it by chance."""
_NO_MJML = "Write Markdown here: the theme brings the MJML."


def findings(document: Document) -> Iterator[Finding]:
    """What there is to say about every text that says something."""
    for section in document.sections:
        for body in section.bodies:
            yield from _Text(section, body).findings()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a text and its line in the file."""

    line: int
    token: Token


class _Text:
    """One text, read once."""

    def __init__(self, section: Section, body: Body) -> None:
        self._section = section
        self._body = body
        self._place = f"section {section.key}, {body.language}"
        self._pieces = list(_pieces(_parser().parse(_without_fields(body.text)), body.line))

    def findings(self) -> Iterator[Finding]:
        """Everything to say about it."""
        for problem in merge.problems(self._body.text):
            line = self._body.line + problem.line - 1
            yield error(line, self._place, problem.text, "Correct the merge field.")
        for block in code_blocks([self._body.text]):
            if not block.is_closed:
                sentence = "The code block that begins here is never closed, so the rest of the text is code."
                yield warning(
                    self._body.line + block.start, self._place, sentence, "Close it with the line it begins with."
                )
        for piece in self._pieces:
            yield from self._link(piece)
            yield from self._tags(piece)
        has_title = any(piece.token.type == "heading_open" for piece in self._pieces)
        if self._section.must_know and not has_title and not self._body.is_blank:
            sentence = "Without a heading it is missing from the list at the top of the mail."
            yield warning(self._body.line, self._place, sentence, "Begin the text with: ## Its title")

    def _link(self, piece: _Piece) -> Iterator[Finding]:
        is_image = piece.token.type == "image"
        if not is_image and piece.token.type != "link_open":
            return
        target = str(piece.token.attrs["src" if is_image else "href"])
        if _FIELD in target or "{{" in target:
            sentence = "A link's target cannot hold a merge field; it is the same for every reader."
            yield error(piece.line, self._place, sentence, "Write the target out.")
        elif not (is_web if is_image else is_allowed)(on_the_wire(target)):
            sentence = f"A mail may not link to {target!r}."
            yield error(piece.line, self._place, sentence, "Link to an address that begins with https://")

    def _tags(self, piece: _Piece) -> Iterator[Finding]:
        if piece.token.type in ("html_block", "html_inline", "text") and _MJML.search(piece.token.content):
            yield error(piece.line, self._place, "Readers would see these MJML tags as they are typed.", _NO_MJML)
        elif piece.token.type in ("html_block", "html_inline") and not piece.token.content.startswith("</"):
            sentence = f"Readers would see {piece.token.content.strip().splitlines()[0]} as it is typed."
            yield warning(piece.line, self._place, sentence, "Write Markdown: HTML is not read.")


def _pieces(tokens: list[Token], first_line: int) -> Iterator[_Piece]:
    line = first_line
    for token in tokens:
        line = first_line + token.map[0] if token.map else line
        yield _Piece(line, token)
        inside = line
        for child in token.children or ():
            yield _Piece(inside, child)
            inside += child.type in ("softbreak", "hardbreak")


def _without_fields(text: str) -> str:
    """The text with a letter for each merge field, on as many lines; as it is where a field cannot be read."""
    try:
        pieces = merge.split(text)
    except MergeFieldRefused:
        return text
    return "".join(
        piece if isinstance(piece, str) else _FIELD + "\n" * piece.expression.count("\n") for piece in pieces
    )


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    """Reads what rendering refuses to: HTML, and links to anywhere."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = _any_target  # type: ignore[method-assign]
    return parser


def _any_target(url: str) -> bool:
    del url
    return True
