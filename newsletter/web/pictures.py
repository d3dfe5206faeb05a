"""The bytes of stored pictures, where a PDF is made here."""

import re
from collections.abc import Callable

from newsletter.issues.media_stores import NotStored, Store, StoreAway

_KEY = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,5}")
"""An editor may write any address; none leads out of the store."""


def stored_in(store: Store, base_url: str) -> Callable[[str], bytes | None]:
    """The bytes of a picture by its address, where that is one of ours."""
    ours = f"{base_url}/media/"

    def bytes_of(url: str) -> bytes | None:
        key = url.removeprefix(ours)
        if not url.startswith(ours) or not _KEY.fullmatch(key):
            return None
        try:
            return b"".join(store.open(key).pieces)
        except (NotStored, StoreAway):
            return None

    return bytes_of
