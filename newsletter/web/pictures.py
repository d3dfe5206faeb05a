"""The stored pictures of public pages: where a browser finds them, and their bytes where a PDF is made."""

import re
from collections.abc import Callable

from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.issues import media
from newsletter.issues.document import Document
from newsletter.issues.media_stores import NotStored, Store, StoreAway
from newsletter.rendering.pictures import Picture, Pictures

_KEY = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,5}")
"""An editor may write any address; none leads out of the store."""


def of_document(session: Session, app: App, document: Document) -> Pictures:
    """What is stored of all that a document names."""
    targets, base_url = media.references(document), app.settings.base_url
    stored = media.resolved(session, app.organization.id, targets) if targets else {}
    return {
        target: Picture(facts.url(base_url), facts.width or 0, facts.height or 0, facts.size_bytes)
        for target, facts in stored.items()
    }


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
