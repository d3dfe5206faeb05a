"""Where refusals go: one address for all mail, or one for each copy with its delivery key in it (VERP)."""

from dataclasses import dataclass

from subscribers.addresses import EmailAddress
from subscribers.errors import NewsletterError

_LONGEST_KEY = len("zzz.zik0zj.zik0zj.zzz.") + 20
"""A key of the highest campaign and copy that the store can hold."""
_LONGEST_LOCAL_PART = 64
_ROOM = _LONGEST_LOCAL_PART - _LONGEST_KEY - len("+")


class ReturnPathInvalid(NewsletterError):
    """Write the address that takes refusals like bounce@school.example."""


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """`bounce@school.example`, of which each copy has its own: `bounce+KEY@school.example`."""

    before: str
    after: str

    @classmethod
    def parse(cls, text: str) -> "ReturnPath | None":
        """Read the address; None where it is empty. Raises `ReturnPathInvalid`."""
        if not text:
            return None
        try:
            local, _, domain = EmailAddress.parse(text).mailed.rpartition("@")
        except NewsletterError as error:
            raise ReturnPathInvalid from error
        if not local.isascii() or "+" in local or '"' in local:
            raise ReturnPathInvalid("The part before the @ must be ASCII without a +, like bounce@school.example.")
        if len(local) > _ROOM:
            raise ReturnPathInvalid(
                f"The part before the @ has {len(local)} characters; with a key there is room for {_ROOM}."
            )
        return cls(f"{local}+", f"@{domain}")

    def of(self, key: str) -> str:
        """The address of the copy with this delivery key."""
        return self.before + key + self.after


def key_in(address: str) -> str:
    """The delivery key that an address holds, unchecked; empty where it holds none."""
    return address.rpartition("@")[0].rpartition("+")[2]
