"""One way to sign. Two families of tokens, both keyed BLAKE2b (RFC 7693) and bound to one purpose.

- **Mail tokens** `{head}.{link}.{tag}` name a delivery and one of its links. All tags of a mail are 48-bit slices of
  a few digests, because a digest a link would cost more than the rest of the message.
- **Reader tokens** `{purpose}{key}.{public id}.{subject}.{mac}` name a reader and, say, a list; a 128-bit MAC of their
  own. They are tied to no delivery, so they work for years. Nothing here knows the time: where the subject is when it
  ends, whoever is handed the token looks at the clock.

A token that does not verify is `TokenInvalid`, whatever is wrong with it: it tells nothing.
"""

import hmac
import re
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from secrets import token_urlsafe

from subscribers.errors import NewsletterError

from . import return_paths

OPEN_LINK = 0
VIEW_LINK = 1
FIRST_LINK = 2
KEY_ARGUMENT = "newsletter_key"
"""The name of a delivery key among the values that a provider keeps beside a mail and tells with its events."""
_TAGS_A_DIGEST = 10
_TAG_CHARACTERS = 8
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MAIL_TOKEN = re.compile(r"([0-9a-z]{1,4})-([0-9a-z]{1,13})-([0-9a-z]{1,13})\.([0-9a-z]{1,5})\.([\w-]{8})", re.ASCII)
_READER_TOKEN = re.compile(r"([a-z])([0-9a-z]{1,4})\.([\w-]{1,40})\.([0-9a-z]{0,13})\.([\w-]{22})", re.ASCII)
_DELIVERY_KEY = re.compile(r"([0-9a-z]{1,4})\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)\.([0-9a-f]{20})", re.ASCII)


class TokenInvalid(NewsletterError):
    """This link is not valid. Please use the link as it stands in your mail."""


class ReaderPurpose(StrEnum):
    """What a reader token allows; its one letter is part of what is signed."""

    UNSUBSCRIBE = "u"
    PREFERENCES = "p"
    CONFIRM = "c"
    PERSONAL = "d"
    """To see all that is held about the reader, and to erase it."""
    SUBMIT = "s"
    """To write the section that one was asked for; what it names is a submission and no reader."""


@dataclass(frozen=True, slots=True)
class MailClaim:
    """A checked mail token: this link of this delivery."""

    campaign_id: int
    seq: int
    link_no: int


@dataclass(frozen=True, slots=True)
class ReaderClaim:
    """A checked reader token. `subject_id` is a list, or the hour when a personal link ends; 0 where there is none."""

    purpose: ReaderPurpose
    public_id: str
    subject_id: int


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """A checked delivery key, as it comes back in a Message-ID, a custom argument or a bounce address."""

    campaign_id: int
    seq: int
    attempt: int


class Signer:
    """Signs with the first secret, verifies with any: put a new secret first to rotate, and keep the old ones."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._rings = {_key_id(secret): _Ring(secret) for secret in secrets}
        self._current = _key_id(secrets[0])
        self._ring = self._rings[self._current]

    @classmethod
    def unknown(cls) -> "Signer":
        """One with a new secret that nobody knows, for what is shown and never sent: nothing it signs is ever valid."""
        return cls((token_urlsafe(),))

    def mail_head(self, campaign_id: int, seq: int) -> str:
        """The part that all tokens of one delivery share."""
        return f"{self._current}-{base36(campaign_id)}-{base36(seq)}"

    def mail_tags(self, campaign_id: int, seq: int, last_link: int) -> str:
        """The tags of links 0 to at least `last_link`, 8 characters each, one after the other."""
        return self._ring.tags(campaign_id, seq, last_link // _TAGS_A_DIGEST + 1)

    def mail_token(self, claim: MailClaim) -> str:
        """One whole mail token. The sender joins head, link and tag itself, for speed."""
        at = claim.link_no * _TAG_CHARACTERS
        tag = self.mail_tags(claim.campaign_id, claim.seq, claim.link_no)[at : at + _TAG_CHARACTERS]
        return f"{self.mail_head(claim.campaign_id, claim.seq)}.{base36(claim.link_no)}.{tag}"

    def read_mail_token(self, token: str) -> MailClaim:
        """Check a mail token. Raises `TokenInvalid`."""
        match = _MAIL_TOKEN.fullmatch(token)
        if match is None:
            raise TokenInvalid
        key, campaign, seq, link, tag = match.groups()
        claim = MailClaim(int(campaign, 36), int(seq, 36), int(link, 36))
        at = claim.link_no % _TAGS_A_DIGEST * _TAG_CHARACTERS
        block = self._ring_of(key).tag_block(claim.campaign_id, claim.seq, claim.link_no // _TAGS_A_DIGEST)
        if not hmac.compare_digest(block[at : at + _TAG_CHARACTERS], tag):
            raise TokenInvalid
        return claim

    def reader_token(self, purpose: ReaderPurpose, public_id: str, subject_id: int = 0) -> str:
        """A token for a reader and a purpose, valid until its secret is retired."""
        body = f"{purpose.value}{self._current}.{public_id}.{base36(subject_id) if subject_id else ''}"
        return f"{body}.{self._ring.mac(body)}"

    def read_reader_token(self, token: str, purpose: ReaderPurpose) -> ReaderClaim:
        """Check a reader token made for `purpose`. Raises `TokenInvalid`."""
        match = _READER_TOKEN.fullmatch(token)
        if match is None or match[1] != purpose.value:
            raise TokenInvalid
        body, _, mac = token.rpartition(".")
        if not hmac.compare_digest(self._ring_of(match[2]).mac(body), mac):
            raise TokenInvalid
        return ReaderClaim(purpose, match[3], int(match[4], 36) if match[4] else 0)

    def delivery_key(self, key: DeliveryKey) -> str:
        """Name one attempt of one delivery to the outside: lower-case letters, digits and dots only."""
        body = f"{self._current}.{base36(key.campaign_id)}.{base36(key.seq)}.{base36(key.attempt)}"
        return f"{body}.{self._ring.key_mac(body)}"

    def read_delivery_key(self, text: str) -> DeliveryKey:
        """Check a delivery key. Raises `TokenInvalid`."""
        match = _DELIVERY_KEY.fullmatch(text.lower())
        if match is None:
            raise TokenInvalid
        body, _, mac = text.lower().rpartition(".")
        if not hmac.compare_digest(self._ring_of(match[1]).key_mac(body), mac):
            raise TokenInvalid
        return DeliveryKey(int(match[2], 36), int(match[3], 36), int(match[4], 36))

    def read_return_path(self, address: str) -> DeliveryKey:
        """Check the delivery key in the address that a refusal came to. Raises `TokenInvalid`."""
        return self.read_delivery_key(return_paths.key_in(address))

    @property
    def challenge_keys(self) -> tuple[bytes, ...]:
        """What the challenges in forms are signed with: the signing key first, then those that still verify."""
        others = (ring for key_id, ring in self._rings.items() if key_id != self._current)
        return tuple(ring.challenge_key for ring in (self._ring, *others))

    @property
    def sealing_keys(self) -> tuple[bytes, ...]:
        """What secrets of others are sealed with where they are stored: the signing key first, as above."""
        others = (ring for key_id, ring in self._rings.items() if key_id != self._current)
        return tuple(ring.sealing_key for ring in (self._ring, *others))

    def _ring_of(self, key_id: str) -> "_Ring":
        ring = self._rings.get(key_id)
        if ring is None:
            raise TokenInvalid
        return ring


class _Ring:
    """The keys made of one secret, one a purpose."""

    def __init__(self, secret: str) -> None:
        self._tag_key = _derive(secret, "mail tags")
        self._reader_key = _derive(secret, "reader tokens")
        self._delivery_key = _derive(secret, "delivery keys")
        self.challenge_key = _derive(secret, "form challenges")
        self.sealing_key = _derive(secret, "sealed secrets")

    def tag_block(self, campaign_id: int, seq: int, block: int) -> str:
        digest = blake2b(b"%d.%d.%d" % (campaign_id, seq, block), key=self._tag_key).digest()
        return _base64(digest[:60])

    def tags(self, campaign_id: int, seq: int, blocks: int) -> str:
        return "".join(self.tag_block(campaign_id, seq, block) for block in range(blocks))

    def mac(self, body: str) -> str:
        digest = blake2b(body.encode("ascii"), key=self._reader_key, digest_size=16).digest()
        return _base64(digest).rstrip("=")

    def key_mac(self, body: str) -> str:
        return blake2b(body.encode("ascii"), key=self._delivery_key, digest_size=10).hexdigest()


@lru_cache(maxsize=1024)
def base36(number: int) -> str:
    """A non-negative number in the digits 0-9a-z; `int(text, 36)` reads it."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text


def _base64(digest: bytes) -> str:
    """As RFC 4648 writes it for URLs; in one step, because every mail has several."""
    return b2a_base64(digest, newline=False).translate(_URL_SAFE).decode("ascii")


def _derive(secret: str, purpose: str) -> bytes:
    return blake2b(purpose.encode(), key=blake2b(secret.encode()).digest(), digest_size=32).digest()


def _key_id(secret: str) -> str:
    """Up to three base-36 digits that tell secrets apart without telling them."""
    return base36(int.from_bytes(blake2b(secret.encode(), person=b"key id", digest_size=4).digest()) % 46656)
