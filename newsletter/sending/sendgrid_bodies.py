"""The bodies of Mail Send calls: who is in one, and what it says to each of them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from newsletter.rendering.headers import Mailbox
from newsletter.rendering.merge import clean

from .transports import Outgoing

CALL_SIZE = 1_000
CALL_BYTES = 30_000_000
SUBSTITUTION_BYTES = 10_000
KEY_ARGUMENT = "newsletter_key"
"""The custom argument that comes back with every event; it holds the delivery key and no address."""
_OFF = {"enable": False}
_TRACKING_OFF = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": _OFF,
    "subscription_tracking": _OFF,
    "ganalytics": _OFF,
}
_SANDBOX = {"sandbox_mode": {"enable": True}}
_LONGEST_NAME = 120
_Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Addressed:
    """One reader's part of a call, made once however often the call is cut."""

    outgoing: Outgoing
    personalization: _Values

    @classmethod
    def of(cls, outgoing: Outgoing) -> "Addressed":
        """Make it."""
        copy = outgoing.copy
        one: _Values = {
            "to": [_mailbox(Mailbox(copy.reader.name, outgoing.to))],
            "substitutions": outgoing.prepared.substitutions(copy),
            "custom_args": {KEY_ARGUMENT: outgoing.key},
        }
        headers = outgoing.prepared.list_headers(copy)
        if headers:
            one["headers"] = headers
        return cls(outgoing, one)

    @property
    def seq(self) -> int:
        """The number of the delivery."""
        return self.outgoing.seq

    def substitution_bytes(self) -> int:
        """What its values take as JSON; where they are few, no less than that."""
        values = self.personalization["substitutions"]
        most = 4 * (sum(map(len, values)) + sum(map(len, values.values()))) + 6 * len(values)
        if most <= SUBSTITUTION_BYTES:
            return most
        return len(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace"))


Call: TypeAlias = Sequence[Addressed]


def calls(readers: Iterable[Addressed]) -> Iterator[Call]:
    """Cut a group so that no call holds too many or an address twice."""
    call: list[Addressed] = []
    addresses: set[str] = set()
    for reader in readers:
        address = reader.outgoing.to.lower()
        if address in addresses or len(call) == CALL_SIZE:
            yield call
            call, addresses = [], set()
        call.append(reader)
        addresses.add(address)
    if call:
        yield call


def body(call: Call) -> str:
    """The body of one call as JSON; all copies are of one prepared message."""
    shared = call[0].outgoing.prepared.personalized()
    values: _Values = {
        "personalizations": [reader.personalization for reader in call],
        "from": _mailbox(shared.from_mailbox),
        "subject": shared.subject,
        "content": _content(shared.text, shared.html),
        "headers": dict(shared.headers),
        "tracking_settings": _TRACKING_OFF,
    }
    if shared.reply_to is not None:
        values["reply_to"] = _mailbox(shared.reply_to)
    return _json(values)


def rehearsal(sender: Mailbox) -> str:
    """The body of a call that is checked, and sends nothing: a mail from the sender to itself."""
    mailbox = _mailbox(sender)
    return _json(
        {
            "personalizations": [{"to": [mailbox]}],
            "from": mailbox,
            "subject": "Rehearsal",
            "content": _content("Rehearsal", "Rehearsal"),
            "tracking_settings": _TRACKING_OFF,
            "mail_settings": _SANDBOX,
        }
    )


def _content(text: str, html: str) -> list[dict[str, str]]:
    return [{"type": "text/plain", "value": text}, {"type": "text/html", "value": html}]


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    name = clean(mailbox.name)[:_LONGEST_NAME].strip()
    return {"email": mailbox.address, "name": name} if name else {"email": mailbox.address}


def _json(values: _Values) -> str:
    """ASCII, so its length is its size."""
    return json.dumps(values, separators=(",", ":"))
