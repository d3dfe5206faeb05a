"""SendGrid's event webhook: who may call, and its words in ours.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.errors import NewsletterError
from newsletter.tokens import KEY_ARGUMENT, DeliveryKey, Signer, TokenInvalid
from subscribers.addresses import without_addresses

from .notices import Notice
from .tables import EventKind

PROVIDER = "sendgrid"
FRESH = timedelta(minutes=10)
"""How far the time of a call may be from ours."""
_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_ECDSA = ec.ECDSA(hashes.SHA256())
_SECONDS = re.compile(r"[0-9]{1,10}")
_EVENT_ID = re.compile(r"[!-~]{1,200}")
_LONGEST_TEXT = 500
_KINDS: Mapping[str, EventKind] = {
    "processed": EventKind.ACCEPTED,
    "dropped": EventKind.REJECTED,
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCE,
    "spamreport": EventKind.COMPLAINT,
    "open": EventKind.OPEN,
    "click": EventKind.CLICK,
    "unsubscribe": EventKind.UNSUBSCRIBE,
    "group_unsubscribe": EventKind.UNSUBSCRIBE,
}
_HARD = "bounce"
"""The type of a bounce that was refused for good; `blocked` and `expired` were not."""
_NOT_FOR_GOOD = ("4", "5.7")
"""Statuses (RFC 3463) that speak of now, or of policy and reputation, and not of the address."""


class WebhookKeyInvalid(NewsletterError):
    """NEWSLETTER_SENDGRID_WEBHOOK_KEY is no verification key of SendGrid's. Copy it again from its webhook settings."""


class CallRefused(NewsletterError):
    """This call is not SendGrid's, or not of the last ten minutes. Nothing of it is taken."""


class CallUnreadable(NewsletterError):
    """This is not a list of events as SendGrid posts it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What the headers of a call claim."""

    timestamp: str
    value: bytes

    @classmethod
    def of(cls, headers: Mapping[str, str], now: datetime) -> "Signature":
        """Read the headers; names are in lower case. Raises `CallRefused` where they are missing, garbled or stale."""
        timestamp, signature = headers.get(_TIMESTAMP, ""), headers.get(_SIGNATURE, "")
        if not _SECONDS.fullmatch(timestamp) or abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > FRESH:
            raise CallRefused
        try:
            return cls(timestamp, base64.b64decode(signature, validate=True))
        except (binascii.Error, ValueError) as error:
            raise CallRefused from error


class WebhookKey:
    """The public half of the key by which SendGrid signs its calls (ECDSA over P-256)."""

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key

    @classmethod
    def parse(cls, text: str) -> "WebhookKey":
        """Read the key as SendGrid shows it: base64 of its DER. Raises `WebhookKeyInvalid`."""
        try:
            key = load_der_public_key(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
            raise WebhookKeyInvalid from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise WebhookKeyInvalid
        return cls(key)

    def verify(self, signature: Signature, raw: bytes) -> None:
        """Raise `CallRefused` where the signature is not over exactly these bytes and that time."""
        try:
            self._key.verify(signature.value, signature.timestamp.encode() + raw, _ECDSA)
        except InvalidSignature as error:
            raise CallRefused from error


@dataclass(frozen=True, slots=True)
class Told:
    """What a call says of our copies, and how many of its events could not be read."""

    notices: list[Notice]
    broken: int


def read(raw: bytes, signer: Signer) -> Told:
    """Read a call whose signature holds. Raises `CallUnreadable`.

    Events of a kind that we do not know, or of mails that are not ours, are left out.
    """
    try:
        events = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise CallUnreadable from error
    if not isinstance(events, list):
        raise CallUnreadable
    notices: list[Notice] = []
    broken = 0
    for event in events:
        try:
            notice = _notice(event, signer)
        except _Broken:
            broken += 1
        else:
            notices += [notice] if notice else []
    return Told(notices, broken)


class _Broken(Exception):
    """An event lacks what each has."""


def _notice(event: Any, signer: Signer) -> Notice | None:
    if not isinstance(event, dict):
        raise _Broken
    word = event.get("event")
    kind = _KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        return None
    event_id, seconds = event.get("sg_event_id"), event.get("timestamp")
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id) or not _SECONDS.fullmatch(f"{seconds}"):
        raise _Broken
    key = _key(event, signer)
    if key is None:
        return None
    return Notice(
        provider=PROVIDER,
        event_id=event_id,
        kind=kind,
        key=key,
        occurred_at=datetime.fromtimestamp(int(f"{seconds}"), UTC),
        provider_id=_text(event, "sg_message_id").partition(".")[0] or None,
        is_permanent=_is_permanent(event),
        status=_text(event, "status"),
        text=without_addresses(_text(event, "reason") or _text(event, "response")),
    )


def _key(event: Mapping[str, Any], signer: Signer) -> DeliveryKey | None:
    try:
        return signer.read_delivery_key(_text(event, KEY_ARGUMENT))
    except TokenInvalid:
        return None


def _is_permanent(event: Mapping[str, Any]) -> bool:
    return event.get("type") == _HARD and not _text(event, "status").startswith(_NOT_FOR_GOOD)


def _text(event: Mapping[str, Any], name: str) -> str:
    """A value as it is kept: cut, and without control characters."""
    value = event.get(name)
    return "".join(filter(str.isprintable, value))[:_LONGEST_TEXT] if isinstance(value, str) else ""
