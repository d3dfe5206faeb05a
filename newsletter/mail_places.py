"""Where returned mail is fetched from: a folder of a mail server's (IMAP), or a Maildir on this machine."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from subscribers.errors import NewsletterError

_PORTS = {"imap": 143, "imaps": 993}
_MAILDIR = "maildir:"
_WORDS = {"ca", "tls", "token_file"}


class MailPlaceInvalid(NewsletterError):
    """Write imaps://user@mail.school.example/INBOX or maildir:FOLDER."""


@dataclass(frozen=True, slots=True)
class ImapFolder:
    """`imaps://user@host/INBOX`, or `imap://` with STARTTLS. The password never stands in it."""

    user: str
    host: str
    port: int
    folder: str = "INBOX"
    is_tls_from_the_start: bool = True
    is_bare: bool = False
    """Whether it is wanted without TLS: for a server on this machine."""
    ca: str = ""
    """A file of the authority to trust instead of the system's."""
    token_file: str = ""
    """Holds an access token, read anew each time, for servers that take no passwords (XOAUTH2)."""

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Maildir:
    """A folder with `new` and `cur` in it."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)


def parse(text: str) -> ImapFolder | Maildir | None:
    """Read a place; None where it is empty. Raises `MailPlaceInvalid`."""
    if not text:
        return None
    if text.startswith(_MAILDIR):
        return Maildir(Path(text.removeprefix(_MAILDIR)))
    return parse_imap(text)


def parse_imap(text: str) -> ImapFolder:
    """Read the address of a folder. Raises `MailPlaceInvalid`."""
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS[parts.scheme]
        said = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
    except (ValueError, KeyError) as error:
        raise MailPlaceInvalid from error
    if parts.password is not None:
        raise MailPlaceInvalid(
            "No password belongs into the address: others may read it. Set NEWSLETTER_FEEDBACK_PASSWORD, "
            "or NEWSLETTER_FEEDBACK_PASSWORD_FILE=/run/secrets/mailbox."
        )
    if not parts.username or not parts.hostname or said.get("tls", "starttls") not in ("starttls", "none"):
        raise MailPlaceInvalid
    if unknown := said.keys() - _WORDS:
        raise MailPlaceInvalid(f"{min(unknown)}= says nothing here; there are: {', '.join(sorted(_WORDS))}.")
    return ImapFolder(
        user=unquote(parts.username),
        host=parts.hostname,
        port=port,
        folder=_folder(parts.path),
        is_tls_from_the_start=parts.scheme == "imaps",
        is_bare=said.get("tls") == "none" and parts.scheme == "imap",
        ca=said.get("ca", ""),
        token_file=said.get("token_file", ""),
    )


def _folder(path: str) -> str:
    folder = unquote(path.strip("/")) or "INBOX"
    if not folder.isascii() or not folder.isprintable():
        raise MailPlaceInvalid("Name the folder as the server does: in ASCII, such as INBOX/Bounces.")
    return folder
