"""SMTP: where the server is, and how `smtplib` greets it, secures the connection and logs in."""

import contextlib
import smtplib
import ssl
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from .smtp_connections import Patience, SmtpConnections
from .smtp_logins import Login, said
from .transports import TransportUnavailable

MESSAGES_A_TURN = 50
_WHY_NO_TLS = {"WRONG_VERSION_NUMBER": "nothing on this port speaks TLS from the first byte", None: "no answer"}
_OPTIONS = {"tls", "ca", "auth", "token_file"}
_EXAMPLE = "NEWSLETTER_TRANSPORT must look like smtp://user:password@host:587?tls=starttls (or tls=none)."


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """`smtp://user:password@host:587?tls=starttls`, or `smtps://` for TLS from the first byte."""

    host: str
    port: int
    login: Login | None = None
    tls: str = "none"
    ca_file: str | None = None
    connections: int = 1
    patience: Patience = field(default_factory=Patience)

    @classmethod
    def parse(cls, url: str) -> "SmtpTransport":
        """Read the URL. With a user, `tls=starttls` is the default; `ca=FILE` trusts another authority.

        `auth=` names how to log in; with `auth=xoauth2` the password is an access token, which `token_file=FILE` may
        hold instead.

        Raises `TransportUnavailable` where the URL cannot work; it never repeats the URL, which holds the password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise TransportUnavailable(_EXAMPLE) from None
        options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        choices = ("tls",) if parts.scheme == "smtps" else ("starttls", "none", "tls")
        tls = options.get("tls", choices[0] if parts.username or len(choices) == 1 else "none")
        if not parts.hostname or tls not in choices or options.keys() - _OPTIONS or not all(options.values()):
            raise TransportUnavailable(_EXAMPLE)
        if "ca" in options:
            _trusting(options["ca"])
        port = port or (smtplib.SMTP_SSL_PORT if tls == "tls" else smtplib.SMTP_PORT)
        return cls(parts.hostname, port, Login.parse(parts, options), tls, options.get("ca"))

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
        user = f"{self.login.user}@" if self.login else ""
        return f"smtp:{user}{self.host}:{self.port}"

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
                if self.login is not None:
                    self.login.enter(client, where)
            except smtplib.SMTPException as error:
                raise TransportUnavailable(f"{where} cannot be used: {said(error)}. Nothing is lost.") from error
            except ssl.SSLError as error:
                why = getattr(error, "verify_message", "") or _WHY_NO_TLS.get(error.reason, error.reason)
                raise TransportUnavailable(
                    f"{where} offers no trusted TLS: {why.rstrip('.')}. Check tls= and ca= in NEWSLETTER_TRANSPORT."
                ) from error
            except (OSError, UnicodeError) as error:
                why = getattr(error, "strerror", None) or str(error) or "no answer"
                raise TransportUnavailable(f"{where} cannot be reached: {why}. Nothing is lost; send again.") from error
            on_failure.pop_all()
        return client

    def _greeted(self, on_failure: contextlib.ExitStack) -> smtplib.SMTP:
        context = None if self.tls == "none" else _trusting(self.ca_file)
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


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    """Checks certificates and host names. Raises `TransportUnavailable` where the file holds no certificate."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise TransportUnavailable(
            f"NEWSLETTER_TRANSPORT names ca={ca_file}, and there is no certificate in it to read."
        ) from error
