"""Signs calls as Standard Webhooks says (https://www.standardwebhooks.com): any of its libraries verifies them."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime

from .vault import key_of


def headers(call_id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> Mapping[str, str]:
    """What goes with a body: its name, when it is sent, and a signature by each of the secrets."""
    seconds = str(int(at.timestamp()))
    signed = b".".join((call_id.encode(), seconds.encode(), body))
    return {
        "Content-Type": "application/json",
        "User-Agent": "newsletter-webhooks/1",
        "webhook-id": call_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    return "v1," + b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
