"""What a message that came to us says of which recipient, whatever server wrote it."""

import re

from .addresses import addresses_in
from .amazon import notifications
from .bounces import bounces
from .complaints import complaints, is_of_no_reader
from .messages import Part, read
from .originals import message_ids_in, said_in
from .replies import is_automatic
from .statuses import statuses
from .verdicts import Feedback, Kind, Verdict

_OURS = (
    "to",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-rcpt-to",
    "x-forwarded-to",
    "apparently-to",
    "resent-to",
    "cc",
)
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
_MOST = 50
_LONGEST_TEXT = 500


def parse(raw: bytes) -> Feedback:
    """Read a message that came back. Never raises; bounded in time and memory, whatever the bytes are."""
    message = read(raw)
    sent_to = _sent_to(message)
    verdicts = _verdicts(message, sent_to)
    if not verdicts and (inner := next((one for one in message.inner() if statuses(one)), None)):
        verdicts = bounces(inner, "", ())  # a bounce that somebody passed on
    if any(is_of_no_reader(verdict) for verdict in verdicts):
        return Feedback(verdicts)
    return Feedback(verdicts or (Verdict(Kind.NONE, ""),), sent_to, _message_ids(message))


def _verdicts(message: Part, sent_to: tuple[str, ...]) -> tuple[Verdict, ...]:
    """What the first reader says that knows this kind of message; nothing where none does."""
    words = said_in(message)
    return (
        complaints(message)
        or _receipts(message)
        or notifications(words)
        or bounces(message, words, sent_to)
        or _automatic(message)
    )


def _receipts(message: Part) -> tuple[Verdict, ...]:
    """A reader's program says what it did with the copy (RFC 8098): nothing to do."""
    reports = [part for part in message.walk() if part.kind == "message/disposition-notification"]
    return tuple(Verdict(Kind.NONE, status.recipient) for part in reports for status in statuses(part)) or (
        (Verdict(Kind.NONE, ""),) if reports else ()
    )


def _automatic(message: Part) -> tuple[Verdict, ...]:
    if not is_automatic(message):
        return ()
    sender = next(iter(addresses_in(message.headers.get("from", "sender", "reply-to"))), "")
    return (Verdict(Kind.AUTO_REPLY, sender, text=message.headers.get("subject")[:_LONGEST_TEXT]),)


def _sent_to(message: Part) -> tuple[str, ...]:
    found = (address for value in message.headers.all(*_OURS) for address in addresses_in(value))
    return tuple(dict.fromkeys(found))[:_MOST]


def _message_ids(message: Part) -> tuple[str, ...]:
    """Those of the copy that is given back, then those that the message answers."""
    values = [value for inner in message.inner() for value in inner.headers.all("message-id")]
    values += message.headers.all("in-reply-to", "references")
    quoted = [found for value in values for found in _MESSAGE_ID.findall(value)] + message_ids_in(message)
    return tuple(dict.fromkeys(quoted))[:_MOST]
