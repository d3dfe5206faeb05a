"""What SendGrid means by an answer that is not the usual one."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from urllib.error import URLError

from python_http_client.exceptions import HTTPError

from newsletter.errors import NewsletterError
from newsletter.rendering.merge import clean

from .transports import AccountRefused, ServiceTrouble, SlowDown

LONGEST_WAIT = timedelta(hours=1)
"""Whatever a 429 asks for, it is asked again after this."""
_SHORTEST_WAIT = timedelta(seconds=1)
_A_DAY_SECONDS = 86_400
_BAD_REQUEST, _TOO_LARGE, _TOO_MANY, _SERVER_TROUBLE = 400, 413, 429, 500
_OF_A_READER = "personalizations"
_LONGEST_TEXT = 500
_LONGEST_NUMBER = 12


class CallRefused(Exception):
    """A call was refused as bad, perhaps for one reader in it."""


def trouble(refusal: HTTPError) -> NewsletterError | CallRefused:
    """What an error status means for a call."""
    text = bytes(refusal.body or b"").decode("utf-8", "replace")
    said = clean(f"{refusal.status_code} {text[:_LONGEST_TEXT]}").strip()
    if refusal.status_code == _TOO_MANY:
        return SlowDown(f"SendGrid asks us to wait: {said}", _wait(refusal.headers))
    if refusal.status_code >= _SERVER_TROUBLE:
        return ServiceTrouble(f"SendGrid has trouble of its own: {said}")
    if refusal.status_code == _BAD_REQUEST and _may_be_a_readers(text):
        return CallRefused(said)
    advice = (
        "Shorten the issue."
        if refusal.status_code == _TOO_LARGE
        else "Check NEWSLETTER_SENDGRID_API_KEY and NEWSLETTER_FROM."
    )
    return AccountRefused(f"SendGrid refuses to send: {said} {advice}")


def _may_be_a_readers(text: str) -> bool:
    """Whether an error names a reader, or nothing: not where each names a field that all readers share."""
    try:
        fields = [error.get("field") for error in json.loads(text)["errors"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return True
    return not fields or any(not name or str(name).startswith(_OF_A_READER) for name in fields)


def _wait(headers: Mapping[str, str]) -> timedelta | None:
    """How long a 429 asks us to wait, by the service's own clock where it tells it; None where it cannot be read."""
    now = _moment(headers.get("Date", "")) or time.time()
    reset = _number(headers.get("X-RateLimit-Reset", ""))
    after = headers.get("Retry-After", "")
    ends = _moment(after)
    for seconds in (None if reset is None else reset - now, _number(after), None if ends is None else ends - now):
        if seconds is not None and abs(seconds) <= _A_DAY_SECONDS:
            return min(max(timedelta(seconds=seconds), _SHORTEST_WAIT), LONGEST_WAIT)
    return None


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def _moment(text: str) -> float | None:
    """An HTTP date (RFC 9110, section 5.6.7) in Unix seconds."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def why(error: Exception) -> str:
    """What kept a call from being made, in a word or two that hold no secret."""
    reason = error.reason if isinstance(error, URLError) else error
    return getattr(reason, "strerror", None) or type(reason).__name__
