"""One text by itself, as its writer looks at it on a page."""

from html import escape

from . import markdown
from .content import Marks, MergeSlot
from .markdown import Dress
from .pictures import Pictures, picture_of
from .targets import on_the_wire


def excerpt(text: str, pictures: Pictures) -> str:
    """The text as clean HTML, its merge fields as they are typed. Raises `MergeFieldRefused`."""
    marks = Marks([text])
    body = markdown.read(text, marks)
    dress = Dress(on_the_wire, lambda src: picture_of(src, pictures), {})
    title = f"<h3>{markdown.inline_html(body.title, dress)}</h3>" if body.title else ""
    pieces = marks.split(title + markdown.blocks_html(body, dress))
    return "".join(piece if isinstance(piece, str) else _typed(piece) for piece in pieces)


def _typed(slot: object) -> str:
    assert isinstance(slot, MergeSlot)  # noqa: S101 - nothing else stands in a text
    return escape(slot.expression)
