"""The bodies of Mail Send calls: who is in one, and what it says to each of them.

A prepared message is JSON already, around a place for each value; a reader's part is a join of strings. To make JSON of
dictionaries, one a reader, would cost as much as all the rest.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from newsletter.rendering.headers import Mailbox
from newsletter.rendering.merge import clean
from newsletter.rendering.prepared import Personalized, PreparedMessage
from newsletter.tokens import KEY_ARGUMENT

from .transports import Outgoing

CALL_SIZE = 1_000
CALL_BYTES = 30_000_000
SUBSTITUTION_BYTES = 10_000
_OFF = {"enable": False}
_TRACKING_OFF = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": _OFF,
    "subscription_tracking": _OFF,
    "ganalytics": _OFF,
}
_SANDBOX = {"sandbox_mode": {"enable": True}}
_LONGEST_NAME = 120
_json = json.JSONEncoder(separators=(",", ":")).encode
"""ASCII, so its length is its size."""


class Body(str):
    """A call's body. The client makes up a log line of it even where nobody reads that; it is a short one."""

    __slots__ = ()

    def encode(self, encoding: str = "ascii", errors: str = "strict") -> bytes:
        """The bytes that are sent."""
        return _Quiet(super().encode(encoding, errors))


class _Quiet(bytes):
    """Bytes that are not spelled out in a formatted string."""

    def __format__(self, _: str) -> str:
        return f"{len(self)} bytes"


@dataclass(frozen=True, slots=True)
class Addressed:
    """One reader's part of a call, made once however often the call is cut."""

    seq: int
    address: str
    personalization: str
    """As JSON."""
    substitution_bytes: int
    """What the values take, or a little more."""


Call: TypeAlias = Sequence[Addressed]


class Bodies:
    """Writes the bodies of calls for the readers of one prepared message."""

    def __init__(self, prepared: PreparedMessage) -> None:
        shared = prepared.personalized()
        self._prepared, self._worded = prepared, shared.worded
        self._template, cells = _alternating(_pieces(shared))
        self._order = itemgetter(*cells)
        self._most_around = 6 * len(shared.tags)
        self._tail = "]," + _json(_shared_fields(shared)).removeprefix("{")

    def addressed(self, outgoing: Outgoing) -> Addressed:
        """One reader's part."""
        values = self._prepared.values(outgoing.copy)
        for at in self._worded:
            values[at] = _json(values[at])[1:-1]
        values += (_json(_mailbox(outgoing.copy.reader.name, outgoing.to)), outgoing.key)
        pieces = self._template.copy()
        pieces[1::2] = self._order(values)
        text = "".join(pieces)
        size = len(text) + self._most_around
        return Addressed(outgoing.seq, outgoing.to, text, size if size <= SUBSTITUTION_BYTES else _size(text))

    def body(self, call: Call) -> Body:
        """The body of one call as JSON."""
        readers = ",".join([reader.personalization for reader in call])
        return Body(f'{{"personalizations":[{readers}{self._tail}')


def calls(readers: Iterable[Addressed]) -> Iterator[Call]:
    """Cut a group so that no call holds too many or an address twice."""
    call: list[Addressed] = []
    addresses: set[str] = set()
    for reader in readers:
        address = reader.address.lower()
        if address in addresses or len(call) == CALL_SIZE:
            yield call
            call, addresses = [], set()
        call.append(reader)
        addresses.add(address)
    if call:
        yield call


def rehearsal(sender: Mailbox) -> Body:
    """The body of a call that is checked, and sends nothing: a mail from the sender to itself."""
    mailbox = _mailbox(sender.name, sender.address)
    fields = {
        "personalizations": [{"to": [mailbox]}],
        "from": mailbox,
        "subject": "Rehearsal",
        "content": _content("Rehearsal", "Rehearsal"),
        "tracking_settings": _TRACKING_OFF,
        "mail_settings": _SANDBOX,
    }
    return Body(_json(fields))


def _pieces(shared: Personalized) -> Iterator[str | int]:
    """A personalization's constants, and the numbers of the values between them.

    Values are numbered as the tags are; the mailbox and the key come after them.
    """
    mailbox, key = len(shared.tags), len(shared.tags) + 1
    yield from ('{"to":[', mailbox, '],"substitutions":{')
    for at, tag in enumerate(shared.tags):
        yield from (f'{"," if at else ""}{_json(tag)}:"', at, '"')
    yield from (f'}},"custom_args":{{{_json(KEY_ARGUMENT)}:"', key, '"}')
    if shared.own_headers:
        place = {tag: at for at, tag in enumerate(shared.tags)}
        tags = "|".join(map(re.escape, place))
        parts = re.split(f"({tags})", ',"headers":' + _json(dict(shared.own_headers)))
        yield from (place.get(part, part) for part in parts)
    yield "}"


def _alternating(pieces: Iterable[str | int]) -> tuple[list[str], list[int]]:
    """The constants with an empty place between each two, and the values that fill the places."""
    constants, values = [""], []
    for piece in pieces:
        if isinstance(piece, str):
            constants[-1] += piece
        else:
            values.append(piece)
            constants += ["", ""]
    return constants, values


def _shared_fields(shared: Personalized) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "from": _mailbox(shared.from_mailbox.name, shared.from_mailbox.address),
        "subject": shared.subject,
        "content": _content(shared.text, shared.html),
        "headers": dict(shared.headers),
        "tracking_settings": _TRACKING_OFF,
    }
    if shared.reply_to is not None:
        fields["reply_to"] = _mailbox(shared.reply_to.name, shared.reply_to.address)
    return fields


def _content(text: str, html: str) -> list[dict[str, str]]:
    return [{"type": "text/plain", "value": text}, {"type": "text/html", "value": html}]


def _mailbox(name: str, address: str) -> dict[str, str]:
    name = clean(name)[:_LONGEST_NAME].strip()
    return {"email": address, "name": name} if name else {"email": address}


def _size(personalization: str) -> int:
    """What the values take in UTF-8."""
    return len(json.dumps(json.loads(personalization)["substitutions"], ensure_ascii=False).encode("utf-8", "replace"))
