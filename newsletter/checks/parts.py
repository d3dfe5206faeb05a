"""What a text is made of, whatever it is written in."""

from dataclasses import dataclass, field

FIELD = "\ue000"
"""Stands for a merge field while a text is read; of the private-use characters, so that no text has it by chance."""


@dataclass(frozen=True, slots=True)
class Block:
    """The words of a paragraph, an item, a cell or a heading; its own line breaks are kept."""

    line: int
    words: str
    is_heading: bool = False

    def line_of(self, offset: int) -> int:
        """The line of the file on which a letter of the words stands."""
        return self.line + self.words.count("\n", 0, offset)


@dataclass(frozen=True, slots=True)
class Link:
    """A link and the words it is on."""

    line: int
    target: str
    words: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture and what it says for those who do not see it."""

    line: int
    src: str
    alt: str | None
    """None where nothing says it; an empty one is meant, for what is only an ornament."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a level from 1 to 6."""

    line: int
    level: int
    words: str


@dataclass(frozen=True, slots=True)
class Parts:
    """All of them, each in the order of the text."""

    blocks: list[Block] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
