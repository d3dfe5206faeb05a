"""What is around the program: folders, disks, the mail service, and what dead senders left behind."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from newsletter.errors import NewsletterError
from newsletter.events import spools
from newsletter.sending.journal import abandoned
from newsletter.sending.sendgrid import SendGridTransport
from newsletter.sending.transports import ServiceTrouble, SlowDown, open_transport
from newsletter.settings import Settings

from .configuration import is_local
from .findings import Finding, error, ok, warning

_LITTLE_SPACE, _NO_SPACE = 1_000_000_000, 100_000_000
_MEGABYTE = 1_000_000


def examine(settings: Settings, journals: Path) -> Iterator[Finding]:
    """Look at what the settings name. It may take as long as the mail service takes to answer."""
    yield _state_folder(settings.state_folder)
    for name, folder in _folders(settings):
        yield _space(name, folder)
    yield _journals(journals)
    yield _spools(settings.state_folder / "spools")
    yield _transport(settings)


def _state_folder(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as failure:
        return error(
            "state folder",
            f"The folder {folder} cannot be written: {failure.strerror}.",
            "Make it writable for this user, or set NEWSLETTER_STATE_FOLDER.",
        )
    return ok("state folder", f"The folder {folder} can be written.")


def _folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "disk of the state folder", settings.state_folder
    try:
        url = make_url(settings.database_url)
    except (ArgumentError, ValueError):
        return
    if url.get_backend_name() == "sqlite" and url.database:
        yield "disk of the database", Path(url.database).parent


def _space(about: str, folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as failure:
        return warning(
            about, f"The disk of {folder} cannot be seen: {failure.strerror}.", "See that the folder exists."
        )
    sentence = f"{free // _MEGABYTE:,} MB are free."
    if free < _NO_SPACE:
        return error(about, sentence, "Free some space; sending stops where the disk is full.")
    if free < _LITTLE_SPACE:
        return warning(about, sentence, "Free some space before a large campaign.")
    return ok(about, sentence)


def _journals(folder: Path) -> Finding:
    dead = abandoned(folder)
    if dead:
        return warning(
            "dead senders",
            f"{dead} sender{'s' if dead > 1 else ''} died at work; what was in flight is in {folder}.",
            "Run `newsletter run` or `newsletter send` on this host; it is settled at once.",
        )
    return ok("dead senders", "No sender of this host died at work.")


def _spools(folder: Path) -> Finding:
    about, size = "opens and clicks", spools.waiting(folder)
    if not size:
        return ok(about, "None waits on this host's disk.")
    sentence = f"{size / _MEGABYTE:,.1f} MB wait in {folder} until the database takes them."
    if size > spools.LARGEST_SPOOL / 2:
        return error(
            about, sentence, "See that the database answers, and `newsletter run` runs; soon they do not count."
        )
    return warning(about, sentence, "See that the database answers; `newsletter run` on this host writes them into it.")


def _transport(settings: Settings) -> Finding:
    about = "transport"
    if settings.transport.startswith("sendgrid:") and not _is_safe(settings.sendgrid_url):
        return error(about, "The key would go to SendGrid unencrypted.", "Give NEWSLETTER_SENDGRID_URL as https://...")
    try:
        return ok(about, _reached(settings))
    except (SlowDown, ServiceTrouble) as trouble:
        return warning(about, str(trouble), "Try again later.")
    except NewsletterError as refusal:
        return error(about, str(refusal), "Nothing is sent before this is mended.")


def _reached(settings: Settings) -> str:
    """Go as far as one can without sending; raises the transport's sentence."""
    transport = open_transport(settings.model_copy(update={"connections": 1}))
    if isinstance(transport, SendGridTransport):
        transport.connect().rehearse(settings.from_)
        return "SendGrid takes mail from NEWSLETTER_FROM (it checked one and sent nothing)."
    transport.connect().close()
    if settings.transport.startswith("file:"):
        return "Mail is written into files; nothing leaves this machine."
    return "The mail server answers and lets us in."


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or is_local(parts.hostname)
