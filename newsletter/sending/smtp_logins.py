"""Logging in to a mail server: by password (PLAIN, LOGIN), or by a token that lasts an hour (XOAUTH2)."""

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote

from .transports import AccountRefused, TransportUnavailable

_LATER = range(400, 500)
_XOAUTH2 = "xoauth2"
_MECHANISMS = ("", "plain", "login", _XOAUTH2)


@dataclass(frozen=True, slots=True)
class Login:
    """Who we are to the mail server."""

    user: str
    password: str = field(default="", repr=False)
    mechanism: str = ""
    """As written in `auth=`; if empty, what the server offers of CRAM-MD5, PLAIN and LOGIN."""
    token_file: Path | None = None
    """Holds the password, read anew at each login: something else renews it."""

    @classmethod
    def parse(cls, parts: SplitResult, options: Mapping[str, str]) -> "Login | None":
        """Read a transport's URL; None where it has no user. Raises `TransportUnavailable`."""
        mechanism, token_file = options.get("auth", ""), options.get("token_file", "")
        if mechanism not in _MECHANISMS:
            raise TransportUnavailable("NEWSLETTER_TRANSPORT: auth= must be plain, login or xoauth2.")
        if not parts.username:
            if parts.password or options.keys() & {"auth", "token_file"}:
                raise TransportUnavailable("NEWSLETTER_TRANSPORT says how to log in but not as whom: add user@.")
            return None
        if token_file and (mechanism != _XOAUTH2 or parts.password):
            raise TransportUnavailable(
                "NEWSLETTER_TRANSPORT: token_file= goes with auth=xoauth2 and instead of a password."
            )
        if not parts.password and not token_file:
            raise TransportUnavailable("NEWSLETTER_TRANSPORT names a user without a password; write user:password@.")
        login = cls(
            unquote(parts.username),
            unquote(parts.password or ""),
            mechanism,
            Path(token_file) if token_file else None,
        )
        login.secret()
        return login

    def secret(self) -> str:
        """The password or token of now. Raises `TransportUnavailable` where its file has none."""
        if self.token_file is None:
            return self.password
        try:
            token = self.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeError):
            token = ""
        if not token:
            raise TransportUnavailable(
                f"NEWSLETTER_TRANSPORT names token_file={self.token_file}, and there is no token in it to read."
            )
        return token

    def enter(self, client: smtplib.SMTP, where: str) -> None:
        """Log in. Raises `AccountRefused`; a server that says "later" (454, RFC 4954) has not refused the account."""
        secret = self.secret()
        try:
            self._enter(client, secret, where)
        except UnicodeError:
            raise AccountRefused(
                "The mail server's user and password must be ASCII. Check NEWSLETTER_TRANSPORT."
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code in _LATER:
                raise
            hint = "The token may be too old. Check" if self.mechanism == _XOAUTH2 else "Check"
            raise AccountRefused(
                f"{where} refuses the user {self.user}: {said(error)}. {hint} NEWSLETTER_TRANSPORT."
            ) from error

    def _enter(self, client: smtplib.SMTP, secret: str, where: str) -> None:
        if not self.mechanism:
            client.login(self.user, secret)
            return
        name = self.mechanism.upper()
        offered = client.esmtp_features.get("auth", "").upper().split()
        if name not in offered:
            raise AccountRefused(
                f"{where} offers no login by {name}, only by {' '.join(offered) or 'nothing'}."
                " Check auth= in NEWSLETTER_TRANSPORT."
            )
        client.user, client.password = self.user, secret
        by_token = _XOAuth2(self.user, secret) if self.mechanism == _XOAUTH2 else None
        client.auth(name, by_token or getattr(client, f"auth_{self.mechanism}"))


@dataclass(frozen=True, slots=True)
class _XOAuth2:
    """The answers of XOAUTH2, as Google and Microsoft describe it."""

    user: str
    token: str = field(repr=False)

    def __call__(self, challenge: bytes | None = None) -> str:
        """The token; and nothing where the server tells why it refuses it and waits to hear that we heard."""
        return f"user={self.user}\x01auth=Bearer {self.token}\x01\x01" if challenge is None else ""


def said(error: smtplib.SMTPException) -> str:
    """What the server answered, as it said it."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {text}".strip().rstrip(".")
    return str(error).rstrip(".")
