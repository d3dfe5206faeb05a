"""At which instant of the protocol a sender was hit: by its attempt journal and the ledger's rows."""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select

from newsletter.ledger.tables import Chunk, ChunkState, Delivery, DeliveryState
from subscribers.db import Database


class Instant(StrEnum):
    """From the least to the most that hangs in the air."""

    IDLE = "no chunk claimed"
    CLAIMED = "claimed, nothing attempted"
    ATTEMPTED = "attempted, nothing begun"
    ANSWERED = "all begun are answered, not settled"
    BEGUN = "begun and not answered"

    @property
    def is_between_attempt_and_settle(self) -> bool:
        """Between the commits of T2 and T3."""
        return self not in (Instant.IDLE, Instant.CLAIMED)


class OpenJournals:
    """The journals of one process, held open so that they can be read when it is dead and they are gone."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._files: dict[Path, int] = {}
        self._heads: dict[Path, int] = {}

    def look(self) -> int:
        """Find those it has opened since; how many there are."""
        for path in self._links():
            if path.suffix == ".journal" and path not in self._files:
                file = os.open(path, os.O_RDONLY)
                self._files[path] = file
                self._heads[path] = os.pread(file, 4096, 0).index(b"\n") + 1
        return len(self._files)

    @property
    def is_sending(self) -> bool:
        """Whether one of its senders has noted something that is not settled yet."""
        return any(os.fstat(file).st_size > self._heads[path] for path, file in self._files.items())

    @property
    def owners(self) -> list[str]:
        """By what name its senders hold chunks."""
        return [path.stem for path in self._files]

    def records(self) -> dict[str, list[str]]:
        """What each of its senders has noted."""
        return {
            path.stem: os.pread(file, os.fstat(file).st_size, 0).decode().splitlines()[1:]
            for path, file in self._files.items()
        }

    def delete(self) -> None:
        """As if the host's disk were gone."""
        for path in self._files:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of them."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()

    def _links(self) -> list[Path]:
        try:
            return [file.readlink() for file in Path(f"/proc/{self._pid}/fd").iterdir()]
        except OSError:  # it ended, or closed one while we looked
            return []


def instant_of(database: Database, records: Mapping[str, list[str]]) -> Instant:
    """Where a process was: the most exposed of its senders counts."""
    order = list(Instant)
    return max(
        (_of_sender(database, owner, lines) for owner, lines in records.items()), key=order.index, default=order[0]
    )


def _of_sender(database: Database, owner: str, lines: list[str]) -> Instant:
    with database.reading() as session:
        chunks = session.execute(
            select(Chunk.campaign_id, Chunk.lo, Chunk.hi).where(Chunk.owner == owner, Chunk.state == ChunkState.CLAIMED)
        ).all()
        rows = {
            (str(row.campaign_id), str(row.seq), str(row.attempt))
            for chunk in chunks
            for row in session.execute(
                select(Delivery.campaign_id, Delivery.seq, Delivery.attempt)
                .where(Delivery.campaign_id == chunk.campaign_id, Delivery.seq.between(chunk.lo, chunk.hi))
                .where(Delivery.state == DeliveryState.ATTEMPTING)
            )
        }
    if not rows:
        return Instant.CLAIMED if chunks else Instant.IDLE
    waiting: set[tuple[str, ...]] = set()
    noted = [tuple(line.split(" ", 4)) for line in lines]
    for kind, *key in noted:
        (waiting.add if kind == "b" else waiting.discard)(tuple(key[:3]))
    if waiting & rows:
        return Instant.BEGUN
    return Instant.ANSWERED if any(tuple(key[:3]) in rows for _, *key in noted) else Instant.ATTEMPTED
