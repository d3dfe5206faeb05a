"""What is read as one: a section's text, a subject, a preheader; each in one language, beside the original it tells."""

from collections.abc import Iterable
from dataclasses import dataclass

from newsletter.issues.document import Document, Section
from newsletter.rendering import merge
from newsletter.rendering.merge import MergeFieldRefused

from .parts import Block
from .texts import Text, without_fields


@dataclass(frozen=True, slots=True)
class Passage:
    """Its words and its merge fields."""

    key: str
    """The same for all languages."""
    language: str
    line: int
    place: str
    blocks: tuple[Block, ...]
    fields: tuple[str, ...]
    section: Section | None = None
    text: Text | None = None

    @property
    def words(self) -> str:
        """All of them."""
        return "\n".join(block.words for block in self.blocks)


def passages(document: Document, texts: Iterable[Text]) -> list[Passage]:
    """Every passage that says something: subject and preheader first, then the sections in the order of the file."""
    found = [
        _of_head(name, language, text, document.field_lines.get(name, 1))
        for name, told in (("subject", document.subject), ("preheader", document.preheader))
        for language, text in told.items()
    ]
    return [*found, *map(_of_text, texts)]


def _of_head(name: str, language: str, text: str, line: int) -> Passage:
    blocks = (Block(line, without_fields(text)),)
    return Passage(name, language, line, f"{name}, {language}", blocks, _fields(text))


def _of_text(text: Text) -> Passage:
    key, body = f"section {text.section.key}", text.body
    blocks = tuple(text.parts.blocks)
    return Passage(key, text.language, body.line, text.place, blocks, _fields(body.text), text.section, text)


def _fields(text: str) -> tuple[str, ...]:
    """The names that merge fields use, in order of the alphabet; what stands in their place is the translator's."""
    try:
        sources = [piece.expression for piece in merge.split(text) if not isinstance(piece, str)]
    except MergeFieldRefused:
        return ()
    return tuple(sorted({name for source in sources for name in _names(source)}))


def _names(source: str) -> list[str]:
    return [
        f"{name}.{field}" for name, fields in merge.FIELDS.items() for field in fields if f"{name}.{field}" in source
    ]
