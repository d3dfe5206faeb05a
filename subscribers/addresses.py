"""Email addresses: parsed once at the edge, compared by one key, hashed for the suppression list."""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b

from email_validator import EmailNotValidError, validate_email

from .errors import NewsletterError

_LONGEST = 320
_BLANKS = " \t\u00a0"
"""What a spreadsheet or a paste leaves around an address. A line end is no blank: nothing that holds one is mailed."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_IN_TEXT = re.compile(r"[^\s<>()\[\]\"',:;@]{1,64}@[^\s<>()\[\]\"',:;@]+")


class AddressInvalid(NewsletterError):
    """This is not an email address. Write it like name@example.org."""


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address that can be mailed."""

    mailed: str
    """The local part as typed, the domain lower-case and as an A-label (RFC 5890)."""
    key: str
    """What makes two addresses the same reader: normalized (NFC), lower-case, the domain as an A-label."""
    needs_smtputf8: bool
    """Whether the local part is not ASCII, so that only servers with SMTPUTF8 (RFC 6531) take it."""

    @classmethod
    def parse(cls, text: str) -> "EmailAddress":
        """Read an address (RFC 5321, RFC 6531) without asking the DNS. Raises `AddressInvalid` with the reason."""
        text = text.strip(_BLANKS)
        if len(text) > _LONGEST or _CONTROL.search(text):
            raise AddressInvalid(f"{text[:60]!r} is not an email address. Write it like name@example.org.")
        try:
            found = validate_email(text, check_deliverability=False, strict=True, test_environment=True)
        except EmailNotValidError as error:
            raise AddressInvalid(f"{text!r} is not an email address: {error}") from error
        local = unicodedata.normalize("NFC", found.local_part)
        key = unicodedata.normalize("NFC", local.casefold())
        return cls(f"{local}@{found.ascii_domain}", f"{key}@{found.ascii_domain}", found.smtputf8)


def without_addresses(text: str) -> str:
    """What a mail server said, with every address in it left out, so that it may be kept longer than the person is."""
    return _IN_TEXT.sub("...", text)


def address_hash(key: str, salt: str) -> str:
    """A keyed hash of an address's key: joins a suppression to a reader without naming anyone."""
    return blake2b(key.encode(), key=salt.encode()[:64], digest_size=16).hexdigest()
