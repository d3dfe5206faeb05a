"""The lines of colons around sections and texts, and where in a text such a line is code."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt

SECTION = "section"
TEXT = "lang"
RUN = re.compile(r":{3,}")
_FENCE = re.compile(r" {0,3}(:{3,})\s*(.*?)\s*", re.DOTALL)
_WORD = re.compile(r"\w*")
_ENDS_OF_BLOCK = 2


@dataclass(frozen=True, slots=True)
class Fence:
    """A line of three colons or more, and the words after them: none where it closes."""

    colons: int
    words: str

    @property
    def opens(self) -> str:
        """`section` or `lang`; empty for any other line of colons."""
        word = _WORD.match(self.words)
        return word[0] if word and word[0] in (SECTION, TEXT) else ""

    def closes(self, colons: int) -> bool:
        """Whether it closes what was opened with so many."""
        return not self.words and self.colons == colons


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced code block of a text: the indexes of its first line and of the line after it."""

    start: int
    end: int
    is_closed: bool

    def holds(self, index: int) -> bool:
        """Whether a line lies in it."""
        return self.start <= index < self.end


def fence_of(line: str) -> Fence | None:
    """The fence that a line is, if it is one."""
    match = _FENCE.fullmatch(line)
    return Fence(len(match[1]), match[2]) if match else None


def code_blocks(lines: Sequence[str]) -> list[CodeBlock]:
    """The fenced code blocks of a text, as Markdown has them."""
    # A lone carriage return would count as a line for Markdown, and is none for us.
    return list(_blocks("".join(lines).replace("\r", " ")))


def _blocks(text: str) -> Iterator[CodeBlock]:
    for token in _parser().parse(text):
        if token.type == "fence" and token.map is not None:
            start, end = token.map
            yield CodeBlock(start, end, end - start - token.content.count("\n") == _ENDS_OF_BLOCK)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").disable("inline")
