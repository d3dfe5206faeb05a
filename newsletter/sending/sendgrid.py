"""SendGrid's v3 Mail Send: one call carries up to 1,000 readers of one variant, the body once.

Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send. There is no idempotency key, so a call
whose answer was lost is `unknown`. `send_at` is never used: pause and cancel would come too late.
"""

import http.client
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from newsletter.rendering.headers import Mailbox
from newsletter.settings import Settings

from .outcomes import Outcome, accepted, again, deferred, rejected, unknown
from .transports import AccountRefused, Journal, Outgoing, TransportUnavailable

CALL_SIZE = 1_000
CALL_SECONDS = 60
KEY_ARGUMENT = "newsletter_key"
"""The custom argument that comes back with every event; it holds the delivery key and no address."""
_OFF = {"enable": False}
_TRACKING_OFF = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": _OFF,
    "subscription_tracking": _OFF,
    "ganalytics": _OFF,
}
_REFUSED = (401, 403)
_TOO_MANY = 429
_BAD_REQUEST = (400, 413)
_SERVER_TROUBLE = 500

# Its DEBUG log holds the key and every address.
logging.getLogger("python_http_client.client").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class SendGridTransport:
    """`sendgrid://`, with NEWSLETTER_SENDGRID_API_KEY and, for the EU or a test server, NEWSLETTER_SENDGRID_URL."""

    api_key: str = field(repr=False)
    host: str
    group_size: int = CALL_SIZE
    account: str = "sendgrid"

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


class SendGridConnection:
    """One thread's client."""

    def __init__(self, transport: SendGridTransport) -> None:
        self._client = SendGridAPIClient(transport.api_key, host=transport.host)
        self._client.client.timeout = CALL_SECONDS  # it has none by default

    def send(self, group: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """Send a group of one variant, in as few calls as addresses that repeat allow."""
        outcomes: list[tuple[int, Outcome]] = []
        for call in _calls(group):
            outcomes += self._send_call(call, journal)
        return outcomes

    def close(self) -> None:
        """Nothing is held open."""

    def _send_call(self, call: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """One call; where it is refused as bad, its halves, until the bad reader stands alone."""
        seqs = [outgoing.seq for outgoing in call]
        journal.begun(seqs)
        try:
            outcome = self._post(call)
        except HTTPError as refusal:
            if refusal.status_code in _BAD_REQUEST and len(call) > 1:
                middle = len(call) // 2
                for seq in seqs:
                    journal.replied(seq, again("Another reader of the same call was refused."))
                return self._send_call(call[:middle], journal) + self._send_call(call[middle:], journal)
            outcome = _refusal(refusal)
            if refusal.status_code in _REFUSED:
                for seq in seqs:
                    journal.replied(seq, outcome)
                raise AccountRefused(
                    f"SendGrid refuses this account ({refusal.status_code}). Check NEWSLETTER_SENDGRID_API_KEY."
                ) from None
        for seq in seqs:
            journal.replied(seq, outcome)
        return [(seq, outcome) for seq in seqs]

    def _post(self, call: Sequence[Outgoing]) -> Outcome:
        try:
            answer = self._client.client.mail.send.post(request_body=payload(call))
        except HTTPError:
            raise
        except URLError as error:
            return again(f"SendGrid cannot be reached: {error.reason}")
        except (OSError, http.client.HTTPException) as error:
            return unknown(f"SendGrid did not answer: {type(error).__name__}")
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


def _refusal(refusal: HTTPError) -> Outcome:
    """What a status says of the copies in the call."""
    said = f"{refusal.status_code} {bytes(refusal.body or b'').decode('utf-8', 'replace')[:500]}"
    if refusal.status_code == _TOO_MANY:
        return deferred(said)
    if refusal.status_code in _REFUSED:
        return again(said)
    if refusal.status_code >= _SERVER_TROUBLE:
        return unknown(said)
    return rejected(said)
