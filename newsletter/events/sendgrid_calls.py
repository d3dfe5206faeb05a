"""A call of SendGrid's event webhook: who may make it, how much it may hold, and how it is unpacked.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from newsletter.errors import NewsletterError

FRESH = timedelta(minutes=10)
"""How far the time of a call may be from ours."""
LARGEST_CALL = 4 * 1024 * 1024
"""Bytes, as they come and as they are unpacked. SendGrid posts what has gathered at 768 KB at the latest."""
MOST_EVENTS = 20_000
"""In one call; 768 KB hold some two thousand."""
DEEPEST = 16
"""How far lists and objects may lie in each other; an event's own lie three deep."""
_MOST_BRACKETS = 5 * MOST_EVENTS
_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_SECONDS = re.compile(r"[0-9]{1,10}")
_ECDSA = ec.ECDSA(hashes.SHA256())
_AS_IT_IS, _GZIP = "identity", "gzip"
_GZIP_ONLY = zlib.MAX_WBITS | 16
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""One that is never closed too; the possessive quantifiers look at each byte once."""
_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class WebhookKeyInvalid(NewsletterError):
    """NEWSLETTER_SENDGRID_WEBHOOK_KEY is no verification key of SendGrid's. Copy it again from its webhook settings."""


class CallRefused(NewsletterError):
    """This call is not SendGrid's, or not of the last ten minutes. Nothing of it is taken."""


class CallUnreadable(NewsletterError):
    """This is not a list of events as SendGrid posts it."""


class CallOfAnotherKind(NewsletterError):
    """Post the events as application/json, as they are or packed with gzip."""


class CallTooLarge(NewsletterError):
    """This call holds more than any of SendGrid's. Post fewer events at once."""


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
        """Raise `CallRefused` where the signature is not over that time and exactly the bytes that came."""
        try:
            self._key.verify(signature.value, signature.timestamp.encode() + raw, _ECDSA)
        except InvalidSignature as error:
            raise CallRefused from error


def ensure_ours(headers: Mapping[str, str]) -> bool:
    """Whether a call says that it is packed. Raises `CallOfAnotherKind` where it says that it is something else."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    packing = headers.get("content-encoding", _AS_IT_IS).strip().lower()
    if kind != "application/json" or packing not in (_AS_IT_IS, _GZIP):
        raise CallOfAnotherKind
    return packing == _GZIP


def unpack(raw: bytes) -> bytes:
    """What was packed with gzip, never more of it in memory than may come. Raises `CallTooLarge`, `CallUnreadable`."""
    unpacking = zlib.decompressobj(_GZIP_ONLY)
    try:
        unpacked = unpacking.decompress(raw, LARGEST_CALL + 1)
    except zlib.error as error:
        raise CallUnreadable from error
    if len(unpacked) > LARGEST_CALL:
        raise CallTooLarge
    if not unpacking.eof or unpacking.unused_data:
        raise CallUnreadable
    return unpacked


def parse(raw: bytes) -> list[Any]:
    """The events of a call, whatever they are, at a cost that its size bounds.

    Raises `CallUnreadable`, `CallTooLarge`. JSON knows no NaN; of a name that comes twice, the last counts.
    """
    _ensure_shallow(raw)
    try:
        events = json.loads(raw.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise CallUnreadable from error
    if not isinstance(events, list):
        raise CallUnreadable
    if len(events) > MOST_EVENTS:
        raise CallTooLarge
    return events


def _ensure_shallow(raw: bytes) -> None:
    """Look at the brackets alone, before anything is made of them."""
    brackets = _STRING.sub(b"", raw).translate(None, _BUT_BRACKETS)
    if len(brackets) > 2 * _MOST_BRACKETS:
        raise CallTooLarge
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            raise CallUnreadable


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)
