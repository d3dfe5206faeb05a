"""What a server says to people, and where in its text the copy begins that it gives back."""

import re

from .messages import Part
from .patterns import either

_LEADING = r"^[ \t>*=#-]{0,80}(?:the |your )?"
_MARK = either(
    _LEADING + r"(?:below this line|enclosed|this|here|attached|following|below) is (?:a |the )?(?:copy|header)",
    _LEADING + r"(?:original|returned|unsent|undelivered|rejected) (?:mail|message)(?: header| text| headers)?s?"
    r"(?: (?:follows?|is (?:following|attached|below|included)|as follows|below)\b| *(?:-{2,}|={2,}|:[ \t]*$|$))",
    _LEADING + r"header of the original message",
    _LEADING + r"message details:?[ \t]*$",
    _LEADING + r"message (?:headers?|text|source|contents?|body) follows?",
    _LEADING + r"copy of (?:your |the )?message follows",
    _LEADING + r"headers? of (?:the|your) (?:original )?message",
    _LEADING + r"begin(?:ning)? of (?:the )?(?:original|returned)",
    _LEADING + r"following is (?:the |a copy of the )?(?:original|message)",
    _LEADING + r"original message\b(?! was (?:received|sent))",
)
_HEADER = either(
    r"^(?:Received|Return-Path|X-Received|DKIM-Signature|ARC-Seal):[ \t]",
)
_MESSAGE_ID = re.compile(r"message-id[ \t]{0,5}:\s{0,20}<([^<>\s]{1,500})>", re.IGNORECASE)
_LONGEST = 200_000
_MOST = 20_000
"""How many characters of a server's words are read."""
_QUOTED = re.compile(r"^(?:>[ \t]?){1,9}", re.MULTILINE)
_NOT_FOR_PEOPLE = ("message/delivery-status", "message/feedback-report", "message/disposition-notification")


def said_in(message: Part) -> str:
    """What a message says to people, without a copy that it gives back."""
    whole = _whole(message)
    return _MESSAGE_ID.sub("", whole[: min(_end(whole), _MOST)])


def copy_in(message: Part) -> str:
    """The header of the copy that stands in the text itself, after the server's words."""
    whole = _whole(message)
    rest = whole[_end(whole) :]
    if _MARK.match(rest):
        rest = rest.partition("\n")[2]
    return rest.strip().partition("\n\n")[0]


def message_ids_in(message: Part) -> list[str]:
    """The Message-IDs of the copies that the texts quote or speak of."""
    return [found for part in message.walk() for found in _MESSAGE_ID.findall(part.text)]


def unquoted(text: str) -> str:
    """Without the marks of a quotation before its lines."""
    return _QUOTED.sub("", text)


def _whole(message: Part) -> str:
    parts = [
        part for part in message.walk() if part.kind not in _NOT_FOR_PEOPLE and not part.parts and part.text.strip()
    ]
    if any(part.kind == "text/plain" for part in parts):
        parts = [part for part in parts if part.kind != "text/html"]
    return "\n\n".join(part.text for part in parts)[:_LONGEST]


def _end(whole: str) -> int:
    """Where the copy begins: at a line that says so, or at the first line of its header."""
    first = len(whole) - len(whole.lstrip()) + 1
    found = (pattern.search(whole, first) for pattern in (_MARK, _HEADER))
    return min((one.start() for one in found if one), default=len(whole))
