"""The secrets of webhooks, as they are stored: sealed by the settings' secret key, so a copied database tells none."""

import secrets
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Sequence

from newsletter.errors import NewsletterError

_PREFIX = "whsec_"
_SECRET_BYTES = 32


class SecretUnreadable(NewsletterError):
    """A webhook's secret was sealed by another NEWSLETTER_SECRET_KEY. Put that key behind the new one, or rotate it."""


class Vault:
    """Seals with the first key and opens with any, so the settings' secret key can be rotated."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # noqa: PLC0415 - loads slowly, for few

        self._invalid = InvalidToken
        self._keys = MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])

    def seal(self, secret: str) -> str:
        """As it is stored."""
        return self._keys.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The secret. Raises `SecretUnreadable`."""
        try:
            return self._keys.decrypt(sealed).decode()
        except self._invalid as error:
            raise SecretUnreadable from error


def new_secret() -> str:
    """A secret as Standard Webhooks writes it: 32 random bytes."""
    return _PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """What a secret signs with."""
    return b64decode(secret.removeprefix(_PREFIX))
