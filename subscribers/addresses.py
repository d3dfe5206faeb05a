"""Email addresses: parsed once at the edge, compared by one key, hashed for the suppression list."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from .errors import NewsletterError

_LONGEST = 320
_BLANKS = " \t\u00a0"
"""What a spreadsheet or a paste leaves around an address. A line end is no blank: nothing that holds one is mailed."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_IN_TEXT = re.compile(r"[^\s<>()\[\]\"',:;@]{1,64}@[^\s<>()\[\]\"',:;@]+")
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_!#$%&'*+\-/=?^`{|}~]+(?:\.[A-Za-z0-9_!#$%&'*+\-/=?^`{|}~]+)*")
"""What almost every local part is: a dot-atom of RFC 5322 in ASCII, as `email-validator` reads it."""
_LONGEST_PLAIN_LOCAL = 64
_LONGEST_PLAIN = 254


class AddressInvalid(NewsletterError):
    """This is not an email address. Write it like name@example.org."""


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address that can be mailed."""

    mailed: str
    """The local part as typed, the domain lower-case and as an A-label (RFC 5890)."""
    key: str
    """What makes two addresses the same reader: normalized (NFC), lower-case, the domain as an A-label.

    Letters that only look alike, or fold to the same ones as the German sharp s does, are other mailboxes.
    """
    needs_smtputf8: bool
    """Whether the local part is not ASCII, so that only servers with SMTPUTF8 (RFC 6531) take it."""

    @classmethod
    def parse(cls, text: str) -> "EmailAddress":
        """Read an address (RFC 5321, RFC 6531) without asking the DNS. Raises `AddressInvalid` with the reason."""
        return _plain(text) or _any(text.strip(_BLANKS))


def without_addresses(text: str) -> str:
    """What a mail server said, with every address in it left out, so that it may be kept longer than the person is."""
    return _IN_TEXT.sub("...", text)


def address_hash(key: str, salt: str) -> str:
    """A keyed hash of an address's key: joins a suppression to a reader without naming anyone."""
    digest = _keyed(salt).copy()
    digest.update(key.encode())
    return digest.hexdigest()


def _plain(text: str) -> EmailAddress | None:
    """The address, where it is plain: a tenth of the time. None: ask `email-validator`, which decides the same."""
    local, at, domain = text.partition("@")
    if not at or len(local) > _LONGEST_PLAIN_LOCAL or len(text) > _LONGEST_PLAIN or not _PLAIN_LOCAL.fullmatch(local):
        return None
    key = local.lower()
    ascii_domain = _plain_domain(domain)
    if not ascii_domain or key in CASE_INSENSITIVE_MAILBOX_NAMES:
        return None
    return EmailAddress(f"{local}@{ascii_domain}", f"{key}@{ascii_domain}", needs_smtputf8=False)


@lru_cache(10_000)
def _plain_domain(domain: str) -> str:
    """A domain in ASCII as `email-validator` normalizes it; empty where it is not in ASCII or refused."""
    if not domain.isascii():
        return ""
    try:
        return _any(f"x@{domain}").mailed.removeprefix("x@")
    except AddressInvalid:
        return ""


def _any(text: str) -> EmailAddress:
    if len(text) > _LONGEST or _CONTROL.search(text):
        raise AddressInvalid(f"{text[:60]!r} is not an email address. Write it like name@example.org.")
    try:
        found = validate_email(text, check_deliverability=False, strict=True, test_environment=True)
    except EmailNotValidError as error:
        raise AddressInvalid(f"{text!r} is not an email address: {error}") from error
    local = unicodedata.normalize("NFC", found.local_part)
    key = unicodedata.normalize("NFC", local.lower())
    return EmailAddress(f"{local}@{found.ascii_domain}", f"{key}@{found.ascii_domain}", found.smtputf8)


@lru_cache(16)
def _keyed(salt: str) -> blake2b:
    return blake2b(key=salt.encode()[:64], digest_size=16)
