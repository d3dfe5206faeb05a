"""Keys to sign mail with, the DNS record of each, and `dkimpy` to verify what was signed."""

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from newsletter.dkim import Seal

DOMAIN = "school.example"
SELECTOR = "news2026"
SENDER = "Our School <letters@school.example>"
KINDS = ("rsa", "ed25519")


@dataclass(frozen=True)
class Key:
    """A private key, and what stands in the DNS of it."""

    pem: str
    record: str
    public: str

    def seal(self, domain: str = DOMAIN, selector: str = SELECTOR) -> Seal:
        return Seal.parse(domain, selector, self.pem, f"letters@{domain}")

    def settings(self, domain: str, selector: str = SELECTOR) -> dict[str, Any]:
        """By which an installation signs with it."""
        return {"dkim_domain": domain, "dkim_selector": selector, "dkim_key": self.pem}

    def vouches_for(self, message: bytes, domain: str = DOMAIN, selector: str = SELECTOR) -> bool:
        """Whether `dkimpy` verifies the message's first signature."""
        records = {f"{selector}._domainkey.{domain}.": self.record}

        def dns(name: bytes, timeout: int = 5) -> bytes | None:
            del timeout
            found = records.get(name.decode())
            return found.encode() if found else None

        return bool(dkim.verify(message, dnsfunc=dns))


@cache
def a_key(kind: str) -> Key:
    """A new key of the kind, the same for all tests of a process."""
    made: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if kind == "rsa":
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        published = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        made = ed25519.Ed25519PrivateKey.generate()
        published = made.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return Key(pem, f"v=DKIM1; k={kind}; p={b64encode(published).decode()}", public)
