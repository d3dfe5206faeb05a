"""The form a message has on the wire (RFC 5322, 2045, 2046): constants encoded once, around cells for each copy."""

from collections.abc import Iterable
from enum import Enum, auto
from functools import lru_cache
from html import escape
from operator import itemgetter
from typing import TypeAlias

from newsletter.tokens import DeliveryKey, Signer

from . import headers, quoted
from .faces import Face, Faced, Faces, Hole
from .readers import MessageSettings
from .values import Copy, Tag, Token, unsubscribe_url

_BOUNDARY = "=_newsletter_part"
"""Quoted-printable never writes `=_`, so no content holds it."""
_PART = (
    "--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_TAG_WIDTH = 8
_HEAD_WIDTH = 24
_TOKEN_WIDTH = 56
_MERGE_WIDTH = 32


class _Field(Enum):
    """A header's value that differs from copy to copy."""

    TO = auto()
    SUBJECT = auto()
    DATE = auto()
    KEY = auto()
    UNSUBSCRIBE = auto()


_Cell: TypeAlias = Hole | _Field


class Wire:
    """Writes the messages of one variant."""

    def __init__(self, faces: Faces, envelope: MessageSettings, signer: Signer) -> None:
        self._faces, self._signer = faces, signer
        self._fixed_subject = _written_subject(faces.filled(faces.subject, [])) if _is_fixed(faces.subject) else None
        self._encoders = [
            (at, _width(hole), hole.face is Face.HTML) for at, hole in enumerate(faces.holes) if not _is_exact(hole)
        ]
        self._template, cells = _alternating([*_head(envelope), *_body(faces)])
        place: dict[_Cell, int] = {cell: at for at, cell in enumerate([*faces.holes, *_Field])}
        self._order = itemgetter(*(place[cell] for cell in cells))
        self._last_key: tuple[Copy | None, str] = (None, "")
        """Asked for again by the envelope's sender, right after the message; one assignment, so threads may share."""

    def message(self, copy: Copy) -> bytes:
        """One copy, with CRLF line ends. No line begins with a dot."""
        values = self._faces.values(copy)
        fields = self._fields(copy, values)
        for at, width, in_html in self._encoders:
            values[at] = _written_value(values[at], width, in_html=in_html)
        pieces = self._template.copy()
        pieces[1::2] = self._order(values + fields)
        return "".join(pieces).encode()

    def key(self, copy: Copy) -> str:
        """What names this copy to the outside, the left side of its Message-ID too."""
        last = self._last_key
        if last[0] is not copy:
            key = self._signer.delivery_key(DeliveryKey(copy.campaign_id, copy.seq, copy.attempt))
            last = self._last_key = (copy, key)
        return last[1]

    def _fields(self, copy: Copy, values: list[str]) -> list[str]:
        subject = self._fixed_subject
        if subject is None:
            subject = _written_subject(self._faces.filled(self._faces.subject, values))
        to = headers.mailbox(copy.reader.name, copy.reader.address, len("To: "))
        return [to, subject, copy.date, self.key(copy), self._faces.unsubscribe_token(values)]


def _head(envelope: MessageSettings) -> Iterable[str | _Cell]:
    """The header fields, up to the empty line."""
    identity = envelope.identity
    shared = headers.shared(identity, envelope.campaign_id, list_headers=envelope.list_headers)
    yield "".join(f"{name}: {value}\r\n" for name, value in shared.items())
    yield from ("To: ", _Field.TO, "\r\nSubject: ", _Field.SUBJECT, "\r\nDate: ", _Field.DATE)
    yield from ("\r\nMessage-ID: <", _Field.KEY, f"@{headers.sender(identity).domain}>\r\n")
    if envelope.list_headers:
        yield from (f"List-Unsubscribe: <{unsubscribe_url(identity.base_url, '')}", _Field.UNSUBSCRIBE, ">\r\n")
        yield f"List-Unsubscribe-Post: {headers.ONE_CLICK}\r\n"
    if envelope.auto_submitted:
        yield "Auto-Submitted: auto-generated\r\n"
    yield f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{_BOUNDARY}"\r\n\r\n'


def _body(faces: Faces) -> Iterable[str | _Cell]:
    """Both parts, text first."""
    for kind, face in (("plain", faces.text), ("html", faces.html)):
        yield _PART.format(boundary=_BOUNDARY, kind=kind)
        yield from quoted.lay_out(face, _width)
        yield "\r\n"
    yield f"--{_BOUNDARY}--\r\n"


def _alternating(pieces: Iterable[str | _Cell]) -> tuple[list[str], list[_Cell]]:
    """The constants with an empty place between each two, and the cells that fill the places."""
    constants, cells = [""], []
    for piece in pieces:
        if isinstance(piece, str):
            constants[-1] += piece
        else:
            cells.append(piece)
            constants += ["", ""]
    return constants, cells


def _width(hole: Hole) -> int:
    if isinstance(hole.variable, Tag):
        return _TAG_WIDTH
    if isinstance(hole.variable, Token):
        return _HEAD_WIDTH if hole.variable is Token.HEAD else _TOKEN_WIDTH
    return _MERGE_WIDTH


def _is_exact(hole: Hole) -> bool:
    """Whether its values are always as wide as the hole and need no encoding."""
    return isinstance(hole.variable, Tag)


def _is_fixed(face: Faced) -> bool:
    return all(isinstance(piece, str) for piece in face)


@lru_cache(maxsize=4096)
def _written_value(text: str, width: int, *, in_html: bool) -> str:
    """A merge value as it stands there; first names come again and again."""
    return quoted.value(escape(text) if in_html else text, width)


def _written_subject(subject: str) -> str:
    return headers.unstructured(subject, len("Subject: "))
