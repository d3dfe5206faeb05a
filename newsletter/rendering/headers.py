"""Header fields, written raw: Python's own policies break long List-Unsubscribe values and addresses of other scripts.

RFC 5322 and 2047 for their form, 2369 and 8058 for leaving a list, 2919 for its name, 3834 for what is automatic.
"""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from newsletter.errors import NewsletterError

from .merge import clean
from .readers import Identity
from .targets import ascii_host

ONE_CLICK = "List-Unsubscribe=One-Click"
_MAILBOX = re.compile(r"\s*(?P<name>[^<>]*?)\s*<\s*(?P<address>[^<>\s]+)\s*>\s*|\s*(?P<bare>[^<>\s]+)\s*")
_PLAIN_WORDS = re.compile(r"[\w !#$%&'*+/^`{|}~-]+", re.ASCII)
_PLAIN_SUBJECT = re.compile(r"(?!.*=\?)[!-~](?:[ -~]{0,62}[!-~])?")
_ENCODED_WORD_LINE = 76
_AROUND_ENCODED_WORD = len("=?utf-8?b??=")
_LONGEST_NAME = 120
_LONGEST_PLAIN_NAME = 60
_LONGEST_LIST_ID = 253
_LONGEST_LABELLED = 255
_LONGEST_FEEDBACK_FIELD = 40
_SENDER_LENGTHS = (5, 15)


class SenderInvalid(NewsletterError):
    """Write a name and an address in ASCII, such as: Our school <letters@school.example>."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name, which may be empty, and an address with its domain in ASCII."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """Read what a person wrote as From or Reply-To. Raises `SenderInvalid`."""
        match = _MAILBOX.fullmatch(clean(text))
        if match is None:
            raise SenderInvalid
        local, at, domain = (match["address"] or match["bare"]).rpartition("@")
        domain = ascii_host(domain).lower()
        if not at or not local or not domain or not (local + domain).isascii():
            raise SenderInvalid
        return cls((match["name"] or "").strip('"').strip(), f"{local}@{domain}")

    @property
    def domain(self) -> str:
        """The right side of the address."""
        return self.address.rpartition("@")[2]

    def written(self, used: int) -> str:
        """As a header's value that begins after `used` characters."""
        return mailbox(self.name, self.address, used)


def sender(identity: Identity) -> Mailbox:
    """The From of a list's mails. Raises `SenderInvalid`."""
    return Mailbox.parse(identity.from_header)


def shared(identity: Identity, campaign_id: int, *, list_headers: bool) -> Mapping[str, str]:
    """The header fields that are the same for every reader of a campaign."""
    fields = {"From": sender(identity).written(len("From: "))}
    if identity.reply_to:
        fields["Reply-To"] = Mailbox.parse(identity.reply_to).written(len("Reply-To: "))
    if list_headers:
        fields["List-Id"] = labelled_list_id(identity)
    fields["Feedback-ID"] = feedback_id(identity, campaign_id)
    return fields


def list_id(identity: Identity) -> str:
    """The list's name for machines (RFC 2919): the same over campaigns, whatever the list is called."""
    domain = sender(identity).domain
    return f"{_slug(identity.list_slug, 'list')[: _LONGEST_LIST_ID - len(domain) - 1]}.{domain}"


def labelled_list_id(identity: Identity) -> str:
    """The List-Id with the list's name before it, where both fit."""
    labelled = mailbox(identity.list_name, list_id(identity), len("List-Id: "))
    return labelled if "<" in labelled and len(labelled) <= _LONGEST_LABELLED else f"<{list_id(identity)}>"


def feedback_id(identity: Identity, campaign_id: int) -> str:
    """`campaign:list:organization:sender`; Gmail asks for at most four fields, the last of 5 to 15 characters."""
    shortest, longest = _SENDER_LENGTHS
    name = _slug(sender(identity).domain, "sender")[:longest].ljust(shortest, "0")
    listed = _slug(identity.list_slug, "list")[:_LONGEST_FEEDBACK_FIELD]
    organization = _slug(identity.organization, "organization")[:_LONGEST_FEEDBACK_FIELD]
    return f"{campaign_id}:{listed}:{organization}:{name}"


def mailbox(name: str, address: str, used: int) -> str:
    """A name and an address as a header's value, folded; the address is never encoded."""
    name = clean(name)[:_LONGEST_NAME].strip()
    if not name:
        return address
    if len(name) <= _LONGEST_PLAIN_NAME and _PLAIN_WORDS.fullmatch(name) and "=?" not in name:
        return f'"{name}" <{address}>'
    return f"{_encoded_words(name, used)}\r\n <{address}>"


@lru_cache(maxsize=4096)
def unstructured(text: str, used: int) -> str:
    """Free text, such as a subject, as a header's value that begins after `used` characters."""
    text = clean(text).strip()
    return text if _PLAIN_SUBJECT.fullmatch(text) else _encoded_words(text, used)


def _encoded_words(text: str, used: int) -> str:
    """RFC 2047: words of at most 75 characters, on lines of at most 76, no letter cut in two."""
    words: list[str] = []
    chunk = b""
    for letter in text:
        encoded = letter.encode("utf-8", "replace")
        room = _ENCODED_WORD_LINE - _AROUND_ENCODED_WORD - (1 if words else used)
        if len(chunk) + len(encoded) > room // 4 * 3:
            words.append(_encoded_word(chunk))
            chunk = b""
        chunk += encoded
    words.append(_encoded_word(chunk))
    return "\r\n ".join(words)


def _encoded_word(chunk: bytes) -> str:
    return f"=?utf-8?b?{b64encode(chunk).decode('ascii')}?="


def _slug(text: str, otherwise: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or otherwise
