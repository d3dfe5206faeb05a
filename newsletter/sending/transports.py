"""The way mail leaves: what every transport offers the sender, and the choice of one by its URL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from newsletter.errors import NewsletterError
from newsletter.rendering.prepared import Copy, PreparedMessage
from newsletter.settings import Settings

from .outcomes import Outcome

GROUP_SECONDS = 60
"""No message or call of a group is begun later than this; what is left then is pending again."""
REPLY_SECONDS = 55
"""How long an answer is waited for. With GROUP_SECONDS shorter than a lease, so that who waited still holds it."""


class TransportUnavailable(NewsletterError):
    """The mail server cannot be reached. Nothing is lost; check NEWSLETTER_TRANSPORT and send again."""


class SlowDown(NewsletterError):
    """The mail service asks us to wait. Nothing is lost; sending goes on by itself."""

    def __init__(self, sentence: str, wait: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait
        """As long as it asked for; None where it named no time that can be read."""


class ServiceTrouble(NewsletterError):
    """The mail service has trouble of its own. It is tried again by one small call at a time."""


class AccountRefused(NewsletterError):
    """The mail service refuses this account. Check its name and key, then resume the campaign."""


class Outgoing(NamedTuple):
    """One copy on its way: the transport makes its bytes when it needs them, so a group takes little memory."""

    seq: int
    to: str
    prepared: PreparedMessage
    copy: Copy

    @property
    def key(self) -> str:
        """The delivery key, which the outside gives back."""
        return self.prepared.key(self.copy)

    @property
    def return_path(self) -> str:
        """The address of the envelope's sender, where refusals of this copy go."""
        return self.prepared.return_path(self.copy)

    def message(self) -> bytes:
        """The whole message (RFC 5322), CRLF line ends, ASCII, no line that begins with a dot."""
        return self.prepared.message(self.copy)


class Journal(Protocol):
    """Where a transport notes what is on the wire, so that a crash leaves as little unknown as possible."""

    def begun(self, seqs: Sequence[int]) -> None:
        """Called before the bytes are written that make these messages final."""

    def replied(self, seq: int, outcome: Outcome) -> None:
        """Called after the answer for a message was read; `begun` may follow once more where it goes again."""


class Connection(Protocol):
    """One way out, used by one thread."""

    def send(self, group: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """Send a group; one outcome for every `seq`. Trouble with one message is an outcome, not an error.

        Raises `TransportUnavailable` where nothing can leave now, `SlowDown` where the service asks us to wait,
        `ServiceTrouble` where it fails, and `AccountRefused` where it refuses us altogether: the journal then knows
        what became of each message, and what it does not name was not begun.
        """

    def close(self) -> None:
        """Say goodbye; never raises."""


class Transport(Protocol):
    """How connections are made."""

    @property
    def senders(self) -> int:
        """How many senders of one process serve its connections best."""

    @property
    def group_size(self) -> int:
        """How many messages one `send` should carry."""

    @property
    def account(self) -> str:
        """What the pace is kept for; holds no secret."""

    def connect(self) -> Connection:
        """Open a connection. Raises `TransportUnavailable` or `AccountRefused`."""


def open_transport(settings: Settings) -> Transport:
    """The transport that the settings name. Raises a sentence where its settings do not hold."""
    match urlsplit(settings.transport).scheme:
        case "file":
            from .file import FileTransport  # noqa: PLC0415 - each loads only what it needs

            return replace(FileTransport.parse(settings.transport), senders=settings.connections)
        case "sendgrid":
            from .sendgrid import SendGridTransport  # noqa: PLC0415

            return replace(SendGridTransport.of(settings), senders=settings.connections)
        case _:
            from .smtp import SmtpTransport  # noqa: PLC0415

            return replace(SmtpTransport.parse(settings.transport), connections=settings.connections)
