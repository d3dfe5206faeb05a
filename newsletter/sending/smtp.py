"""SMTP: where the server is, and how `smtplib` greets it, secures the connection and logs in."""

import contextlib
import smtplib
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from .smtp_connections import Patience, SmtpConnections
from .transports import AccountRefused, TransportUnavailable

MESSAGES_A_TURN = 50
_LATER = range(400, 500)
_EXAMPLE = "NEWSLETTER_TRANSPORT must look like smtp://user:password@host:587?tls=starttls (or tls=none)."


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """`smtp://user:password@host:587?tls=starttls`, or `smtps://` for TLS from the first byte."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "none"
    ca_file: str | None = None
    connections: int = 1
    patience: Patience = field(default_factory=Patience)

    @classmethod
    def parse(cls, url: str) -> "SmtpTransport":
        """Read the URL. With a user, `tls=starttls` is the default; `ca=FILE` trusts another authority.

        Raises `TransportUnavailable` where the URL cannot work; it never repeats the URL, which holds the password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise TransportUnavailable(_EXAMPLE) from None
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        tls = "tls" if parts.scheme == "smtps" else options.get("tls", "starttls" if parts.username else "none")
        if not parts.hostname or tls not in ("tls", "starttls", "none") or set(options) - {"tls", "ca"}:
            raise TransportUnavailable(_EXAMPLE)
        ca_file = options.get("ca")
        if ca_file and not Path(ca_file).is_file():
            raise TransportUnavailable(f"NEWSLETTER_TRANSPORT names ca={ca_file}, and there is no such file.")
        port = port or (smtplib.SMTP_SSL_PORT if tls == "tls" else smtplib.SMTP_PORT)
        return cls(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), tls, ca_file)

    @property
    def senders(self) -> int:
        """Two, where the connections can be shared evenly: one hears its answers while the other tells the ledger."""
        return 2 if self.connections % 2 == 0 else 1

    @property
    def group_size(self) -> int:
        """So many that each connection of a sender has enough to do between two talks with the ledger."""
        return MESSAGES_A_TURN * self.connections // self.senders

    @property
    def account(self) -> str:
        """The pace is kept for the account at the host."""
        return f"smtp:{self.user}@{self.host}:{self.port}" if self.user else f"smtp:{self.host}:{self.port}"

    def connect(self) -> SmtpConnections:
        """Open one sender's share of the connections, checking the server's certificate where TLS is asked for."""
        connections = SmtpConnections(self.dial, self.patience, self.connections // self.senders)
        connections.open()
        return connections

    def dial(self) -> smtplib.SMTP:
        """Greet, secure and log in. Raises `TransportUnavailable` or `AccountRefused`, never with the password."""
        where = f"The mail server {self.host}:{self.port}"
        with contextlib.ExitStack() as on_failure:
            try:
                client = self._greeted(on_failure)
                if self.user:
                    self._log_in(client, where)
            except smtplib.SMTPException as error:
                raise TransportUnavailable(f"{where} cannot be used: {_said(error)}. Nothing is lost.") from error
            except ssl.SSLError as error:
                why = getattr(error, "verify_message", "") or error.reason or "no answer"
                raise TransportUnavailable(
                    f"{where} offers no trusted TLS: {why}. Check tls= and ca= in NEWSLETTER_TRANSPORT."
                ) from error
            except (OSError, UnicodeError) as error:
                why = getattr(error, "strerror", None) or str(error) or "no answer"
                raise TransportUnavailable(f"{where} cannot be reached: {why}. Nothing is lost; send again.") from error
            on_failure.pop_all()
        return client

    def _greeted(self, on_failure: contextlib.ExitStack) -> smtplib.SMTP:
        context = None if self.tls == "none" else ssl.create_default_context(cafile=self.ca_file)
        seconds = self.patience.connect_seconds
        if self.tls == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=seconds, context=context)
        else:
            client = smtplib.SMTP(self.host, self.port, timeout=seconds)
        on_failure.callback(client.close)
        client.ehlo_or_helo_if_needed()
        if self.tls == "starttls":
            client.starttls(context=context)
            client.ehlo()
        return client

    def _log_in(self, client: smtplib.SMTP, where: str) -> None:
        """Log in. A server that says "later" (454, RFC 4954) has not refused the account."""
        try:
            client.login(self.user, self.password)
        except UnicodeError:
            raise AccountRefused(
                "The mail server's user and password must be ASCII. Check NEWSLETTER_TRANSPORT."
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code in _LATER:
                raise
            raise AccountRefused(
                f"{where} refuses the user {self.user}: {_said(error)}. Check NEWSLETTER_TRANSPORT."
            ) from error


def _said(error: smtplib.SMTPException) -> str:
    """What the server answered, as it said it."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {text}".strip().rstrip(".")
    return str(error).rstrip(".")
