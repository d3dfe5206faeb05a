"""SendGrid's v3 Mail Send: one call carries up to 1,000 readers of one variant, the body once.

Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send. There is no idempotency key, so a call
whose answer was lost is `unknown`. `send_at` is never used: pause and cancel would come too late.
"""

import http.client
import json
import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from newsletter.rendering.headers import Mailbox
from newsletter.settings import Settings

from .outcomes import Outcome, accepted, again, deferred, rejected, unknown
from .transports import GROUP_SECONDS, REPLY_SECONDS, AccountRefused, Journal, Outgoing, TransportUnavailable

CALL_SIZE = 1_000
KEY_ARGUMENT = "newsletter_key"
"""The custom argument that comes back with every event; it holds the delivery key and no address."""
_OFF = {"enable": False}
_TRACKING_OFF = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": _OFF,
    "subscription_tracking": _OFF,
    "ganalytics": _OFF,
}
_ACCEPTED = 202
_TOO_MANY = 429
_BAD_REQUEST = (400, 413)
_SERVER_TROUBLE = 500
_OF_A_READER = "personalizations"
_LONGEST_TEXT = 500
_TOO_LATE = again("SendGrid was too slow to get to this reader.")
_LOOKED_INTO = again("A reader of the same call was refused.")

# Its DEBUG log holds the key and every address.
logging.getLogger("python_http_client.client").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class SendGridTransport:
    """`sendgrid://`, with NEWSLETTER_SENDGRID_API_KEY and, for the EU or a test server, NEWSLETTER_SENDGRID_URL."""

    api_key: str = field(repr=False)
    host: str
    group_size: int = CALL_SIZE
    account: str = "sendgrid"
    reply_seconds: float = REPLY_SECONDS
    group_seconds: float = GROUP_SECONDS

    @classmethod
    def of(cls, settings: Settings) -> "SendGridTransport":
        """Read the settings. Raises `TransportUnavailable` where the key is missing."""
        key = settings.sendgrid_api_key.get_secret_value()
        if not key:
            raise TransportUnavailable("NEWSLETTER_SENDGRID_API_KEY is missing; SendGrid takes no mail without it.")
        return cls(key, settings.sendgrid_url)

    def connect(self) -> "SendGridConnection":
        """A client of its own for one thread; nothing is opened before the first call."""
        return SendGridConnection(self)


class _ReaderRefused(Exception):
    """A call was refused as bad, perhaps for one reader in it."""


class SendGridConnection:
    """One thread's client."""

    def __init__(self, transport: SendGridTransport) -> None:
        self._client = SendGridAPIClient(transport.api_key, host=transport.host)
        self._client.client.timeout = transport.reply_seconds  # it has none by default
        self._group_seconds = transport.group_seconds

    def send(self, group: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """Send a group of one variant, in as few calls as addresses that repeat allow.

        A call refused for one reader goes again in halves until that reader stands alone. Raises
        `TransportUnavailable` where SendGrid cannot be reached, `AccountRefused` where it refuses what is no reader's.
        """
        outcomes: list[tuple[int, Outcome]] = []
        waiting = deque(_calls(group))
        begin_until = time.monotonic() + self._group_seconds
        while waiting:
            call = waiting.popleft()
            try:
                outcome = self._post(call, journal) if time.monotonic() < begin_until else _TOO_LATE
            except _ReaderRefused as refusal:
                outcome = rejected(str(refusal)) if len(call) == 1 else _LOOKED_INTO
            except (TransportUnavailable, AccountRefused) as trouble:
                _note(call, again(str(trouble)), journal)
                raise
            noted = _note(call, outcome, journal)
            if outcome is _LOOKED_INTO:
                middle = len(call) // 2
                waiting.extendleft([call[middle:], call[:middle]])
            else:
                outcomes += noted
        return outcomes

    def close(self) -> None:
        """Nothing is held open."""

    def _post(self, call: Sequence[Outgoing], journal: Journal) -> Outcome:
        body = payload(call)
        journal.begun([outgoing.seq for outgoing in call])
        try:
            answer = self._client.client.mail.send.post(request_body=body)
        except HTTPError as refusal:
            return _refused(refusal)
        except URLError as error:  # raised only while connecting or writing: the body did not arrive whole
            raise TransportUnavailable(
                f"SendGrid cannot be reached: {error.reason}. Nothing is lost; send again."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            return unknown(f"SendGrid did not answer: {type(error).__name__}")
        if answer.status_code != _ACCEPTED:
            return unknown(f"SendGrid answered {answer.status_code} where 202 is expected.")
        return accepted(answer.headers.get("X-Message-Id"))


def payload(call: Sequence[Outgoing]) -> dict[str, Any]:
    """The body of one call; all copies are of one prepared message."""
    shared = call[0].prepared.personalized()
    body: dict[str, Any] = {
        "personalizations": [_personalization(outgoing) for outgoing in call],
        "from": _mailbox(shared.from_mailbox),
        "subject": shared.subject,
        "content": [
            {"type": "text/plain", "value": shared.text},
            {"type": "text/html", "value": shared.html},
        ],
        "headers": dict(shared.headers),
        "tracking_settings": _TRACKING_OFF,
    }
    if shared.reply_to is not None:
        body["reply_to"] = _mailbox(shared.reply_to)
    return body


def _personalization(outgoing: Outgoing) -> dict[str, Any]:
    copy = outgoing.copy
    one: dict[str, Any] = {
        "to": [_mailbox(Mailbox(copy.reader.name, outgoing.to))],
        "substitutions": outgoing.prepared.substitutions(copy),
        "custom_args": {KEY_ARGUMENT: outgoing.key},
    }
    headers = outgoing.prepared.list_headers(copy)
    return one | {"headers": headers} if headers else one


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    return {"email": mailbox.address} | ({"name": mailbox.name} if mailbox.name else {})


def _calls(group: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """Cut a group so that no call holds an address twice."""
    call: list[Outgoing] = []
    addresses: set[str] = set()
    for outgoing in group:
        address = outgoing.to.lower()
        if address in addresses or len(call) == CALL_SIZE:
            yield call
            call, addresses = [], set()
        call.append(outgoing)
        addresses.add(address)
    if call:
        yield call


def _note(call: Sequence[Outgoing], outcome: Outcome, journal: Journal) -> list[tuple[int, Outcome]]:
    for outgoing in call:
        journal.replied(outgoing.seq, outcome)
    return [(outgoing.seq, outcome) for outgoing in call]


def _refused(refusal: HTTPError) -> Outcome:
    """What a status says of the copies in the call.

    Raises `_ReaderRefused` where one of them may be at fault, `AccountRefused` where it is not their doing at all.
    """
    text = bytes(refusal.body or b"").decode("utf-8", "replace")
    said = f"{refusal.status_code} {text[:_LONGEST_TEXT]}"
    if refusal.status_code == _TOO_MANY:
        return deferred(f"{said} (limit ends at {refusal.headers.get('X-RateLimit-Reset', 'no time it names')})")
    if refusal.status_code >= _SERVER_TROUBLE:
        return unknown(said)
    if refusal.status_code in _BAD_REQUEST and _may_be_a_readers(text):
        raise _ReaderRefused(said)
    raise AccountRefused(f"SendGrid refuses to send: {said} Check NEWSLETTER_SENDGRID_API_KEY and NEWSLETTER_FROM.")


def _may_be_a_readers(text: str) -> bool:
    """Whether an error names a reader, or nothing: not where each names a field that all readers share."""
    try:
        fields = [error.get("field") for error in json.loads(text)["errors"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return True
    return not fields or any(not name or str(name).startswith(_OF_A_READER) for name in fields)
