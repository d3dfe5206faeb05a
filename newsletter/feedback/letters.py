"""The letter that a person wrote, where a message is one: who wrote it, their words, and what came with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from . import encodings
from .addresses import addresses_in
from .messages import Part, read
from .replies import is_marked
from .verdicts import Kind, Verdict

MOST_TEXT = 20_000
"""How many characters of the words are taken."""
MOST_FILES = 20
_LONGEST_NAME = 120
_LONGEST_SUBJECT = 300
_LONGEST_FILE_NAME = 100
_LONGEST_LINE = 20_000
_TO_MANY = frozenset({"bulk", "junk", "list"})
_BY_MACHINES = ("message/delivery-status", "message/feedback-report", "message/disposition-notification")
_ENVELOPE = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to")
_MAY_BE_LETTERS = frozenset({Kind.NONE, Kind.AUTO_REPLY})
"""Whose subject alone speaks of an absence may write of a child's: only what its header says makes it a machine's."""
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of the text that follows; the words would show otherwise than they are."""
_BLANK_LINES = re.compile(r"\n(?:[ \t\r]*\n){2,}")
_CUT = " […]"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a person wrote. All of it is their own: names and words may say anything, in one line but for `text`."""

    message_id: str
    date: str
    from_name: str
    from_address: str
    """As they write it, unchecked; empty where they name none."""
    subject: str
    text: str
    delivered_to: tuple[str, ...]
    """The addresses of the envelope, as servers have noted them."""
    files: tuple[str, ...]
    """The names of what is attached."""


def letter_in(raw: bytes, verdicts: tuple[Verdict, ...]) -> Letter | None:
    """The letter in a message of these verdicts; None where a machine wrote it or it went to many."""
    if any(verdict.kind not in _MAY_BE_LETTERS for verdict in verdicts):
        return None
    message = read(raw, _LONGEST_LINE)
    if _is_by_a_machine(message):
        return None
    headers = message.headers
    name, address = _sender(next(iter(headers.raw("from")), ""))
    return Letter(
        message_id=headers.get("message-id")[:500],
        date=headers.get("date")[:100],
        from_name=name[:_LONGEST_NAME].strip(),
        from_address=address,
        subject=_line(headers.get("subject"))[:_LONGEST_SUBJECT].strip(),
        text=_text(message),
        delivered_to=tuple(headers.all(*_ENVELOPE)),
        files=tuple(_files(message))[:MOST_FILES],
    )


def _is_by_a_machine(message: Part) -> bool:
    headers = message.headers
    return (
        is_marked(message)
        or headers.get("precedence").lower() in _TO_MANY
        or headers.get("return-path").replace(" ", "") == "<>"
        or message.kind == "multipart/report"
        or any(part.kind in _BY_MACHINES for part in message.walk())
    )


def _sender(value: str) -> tuple[str, str]:
    """A name and an address; the name's encoded words are read after the address is known."""
    before, bracket, rest = value.rpartition("<")
    if not bracket:
        return "", next(iter(addresses_in(value)), "")
    name = before.strip().removeprefix('"').removesuffix('"').replace('\\"', '"').replace("\\\\", "\\")
    return _line(encodings.words_of(name)), rest.partition(">")[0].strip()


def _text(message: Part) -> str:
    """The plain words; where there are none, those of HTML."""
    parts = [part for part in message.walk() if not part.parts and not _file_name(part) and part.text.strip()]
    plain = [part.text for part in parts if part.kind == "text/plain"]
    said = plain or [_lines(part.text) for part in parts if part.kind == "text/html"]
    text = _BLANK_LINES.sub("\n\n", _TURNING.sub("", "\n\n".join(said))).strip()
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - len(_CUT)] + _CUT


def _lines(text: str) -> str:
    """Lines without the blanks that stand for tags."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def _files(message: Part) -> Iterator[str]:
    for part in message.walk():
        if name := _file_name(part):
            yield name


def _file_name(part: Part) -> str:
    said = part.headers.parameters("content-disposition").get("filename") or part.headers.content_type()[1].get("name")
    before, mark, coded = (said or "").partition("''")  # RFC 2231
    return _line(unquote(coded) if mark else before)[:_LONGEST_FILE_NAME].strip()


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
