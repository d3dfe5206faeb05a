"""SMTP: `smtplib` connects, does STARTTLS and AUTH; then each message costs one round trip where PIPELINING is offered.

With PIPELINING (RFC 2920) MAIL, RCPT and DATA of the next message travel with the body of the last one, and replies
are read in order. Without it the same commands go one at a time, with the same outcomes.
"""

import contextlib
import smtplib
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from .outcomes import Outcome, accepted, deferred, rejected, unknown
from .transports import AccountRefused, Journal, Outgoing, TransportUnavailable

CONNECT_SECONDS = 30
REPLY_SECONDS = 60
"""Shorter than a lease, so that who waits too long for a reply still holds the chunk when it says so."""
MESSAGES_A_CONNECTION = 1_000
TRIES = 3
"""After so many connections that ended over the same message it is deferred, and the others go on."""
_CLOSING = 421
_GO_AHEAD = 354
_LATER = 4
_END = b".\r\n"


class _Closed(Exception):
    """The connection ended: the server said so, or it was cut."""


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """`smtp://user:password@host:587?tls=starttls`, or `smtps://` for TLS from the first byte."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "none"
    ca_file: str | None = None
    group_size: int = 50

    @classmethod
    def parse(cls, url: str) -> "SmtpTransport":
        """Read the URL. With a user, `tls=starttls` is the default; `ca=FILE` trusts another authority."""
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        tls = "tls" if parts.scheme == "smtps" else options.get("tls", "starttls" if parts.username else "none")
        if not parts.hostname or tls not in ("tls", "starttls", "none") or set(options) - {"tls", "ca"}:
            raise TransportUnavailable(
                "NEWSLETTER_TRANSPORT must look like smtp://user:password@host:587?tls=starttls (or tls=none)."
            )
        port = parts.port or (smtplib.SMTP_SSL_PORT if tls == "tls" else smtplib.SMTP_PORT)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname, port, user, password, tls, options.get("ca"))

    @property
    def account(self) -> str:
        """The pace is kept for the account at the host."""
        return f"smtp:{self.user}@{self.host}:{self.port}" if self.user else f"smtp:{self.host}:{self.port}"

    def connect(self) -> "SmtpConnection":
        """Open a connection, checking the server's certificate where TLS is asked for."""
        connection = SmtpConnection(self)
        connection.open()
        return connection

    def dial(self) -> smtplib.SMTP:
        """Greet, secure and log in. Raises `TransportUnavailable` or `AccountRefused`, never with the password."""
        where = f"The mail server {self.host}:{self.port}"
        try:
            with contextlib.ExitStack() as on_failure:
                client = self._greeted(on_failure)
                if self.user:
                    client.login(self.user, self.password)
                on_failure.pop_all()
        except smtplib.SMTPAuthenticationError as error:
            raise AccountRefused(
                f"{where} refuses the user {self.user}: {error.smtp_error!r} Check NEWSLETTER_TRANSPORT."
            ) from error
        except smtplib.SMTPException as error:
            raise TransportUnavailable(f"{where} cannot be used: {error}. Nothing is lost; send again.") from error
        except ssl.SSLError as error:
            raise TransportUnavailable(f"{where} has no trusted certificate: {error.reason}.") from error
        except OSError as error:
            why = error.strerror or str(error) or "no answer"
            raise TransportUnavailable(f"{where} cannot be reached: {why}. Nothing is lost; send again.") from error
        return client

    def _greeted(self, on_failure: contextlib.ExitStack) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.tls == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=CONNECT_SECONDS, context=context)
        else:
            client = smtplib.SMTP(self.host, self.port, timeout=CONNECT_SECONDS)
        on_failure.callback(client.close)
        client.ehlo_or_helo_if_needed()
        if self.tls == "starttls":
            client.starttls(context=context)
            client.ehlo()
        return client


class SmtpConnection:
    """One connection of one thread, made anew when it is used up or cut."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._client: smtplib.SMTP | None = None
        self._sent = 0
        self._in_flight = False
        """Whether the final dot of the current message may have left."""

    def open(self) -> None:
        """Connect unless connected."""
        if self._client is None:
            self._client = self._transport.dial()
            self._socket: socket.socket = self._client.sock  # type: ignore[assignment]  # it is connected
            self._socket.settimeout(REPLY_SECONDS)
            self._replies = self._socket.makefile("rb")
            self._pipelines = self._client.has_extn("pipelining")
            self._utf8 = self._client.has_extn("smtputf8")
            self._sent = 0

    def close(self) -> None:
        """Quit politely where there is still someone to hear it."""
        if self._client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._client.quit()
            self._drop()

    def send(self, group: Sequence[Outgoing], journal: Journal) -> list[tuple[int, Outcome]]:
        """Send each message of the group to its one recipient.

        A connection that ends is made anew; what was not in flight goes again on it. Raises `TransportUnavailable`
        where no new one can be had: the journal then knows what became of the others.
        """
        if self._sent >= MESSAGES_A_CONNECTION:
            self.close()
        waiting, tries = deque(group), 0
        outcomes: list[tuple[int, Outcome]] = []
        while waiting:
            self.open()
            before = len(waiting)
            try:
                self._run(waiting, outcomes, journal)
            except (_Closed, OSError, ValueError) as error:
                tries = 1 if len(waiting) < before else tries + 1
                outcome = self._after_the_end(error, tries)
                self._drop()
                if outcome is not None:
                    tries = 0
                    self._note(waiting, outcomes, journal, outcome)
        return outcomes

    def _run(self, waiting: deque[Outgoing], outcomes: list[tuple[int, Outcome]], journal: Journal) -> None:
        """Send from the front of `waiting` until it is empty or the connection ends."""
        if self._pipelines:
            self._write(self._commands(waiting[0]))
        while waiting:
            current = waiting[0]
            ahead = self._commands(waiting[1]) if self._pipelines and len(waiting) > 1 else b""
            refusal, wants_body = self._envelope(current)
            if refusal is None:
                outcome = self._body(current, ahead, journal)
            else:
                # A server that took DATA without a recipient gets an empty message (RFC 2920, section 3.1).
                self._write((_END if wants_body else b"RSET\r\n") + ahead)
                self._reply()
                outcome = refusal
            self._note(waiting, outcomes, journal, outcome)

    def _envelope(self, current: Outgoing) -> tuple[Outcome | None, bool]:
        """The refusal of MAIL, RCPT or DATA, if there is one, and whether the server waits for a body."""
        if not current.to.isascii() and not self._utf8:
            self._skip_envelope()
            return rejected("The mail server does not take addresses with letters beyond ASCII (no SMTPUTF8)."), False
        replies = [self._reply() for _ in range(3)] if self._pipelines else self._one_by_one(current)
        refused = next((reply for reply in replies if not _is_fine(reply[0])), None)
        return (_refusal(*refused) if refused else None), replies[-1][0] == _GO_AHEAD

    def _one_by_one(self, current: Outgoing) -> list[tuple[int, str]]:
        replies = []
        for command in self._commands(current).splitlines(keepends=True):
            self._write(command)
            replies.append(self._reply())
            if not _is_fine(replies[-1][0]):
                break
        return replies

    def _skip_envelope(self) -> None:
        """Read the replies of the commands that went ahead without a recipient: a NOOP stands in their place."""
        if self._pipelines:
            self._reply()

    def _body(self, current: Outgoing, ahead: bytes, journal: Journal) -> Outcome:
        message = current.message()
        journal.begun([current.seq])
        self._in_flight = True
        self._write(message + _END + ahead)
        code, text = self._reply()
        self._in_flight = False
        self._sent += 1
        return accepted(text) if _is_fine(code) else _refusal(code, text)

    def _commands(self, outgoing: Outgoing) -> bytes:
        if not outgoing.to.isascii() and not self._utf8:
            return b"NOOP\r\n" if self._pipelines else b""
        utf8 = "" if outgoing.to.isascii() else " SMTPUTF8"
        return f"MAIL FROM:<{outgoing.prepared.sender}>{utf8}\r\nRCPT TO:<{outgoing.to}>\r\nDATA\r\n".encode()

    def _after_the_end(self, error: Exception, tries: int) -> Outcome | None:
        """What the end of the connection means for the current message; None: it goes on the next connection."""
        if self._in_flight:
            self._in_flight = False
            if isinstance(error, _Closed) and error.args:
                return None  # 421 instead of an acceptance
            return unknown("The connection ended after the message was handed over and before the answer.")
        return deferred(f"The mail server closed {TRIES} connections: {error}") if tries >= TRIES else None

    def _note(
        self,
        waiting: deque[Outgoing],
        outcomes: list[tuple[int, Outcome]],
        journal: Journal,
        outcome: Outcome,
    ) -> None:
        current = waiting.popleft()
        journal.replied(current.seq, outcome)
        outcomes.append((current.seq, outcome))

    def _write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _reply(self) -> tuple[int, str]:
        """Read one reply (RFC 5321, section 4.2). Raises `_Closed` at the end, or with the text where it is a 421."""
        lines = []
        while True:
            line = self._replies.readline(2048)
            if not line.endswith(b"\n"):
                raise _Closed
            lines.append(_words(line[4:]))
            if line[3:4] != b"-":
                break
        code, text = int(line[:3]), " ".join(lines)
        if code == _CLOSING:
            raise _Closed(f"421 {text}")
        return code, text

    def _drop(self) -> None:
        if self._client is not None:
            self._replies.close()
            self._client.close()
            self._client = None


def _is_fine(code: int) -> bool:
    return code // 100 in (2, 3)


def _refusal(code: int, text: str) -> Outcome:
    """4xx: later. Anything else that is not fine: never."""
    said = f"{code} {text}"
    return deferred(said) if code // 100 == _LATER else rejected(said)


def _words(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()
