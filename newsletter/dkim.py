"""DKIM: a signature in front of each message (RFC 6376, RFC 8463), where the relay does not sign."""

import contextlib
import re
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from subscribers.errors import NewsletterError

PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

_SIGNED = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
)
_NAMES = tuple((name.lower().encode(), name) for name in _SIGNED)
_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+", re.IGNORECASE)
_LONGEST_NAME = 253
_RSA_BITS = range(1024, 4096 + 1)
"""What every receiver must be able to verify (RFC 8301)."""
_BLANKS = re.compile(rb"  +")
_LINE = 76
_SIGNATURE_LINE = 72


class DkimInvalid(NewsletterError, ValueError):
    """The DKIM settings do not hold. Give NEWSLETTER_DKIM_DOMAIN, _SELECTOR and _KEY, or none of them."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Signs whole messages, relaxed/relaxed. Threads may share it."""

    domain: str
    selector: str
    key: PrivateKey
    now: Callable[[], float] = time.time

    @classmethod
    def parse(cls, domain: str, selector: str, pem: str, sender: str) -> "Seal":
        """The seal that the three settings describe, for mail of this From.

        Raises `DkimInvalid`, which shows nothing of the key.
        """
        if not all((domain, selector, pem)):
            raise DkimInvalid
        if not _DOMAIN.fullmatch(domain) or len(domain) > _LONGEST_NAME:
            raise DkimInvalid(f"NEWSLETTER_DKIM_DOMAIN: {domain!r} is not a domain in ASCII, like school.example.")
        if not _SELECTOR.fullmatch(selector) or len(selector) > _LONGEST_NAME:
            raise DkimInvalid(
                f"NEWSLETTER_DKIM_SELECTOR: {selector!r} is no selector; use letters, digits and hyphens, like news1."
            )
        seal = cls(domain, selector, _read_key(pem))
        if not seal.speaks_for(sender.rpartition("@")[2].strip(" >")):
            raise DkimInvalid(
                f"NEWSLETTER_DKIM_DOMAIN: {domain} cannot sign for NEWSLETTER_FROM, {sender}; use one domain for both."
            )
        return seal

    def speaks_for(self, domain: str) -> bool:
        """Whether receivers take the signature for one of this domain (DMARC, relaxed alignment).

        Only the last two labels are compared: which of them are public suffixes is not known here.
        """
        return _registered(domain) == _registered(self.domain)

    def __call__(self, message: bytes) -> bytes:
        """The message (CRLF line ends) with its signature in front."""
        head, _, body = message.partition(b"\r\n\r\n")
        fields = _fields(head)
        names = [name for key, name in _NAMES if key in fields]
        unsigned = self._unsigned(names, sha256(_relaxed_body(body)).digest())
        signed = [b"%b:%b\r\n" % (key, fields[key]) for key, _ in _NAMES if key in fields]
        signed.append(b"dkim-signature:" + _fields(unsigned)[b"dkim-signature"])
        signature = b64encode(self._sign(b"".join(signed)))
        lines = [signature[at : at + _SIGNATURE_LINE] for at in range(0, len(signature), _SIGNATURE_LINE)]
        return b"%b%b\r\n%b" % (unsigned, b"\r\n ".join(lines), message)

    def _unsigned(self, names: Sequence[str], body_hash: bytes) -> bytes:
        """The field up to `b=`. From is named once more than it stands there, so that no second one can be added."""
        kind = "rsa" if isinstance(self.key, RSAPrivateKey) else "ed25519"
        return (
            f"DKIM-Signature: v=1; a={kind}-sha256; c=relaxed/relaxed; t={self.now():.0f};\r\n"
            f" d={self.domain};\r\n"
            f" s={self.selector};\r\n"
            f"{_folded(('From', *names))};\r\n"
            f" bh={b64encode(body_hash).decode('ascii')};\r\n"
            " b="
        ).encode("ascii")

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(data, PKCS1v15(), hashes.SHA256())
        return self.key.sign(sha256(data).digest())


def _registered(domain: str) -> list[str]:
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return domain.lower().split(".")[-2:]


def _read_key(pem: str) -> PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except TypeError:
        raise DkimInvalid("NEWSLETTER_DKIM_KEY is locked by a password; save it without one.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise DkimInvalid(
            "NEWSLETTER_DKIM_KEY is not a private key in PEM; name its file by NEWSLETTER_DKIM_KEY_FILE."
        ) from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise DkimInvalid("NEWSLETTER_DKIM_KEY is neither RSA nor Ed25519; `openssl genrsa 2048` makes one.")
    if isinstance(key, RSAPrivateKey) and key.key_size not in _RSA_BITS:
        raise DkimInvalid(f"NEWSLETTER_DKIM_KEY has {key.key_size} bits; receivers verify 1024 to 4096, best 2048.")
    return key


def _fields(head: bytes) -> dict[bytes, bytes]:
    """The last field of each name, in the relaxed form (RFC 6376, section 3.4.2)."""
    found = {}
    for line in _squeezed(head).replace(b"\r\n ", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        found[name.strip().lower()] = value.strip()
    return found


def _relaxed_body(body: bytes) -> bytes:
    """RFC 6376, section 3.4.4."""
    lines = _squeezed(body + b"\r\n").rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""


def _squeezed(data: bytes) -> bytes:
    """Each run of blanks as one space, and none at the end of a line."""
    return _BLANKS.sub(b" ", data.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n")


@lru_cache(maxsize=32)
def _folded(names: Sequence[str]) -> str:
    """`h=`, on lines of at most 76 characters."""
    lines = [" h="]
    for name in names:
        if len(lines[-1]) + len(name) + 1 > _LINE:
            lines.append(" ")
        lines[-1] += name + ":"
    return "\r\n".join(lines).removesuffix(":")
