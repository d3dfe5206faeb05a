"""What changed between two documents, for a person: colours on a terminal, and marks in a pipe."""

import re
from typing import Any

from rich.console import Console
from rich.text import Text

from newsletter.issues.differences import Change, Differences, Fate, FieldDifference, Piece, TextDifference

_AROUND = 8
"""So many words stay on each side of a change."""
_WORD = re.compile(r"\S+\s*")
_LOOKS = {Change.KEPT: "", Change.ADDED: "green underline", Change.REMOVED: "red strike"}
_MARKS = {Change.KEPT: ("", ""), Change.ADDED: ("{+", "+}"), Change.REMOVED: ("[-", "-]")}
_PARAGRAPH = "¶"


def facts_of(found: Differences) -> dict[str, Any]:
    """The same for `--json`."""
    return {
        "words": found.words,
        "fields": [_field(field) for field in found.fields],
        "texts": [_text(text) for text in found.texts],
        "sections": [
            {
                "key": one.key,
                "fate": one.fate,
                "has_moved": one.has_moved,
                "fields": [_field(field) for field in one.fields],
                "texts": [_text(text) for text in one.texts],
            }
            for one in found.sections
        ],
    }


def show(console: Console, found: Differences) -> None:
    """Field by field, section by section, language by language."""
    _show_parts(console, found.fields, found.texts)
    for one in found.sections:
        moved = ", at another place" if one.has_moved and one.fate is not Fate.MOVED else ""
        console.print(Text(f"\nsection {one.key}: {one.fate}{moved}", style="bold"))
        _show_parts(console, one.fields, one.texts)


def _show_parts(console: Console, fields: tuple[FieldDifference, ...], texts: tuple[TextDifference, ...]) -> None:
    is_coloured = console.is_terminal and console.color_system is not None
    for field in fields:
        both = [Piece(Change.REMOVED, field.before), Piece(Change.ADDED, field.after)]
        shown = _shown([piece for piece in both if piece.text], is_coloured=is_coloured)
        console.print(Text(f"  {field.name}: ").append_text(shown))
    for text in texts:
        head = Text(f"  {text.language}: " if text.name == "text" else f"  {text.name}, {text.language}: ")
        if text.is_spacing:
            console.print(head.append("only blanks and the ends of lines"))
        else:
            console.print(head.append_text(_shown(_shortened(text.pieces), is_coloured=is_coloured)))


def _shown(pieces: list[Piece], *, is_coloured: bool) -> Text:
    shown = Text()
    for piece in pieces:
        words = piece.text
        if piece.change is not Change.KEPT and not words.strip():
            words = _PARAGRAPH
        words = words.rstrip("\n") if piece is pieces[-1] else words
        words = words.replace("\n", "\n    ")
        opening, closing = ("", "") if is_coloured else _MARKS[piece.change]
        shown.append(f"{opening}{words}{closing}", style=_LOOKS[piece.change])
    return shown


def _shortened(pieces: tuple[Piece, ...]) -> list[Piece]:
    """What was kept, only as far as it stands near a change."""
    last = len(pieces) - 1
    return [
        Piece(piece.change, _near(piece.text, is_first=at == 0, is_last=at == last))
        if piece.change is Change.KEPT
        else piece
        for at, piece in enumerate(pieces)
    ]


def _near(text: str, *, is_first: bool, is_last: bool) -> str:
    words = _WORD.findall(text)
    if len(words) <= 2 * _AROUND:
        return text
    lead = text[: len(text) - len(text.lstrip())]
    before = "" if is_first else lead + "".join(words[:_AROUND])
    after = "" if is_last else "".join(words[-_AROUND:])
    return f"{before.rstrip()} … {after}" if before and after else f"{before}…" if before else f"… {after}"


def _field(field: FieldDifference) -> dict[str, Any]:
    return {"name": field.name, "before": field.before, "after": field.after}


def _text(text: TextDifference) -> dict[str, Any]:
    pieces = [{"change": piece.change, "text": piece.text} for piece in text.pieces]
    return {"name": text.name, "language": text.language, "pieces": pieces}
