"""SendGrid's event webhook as it comes: JSON with odd line ends, signed, repeated, in any order.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import base64
import json
import random
import time
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from .records import Taken
from .rules import KEY_ARGUMENT

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
MOST_COPIES = 46
"""As often as one event has been seen to come."""
_ECDSA = ec.ECDSA(hashes.SHA256())


class EventSigner:
    """A key pair as SendGrid makes one for an account."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """As its settings page shows it: a SubjectPublicKeyInfo in base64."""
        shown = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(shown).decode()

    def sign(self, timestamp: str, raw: bytes) -> str:
        """The signature of one call."""
        return base64.b64encode(self._key.sign(timestamp.encode() + raw, _ECDSA)).decode()

    def headers(self, raw: bytes, at: float | None = None) -> dict[str, str]:
        """The headers of one call, signed now or at that time (Unix seconds)."""
        timestamp = str(int(time.time() if at is None else at))
        signature = self.sign(timestamp, raw)
        return {"Content-Type": "application/json", SIGNATURE_HEADER: signature, TIMESTAMP_HEADER: timestamp}


def is_signed(public_key: str, timestamp: str, raw: bytes, signature: str) -> bool:
    """Whether a call was signed by the owner of that key."""
    key = load_der_public_key(base64.b64decode(public_key))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(base64.b64decode(signature), timestamp.encode() + raw, _ECDSA)
    except InvalidSignature:
        return False
    return True


def event(taken: Taken, kind: str, at: float | None = None, **more: Any) -> dict[str, Any]:
    """One event about a mail that was taken; its id is the same however often it is made."""
    return {
        "email": taken.address,
        "event": kind,
        "timestamp": int(time.time() if at is None else at),
        "sg_event_id": base64.urlsafe_b64encode(f"{kind}-{taken.key}".encode()).decode().rstrip("="),
        "sg_message_id": f"{taken.message_id}.filter0001-5F5FC76C-9.0",
        "smtp-id": f"<{taken.message_id}@geopod-ismtpd-1.sendgrid.net>",
        KEY_ARGUMENT: taken.key,
        **more,
    }


def written(events: Sequence[dict[str, Any]]) -> bytes:
    """Events as the body of one call."""
    return ("[" + ",\r\n".join(json.dumps(one, separators=(",", ":")) for one in events) + "]\r\n").encode()


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Posts events to one receiver."""

    url: str
    signer: EventSigner

    def post(self, events: Sequence[dict[str, Any]], at: float | None = None) -> int:
        """Post them in one signed call; the status of the answer."""
        raw = written(events)
        call = urllib.request.Request(self.url, raw, self.signer.headers(raw, at))  # noqa: S310 - a URL of the test
        try:
            with urllib.request.urlopen(call, timeout=30) as answer:  # noqa: S310
                return int(answer.status)
        except HTTPError as refusal:
            return refusal.code

    def post_all(
        self,
        events: Iterable[dict[str, Any]],
        *,
        copies: int = 1,
        seed: int | None = None,
        a_call: int = 500,
    ) -> None:
        """Post each event so often, shuffled by that seed, some to a call. Every call must be answered well."""
        every = [one for one in events for _ in range(copies)]
        if seed is not None:
            random.Random(seed).shuffle(every)  # noqa: S311 - the same shuffle each time
        for at in range(0, len(every), a_call):
            status = self.post(every[at : at + a_call])
            if status >= HTTPStatus.BAD_REQUEST:
                raise AssertionError(f"the receiver answered {status}")
