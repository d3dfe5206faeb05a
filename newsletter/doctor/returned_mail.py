"""Whether what comes back is taken: the keys of SendGrid's calls, and the mailbox."""

import re
from collections.abc import Iterator

from newsletter import mail_places
from newsletter.events.sendgrid_calls import WebhookKey, WebhookKeyInvalid
from newsletter.mail_places import Maildir
from newsletter.mailboxes import imap, maildirs
from newsletter.mailboxes.imap import LoginRefused, MailboxAway
from newsletter.mailboxes.maildirs import MaildirUnreadable
from newsletter.settings import Settings

from .configuration import is_typed
from .findings import Finding, error, ok, warning

_STANDS_IN_AN_ADDRESS = re.compile(r"[A-Za-z0-9._~-]+")
"""What means itself wherever it stands in an address (RFC 3986, 2.3)."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at what the settings name. It may take as long as the mailbox's server takes to answer."""
    yield _is_read(settings)
    yield _webhook_key(settings)
    yield _inbound_key(settings)
    yield _mailbox(settings)


def _is_read(settings: Settings) -> Finding:
    about = "returned mail"
    if settings.inbound_key.get_secret_value() and not settings.replies_to:
        return warning(
            about,
            "Letters that people write to the address of SendGrid's Inbound Parse are refused: nobody reads them.",
            "Set NEWSLETTER_REPLIES_TO to an address where people read.",
        )
    is_read = bool(settings.feedback or settings.inbound_key.get_secret_value())
    by_smtp = settings.transport.startswith("smtp")
    if by_smtp and not settings.bounce_address:
        return warning(
            about,
            "Mail that comes back has no key of its copy, so dead addresses may be mailed again and again.",
            "Set NEWSLETTER_BOUNCE_ADDRESS and NEWSLETTER_FEEDBACK.",
        )
    if settings.bounce_address and by_smtp and not is_read:
        return warning(
            about,
            f"Refusals go to {settings.bounce_address}, and nothing here reads them.",
            "Set NEWSLETTER_FEEDBACK to that mailbox, or run `newsletter feedback ingest` by a timer.",
        )
    return ok(about, "Mail that comes back is read." if is_read else "No mail comes back to a mailbox of ours.")


def _webhook_key(settings: Settings) -> Finding:
    about, key = "SendGrid's events", settings.sendgrid_webhook_key
    if not key and settings.transport.startswith("sendgrid:"):
        return warning(
            about,
            "What SendGrid tells is not taken, so dead addresses are mailed again and again.",
            "Set NEWSLETTER_SENDGRID_WEBHOOK_KEY; docs/sendgrid.md says how.",
        )
    if not key:
        return ok(about, "No key is set, so no event of SendGrid's is taken.")
    try:
        WebhookKey.parse(key)
    except WebhookKeyInvalid as refusal:
        return error(about, str(refusal), "`newsletter run` does not start before this is mended.")
    return ok(about, "The key that verifies SendGrid's events can be read.")


def _inbound_key(settings: Settings) -> Finding:
    about, key = "inbound key", settings.inbound_key.get_secret_value()
    remedy = (
        "Set NEWSLETTER_INBOUND_KEY to letters and digits, long and random, and put it into SendGrid's address too."
    )
    if not key:
        return ok(about, "No key is set, so no mail of SendGrid's Inbound Parse is taken.")
    if not _STANDS_IN_AN_ADDRESS.fullmatch(key):
        return warning(about, "The key has signs that do not stand in an address as they are.", remedy)
    if is_typed(key):
        return warning(about, "The key looks like one that a person typed, so returned mail could be forged.", remedy)
    return ok(about, "The key that SendGrid passes mail on with is long enough.")


def _mailbox(settings: Settings) -> Finding:
    about, place = "mailbox", mail_places.parse(settings.feedback)
    if place is None:
        return ok(about, "No mailbox is looked into.")
    try:
        if isinstance(place, Maildir):
            maildirs.ensure_usable(place.folder)
        else:
            imap.ensure_usable(place, settings.feedback_password.get_secret_value())
    except (MaildirUnreadable, LoginRefused) as refusal:
        return error(about, str(refusal), "Correct NEWSLETTER_FEEDBACK or what it names; until then nothing is read.")
    except MailboxAway as away:
        return warning(about, str(away), "See that NEWSLETTER_FEEDBACK is right; it is tried again by itself.")
    return ok(about, f"The mail in {place} can be read and marked.")
