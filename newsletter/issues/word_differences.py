"""What changed in a text, in words; by letters in writing that has no blanks between words, such as Chinese."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese."""
_MARKS = (
    "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e"
    "\u17b4-\u17d3\u3099\u309a\ufe0f"
)
"""They belong to the letter before them."""
_POINTS = (
    r"""!"#()*,.:;<>?\[\]_`{|}~\u00a1\u00ab\u00bb\u00bf\u060c\u061b\u061f\u2026\u201c-\u201e"""
    r"\u3001-\u3002\u3008-\u3011\uff01-\uff0f\uff1a-\uff20"
)
_TOKEN = re.compile(rf"\s+|[{_UNSPACED}][{_MARKS}]*|[^\s{_UNSPACED}{_POINTS}]+|[{_POINTS}]")
_PARAGRAPH = 2
"""So many ends of lines in a row end a paragraph."""


class Change(StrEnum):
    """What became of a piece."""

    KEPT = "kept"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that has one fate. Those kept and added, one after the other, are the text as it is now."""

    change: Change
    text: str


class _Word(NamedTuple):
    """A word or point, and the blanks behind it; the end of a paragraph is one of its own, of blanks alone."""

    text: str
    space: str


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """What was kept, removed and added, in order. Blanks and the ends of lines are as they are now."""
    old, new = _words(before), _words(after)
    return tuple(_joined(_compared(old, new)))


def count(text: str) -> int:
    """How many words a text has; a letter counts as one in writing without blanks between words."""
    return sum(any(letter.isalnum() for letter in token) for token in _TOKEN.findall(text))


def _compared(old: Sequence[_Word], new: Sequence[_Word]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, [word.text for word in old], [word.text for word in new])
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield Piece(Change.KEPT, _text(new[j1:j2]))
            continue
        removed, added = _text(old[i1:i2]), _text(new[j1:j2])
        written = added.rstrip() or added
        yield Piece(Change.REMOVED, (removed.rstrip() or removed) if written else removed)
        yield Piece(Change.ADDED, written)
        yield Piece(Change.KEPT, added[len(written) :])


def _joined(found: Iterator[Piece]) -> Iterator[Piece]:
    for change, alike in groupby((piece for piece in found if piece.text), lambda piece: piece.change):
        yield Piece(change, "".join(piece.text for piece in alike))


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    for token in _TOKEN.findall(text):
        if not token.isspace():
            words.append(_Word(token, ""))
        elif words and token.count("\n") < _PARAGRAPH:
            words[-1] = _Word(words[-1].text, token)
        else:
            words.append(_Word("", token))
    return words


def _text(words: Sequence[_Word]) -> str:
    return "".join(word.text + word.space for word in words)
