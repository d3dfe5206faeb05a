"""What the settings themselves tell: keys, addresses, and what laws and mailbox providers ask for."""

import stat
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.events.networks import NetworkListInvalid, NetworkLists
from newsletter.rendering.headers import Mailbox, SenderInvalid
from newsletter.rendering.readers import Identity
from newsletter.settings import CONFIG_FILE, Settings

from .findings import Finding, Level, error, ok, warning

_FEWEST_CHARACTERS = 10
_FREE_MAIL = ("gmail.com", "googlemail.com", "yahoo.com", "aol.com", "outlook.com", "hotmail.com", "icloud.com")
"""Their DMARC policy, or their own users' filters, turn away mail in their name from anybody else's server."""


def examine(settings: Settings, identities: Sequence[Identity]) -> Iterator[Finding]:
    """Look at the settings; `identities` are in whose names the lists' mails go."""
    yield _secret_key(settings)
    yield _configuration_file(Path(CONFIG_FILE))
    yield _base_url(settings)
    yield _machine_networks(settings)
    for identity in identities:
        yield _sender(settings, identity)
        yield _postal_address(settings, identity)


def is_real(settings: Settings) -> bool:
    """Whether mail leaves this machine."""
    return not settings.transport.startswith("file:")


def is_local(host: str | None) -> bool:
    """Whether only this machine is reached by that name."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_typed(secret: str) -> bool:
    """Whether it has fewer different characters than any secret that was made at random."""
    return len(set(secret)) < _FEWEST_CHARACTERS


def _secret_key(settings: Settings) -> Finding:
    if any(map(is_typed, settings.secrets)):
        return warning(
            "secret key",
            "The secret key looks like one that a person typed, so links could be forged.",
            "Put a new one in front of it in NEWSLETTER_SECRET_KEY; `newsletter init` in an empty folder makes one.",
        )
    more = f", and {len(settings.secrets) - 1} older ones still verify" if len(settings.secrets) > 1 else ""
    return ok("secret key", f"The secret key is long enough{more}.")


def _configuration_file(file: Path) -> Finding:
    if not file.exists():
        return ok("settings", "The settings can be read.")
    if file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return warning("settings", f"Anybody on this machine can read {file}.", f"Run: chmod 600 {file}")
    return ok("settings", f"The settings can be read; {file} is not open to everybody.")


def _base_url(settings: Settings) -> Finding:
    parts = urlsplit(settings.base_url)
    remedy = "Set NEWSLETTER_BASE_URL to the https:// address that your readers reach."
    if is_local(parts.hostname):
        return Finding(
            Level.ERROR if is_real(settings) else Level.WARNING,
            "base URL",
            f"Links lead to {parts.hostname}, which nobody but this machine reaches.",
            remedy,
        )
    if parts.scheme != "https":
        return error("base URL", "Links are not https, so mail programs offer no unsubscribe button.", remedy)
    return ok("base URL", f"Links lead to {settings.base_url}.")


def _machine_networks(settings: Settings) -> Finding:
    about = "networks of machines"
    if not settings.machine_networks:
        return ok(about, "No list names networks that machines open and click from.")
    try:
        NetworkLists.named(settings.machine_networks).read()
    except NetworkListInvalid as refusal:
        return error(about, str(refusal), "Correct the list, or take it out of NEWSLETTER_MACHINE_NETWORKS.")
    return ok(about, "The lists of networks that machines open and click from can be read.")


def _sender(settings: Settings, identity: Identity) -> Finding:
    about, remedy = (
        f"sender of {identity.list_slug}",
        "Set NEWSLETTER_FROM, such as: Our school <letters@school.example>",
    )
    try:
        sender = Mailbox.parse(identity.from_header)
    except SenderInvalid as refusal:
        return error(about, str(refusal), remedy)
    if "." not in sender.domain:
        level = Level.ERROR if is_real(settings) else Level.WARNING
        return Finding(level, about, f"Nobody outside can answer {sender.address}, so nobody takes its mail.", remedy)
    if sender.domain in _FREE_MAIL:
        return warning(about, f"Mail from {sender.domain} by another server is turned away by many.", remedy)
    seal = settings.seal if settings.transport.startswith("smtp") else None
    if seal is not None and not seal.speaks_for(sender.domain):
        return warning(
            about,
            f"Mail from {sender.domain} is signed by {seal.domain}, which receivers do not take for its sender.",
            f"Let the list send from an address at {seal.domain}, or let the relay sign.",
        )
    return ok(about, f"Mail comes from {sender.address}.")


def _postal_address(settings: Settings, identity: Identity) -> Finding:
    about = f"postal address of {identity.list_slug}"
    if identity.postal_address.strip():
        return ok(about, "The foot of each mail has a postal address.")
    return Finding(
        Level.ERROR if is_real(settings) else Level.WARNING,
        about,
        "The foot of each mail has no postal address, which many laws ask for.",
        "Set NEWSLETTER_POSTAL_ADDRESS.",
    )
