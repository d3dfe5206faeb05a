"""What is stored, bytes and names together: whatever has a name has its bytes, whoever adds and removes meanwhile."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers.db import Database
from subscribers.tables import Organization

from . import media
from .media import MediaFacts
from .media_stores import NotStored, Store
from .uploads import Upload


@dataclass(frozen=True, slots=True)
class Shelf:
    """The pictures and files of one organization."""

    database: Database
    store: Store
    organization_id: int

    def keep(self, upload: Upload, file_name: str, now: datetime, *, name: str = "") -> MediaFacts:
        """Store the bytes of an upload, and name them as `media.add` does.

        Raises `StoreFull`, `StoreAway`, `MediaNameInvalid`, `MediaNameTaken`.
        """
        key = f"{upload.digest}.{upload.extension}"
        self.store.put(key, upload.content, upload.content_type)  # it may take long, so nobody waits for it
        with self.database.writing() as session:
            self._wait_for_others(session)
            if not self._holds(key):
                self.store.put(key, upload.content, upload.content_type)
            return media.add(session, self.organization_id, upload, file_name, now, name=name)

    def drop(self, name: str) -> MediaFacts:
        """Take a name away, and its bytes where nobody names them. Raises `MediaNotFound`, `MediaInUse`, `StoreAway`.

        First the one and then the other: what is cut off in between leaves bytes that nobody needs, never a name
        without any.
        """
        with self.database.writing() as session:
            self._wait_for_others(session)
            removed = media.remove(session, self.organization_id, name)
        with self.database.writing() as session:
            self._wait_for_others(session)
            if not media.has_bytes(session, removed):
                with suppress(NotStored):
                    self.store.remove(removed.key)
        return removed

    def _wait_for_others(self, session: Session) -> None:
        """Let nobody else add or remove until this transaction ends; whoever only refers to the row goes on."""
        mine = select(Organization.id).where(Organization.id == self.organization_id)
        session.execute(mine.with_for_update(key_share=True))

    def _holds(self, key: str) -> bool:
        try:
            self.store.open(key).close()
        except NotStored:
            return False
        return True
