"""What a message that came to us says of which recipient, whatever server wrote it."""

import re

from .addresses import addresses_in
from .judging import judge
from .messages import Part, read
from .statuses import RecipientStatus, statuses
from .verdicts import Feedback, Kind, Verdict

LONGEST_TEXT = 500
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
_OURS = (
    "to",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-rcpt-to",
    "apparently-to",
    "resent-to",
)
_MOST = 50
_KINDS = {
    "failed": Kind.BOUNCE,
    "delayed": Kind.DELAYED,
    "delivered": Kind.NONE,
    "relayed": Kind.NONE,
    "expanded": Kind.NONE,
}


def parse(raw: bytes) -> Feedback:
    """Read a message that came back. Never raises; bounded in time and memory, whatever the bytes are."""
    message = read(raw)
    verdicts = tuple(_verdict(group) for group in statuses(message)) or (Verdict(Kind.NONE, ""),)
    return Feedback(verdicts, _sent_to(message), _message_ids(message))


def _verdict(group: RecipientStatus) -> Verdict:
    kind = _KINDS.get(group.action, Kind.BOUNCE)
    text = " ".join(group.diagnostic.split())[:LONGEST_TEXT]
    judged = judge(group.status, text)
    permanent = judged.permanent if kind is Kind.BOUNCE else None
    return Verdict(kind, group.recipient, permanent, group.status, judged.reason, text)


def _sent_to(message: Part) -> tuple[str, ...]:
    found = (address for value in message.headers.all(*_OURS) for address in addresses_in(value))
    return tuple(dict.fromkeys(found))[:_MOST]


def _message_ids(message: Part) -> tuple[str, ...]:
    """Those of the copy that is given back, then those that the message answers."""
    values = [value for inner in message.inner() for value in inner.headers.all("message-id")]
    values += message.headers.all("in-reply-to", "references")
    return tuple(dict.fromkeys(found for value in values for found in _MESSAGE_ID.findall(value)))[:_MOST]
