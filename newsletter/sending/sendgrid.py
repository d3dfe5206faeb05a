"""SendGrid's v3 Mail Send: one call carries up to 1,000 readers of one variant, the body once.

Source: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send. There is no idempotency key, so a call
whose answer was lost is `unknown`. `send_at` is never used: pause and cancel would come too late.
"""

import http.client
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from newsletter.rendering.headers import Mailbox
from newsletter.settings import Settings

from .outcomes import Outcome, accepted, again, rejected, unknown
from .sendgrid_answers import CallRefused, trouble, why
from .sendgrid_bodies import CALL_BYTES, CALL_SIZE, SUBSTITUTION_BYTES, Addressed, Bodies, Body, Call, calls, rehearsal
from .transports import (
    GROUP_SECONDS,
    REPLY_SECONDS,
    AccountRefused,
    Journal,
    Outgoing,
    ServiceTrouble,
    SlowDown,
    TransportUnavailable,
)

_CHECKED, _ACCEPTED = 200, 202
_SHARED_FAULT = 20
"""So many readers of one group are not all wrong: where each is refused, it is what they share."""
_LOST_IN_A_ROW = 3
"""So many calls without an answer are no accident, and what is sent into that silence is unknown."""
_TOO_LATE = again("SendGrid was too slow to get to this reader.")
_LOOKED_INTO = again("A reader of the same call was refused.")
_CONTENT_TYPE = {"Content-Type": "application/json; charset=utf-8"}
"""So named, the client sends a text as it is, and does not make JSON of it a second time."""

# Its DEBUG log holds the key and every address; a filter stays whatever levels are set later.
logging.getLogger("python_http_client.client").addFilter(lambda record: record.levelno > logging.DEBUG)


@dataclass(slots=True)
class _Silence:
    """How many calls in a row, of all threads, got no answer."""

    calls: int = 0

    def noticed(self, error: Exception) -> Outcome:
        """One more. Raises `ServiceTrouble` where there are too many."""
        self.calls += 1
        said = f"SendGrid did not answer: {type(error).__name__}."
        if self.calls >= _LOST_IN_A_ROW:
            raise ServiceTrouble(f"{said} That is {self.calls} calls in a row.") from error
        return unknown(said)


@dataclass(frozen=True, slots=True)
class SendGridTransport:
    """`sendgrid://`, with NEWSLETTER_SENDGRID_API_KEY and, for the EU or a test server, NEWSLETTER_SENDGRID_URL."""

    api_key: str = field(repr=False)
    host: str
    senders: int = 1
    group_size: int = CALL_SIZE
    account: str = "sendgrid"
    reply_seconds: float = REPLY_SECONDS
    group_seconds: float = GROUP_SECONDS
    silence: _Silence = field(default_factory=_Silence, repr=False, compare=False)

    @classmethod
    def of(cls, settings: Settings) -> "SendGridTransport":
        """Read the settings. Raises `TransportUnavailable` where the key is missing or cannot be one."""
        key = settings.sendgrid_api_key.get_secret_value().strip()
        if not key:
            raise TransportUnavailable("NEWSLETTER_SENDGRID_API_KEY is missing; SendGrid takes no mail without it.")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise TransportUnavailable("NEWSLETTER_SENDGRID_API_KEY is not a key of SendGrid's; copy it again.")
        return cls(key, settings.sendgrid_url, settings.connections)

    def connect(self) -> "SendGridConnection":
        """A client of its own for one thread; nothing is opened before the first call."""
        return SendGridConnection(self)


class SendGridConnection:
    """One thread's client."""

    def __init__(self, transport: SendGridTransport) -> None:
        self._client = SendGridAPIClient(transport.api_key, host=transport.host).client
        self._client.timeout = transport.reply_seconds  # it has none by default
        self._client.request_headers |= _CONTENT_TYPE
        self._group_seconds = transport.group_seconds
        self._silence = transport.silence

    def send(self, group: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """Send a group of one variant, in as few calls as SendGrid's limits and addresses that repeat allow.

        A call refused for one reader goes again in halves until that reader stands alone. Raises
        `TransportUnavailable` where SendGrid cannot be reached, `SlowDown` and `ServiceTrouble` where it says so
        itself, and `AccountRefused` where it refuses what is no reader's.
        """
        running = _Running(journal, len(group))
        bodies = Bodies(group[0].prepared)
        waiting = deque(calls(_fitting(map(bodies.addressed, group), running)))
        begin_until = time.monotonic() + self._group_seconds
        while waiting:
            call = waiting.popleft()
            if time.monotonic() >= begin_until:
                running.note(call, _TOO_LATE)
            else:
                waiting.extendleft(reversed(self._try(call, bodies, running)))
        return list(running.outcomes.items())

    def rehearse(self, sender: str) -> None:
        """Let SendGrid check a mail from `sender` to itself and send nothing. Raises as `send` does."""
        try:
            outcome = self._call(rehearsal(Mailbox.parse(sender)), _CHECKED)
        except CallRefused as refusal:
            raise AccountRefused(f"SendGrid refuses a mail from {sender}: {refusal}. Check NEWSLETTER_FROM.") from None
        if outcome.error:
            raise TransportUnavailable(outcome.error)

    def close(self) -> None:
        """Nothing is held open."""

    def _try(self, call: Call, bodies: Bodies, running: "_Running") -> list[Call]:
        """Make one call and note what became of it; the parts that go again, where it was refused."""
        try:
            running.note(call, self._post(call, bodies.body(call), running.journal))
        except CallRefused as refusal:
            if len(call) == 1:
                running.refuse(call[0], str(refusal))
                return []
            running.note(call, _LOOKED_INTO)
            return [call[: len(call) // 2], call[len(call) // 2 :]]
        except ServiceTrouble as failure:
            running.note(call, unknown(str(failure)))
            raise
        except (TransportUnavailable, SlowDown, AccountRefused) as failure:
            running.note(call, again(str(failure)))
            raise
        return []

    def _post(self, call: Call, text: Body, journal: Journal) -> Outcome:
        if len(text) >= CALL_BYTES:
            if len(call) > 1:
                raise CallRefused("The call is too large.")
            raise AccountRefused("This mail is larger than the 30 MB that SendGrid takes. Shorten the issue.")
        journal.begun([reader.seq for reader in call])
        return self._call(text, _ACCEPTED)

    def _call(self, text: Body, expected: int) -> Outcome:
        """Make one call; what the answer means for those in it.

        urllib wraps in `URLError` what goes wrong while it connects or writes, and nothing later: the body did not
        arrive whole. What the socket says afterwards comes as it is; then nobody knows.
        """
        try:
            answer = self._client.mail.send.post(request_body=text)
        except HTTPError as refusal:
            self._silence.calls = 0
            raise trouble(refusal) from None
        except (URLError, UnicodeError, http.client.InvalidURL) as error:
            raise TransportUnavailable(f"SendGrid cannot be reached: {why(error)}. Nothing is lost.") from error
        except (OSError, http.client.HTTPException) as error:
            return self._silence.noticed(error)
        self._silence.calls = 0
        if answer.status_code != expected:
            return unknown(f"SendGrid answered {answer.status_code} where {expected} is expected.")
        return accepted(answer.headers.get("X-Message-Id"))


class _Running:
    """What became of a group so far."""

    def __init__(self, journal: Journal, size: int) -> None:
        self.outcomes: dict[int, Outcome] = {}
        self.journal = journal
        self._size = size
        self._refused: list[Addressed] = []

    def note(self, call: Call, outcome: Outcome) -> None:
        """Say what became of a call."""
        for reader in call:
            self.journal.replied(reader.seq, outcome)
            self.outcomes[reader.seq] = outcome

    def refuse(self, reader: Addressed, said: str) -> None:
        """Say that one reader was refused. Raises `AccountRefused` where that was the last of a large group."""
        self._refused.append(reader)
        self.note([reader], rejected(said))
        if len(self._refused) == self._size >= _SHARED_FAULT:
            self.note(self._refused, again(said))
            raise AccountRefused(f"SendGrid takes none of these readers: {said} Check the issue and NEWSLETTER_FROM.")


def _fitting(readers: Iterable[Addressed], running: _Running) -> Iterator[Addressed]:
    """The readers whose values SendGrid takes; the others are refused before anything is sent."""
    for reader in readers:
        size = reader.substitution_bytes
        if size <= SUBSTITUTION_BYTES:
            yield reader
        else:
            running.refuse(reader, f"This reader's values take {size:,} bytes; SendGrid takes {SUBSTITUTION_BYTES:,}.")
