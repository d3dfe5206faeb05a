"""The file of a SQLite database, which somebody may move away or replace while it is open.

An open connection would go on writing into the file that was moved, where nobody looks; and opening one again would
make a new, empty file in its place.
"""

import sqlite3
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

_Identity: TypeAlias = tuple[int, int] | None
_OPENED = "file"


class SqliteFile:
    """Keeps the connections of an engine to the file that has the name now.

    Each is looked at before it is used (a microsecond). Where the file is another one, it is opened anew; where it is
    gone, `OperationalError` says so until it is back.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._was_there = False

    def watch(self, engine: Engine) -> None:
        """From now on, and before the engine is first used."""
        event.listen(engine, "do_connect", self._make_no_second_one)
        event.listen(engine, "connect", self._remember)
        event.listen(engine, "checkout", self._compare)

    def _make_no_second_one(self, dialect: Dialect, entry: ConnectionPoolEntry, *how: Any) -> None:
        del dialect, entry, how
        if self._was_there and self._now() is None:
            raise sqlite3.OperationalError(f"the file {self._path} is gone")

    def _remember(self, connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        del connection
        entry.info[_OPENED] = self._now()
        self._was_there = True

    def _compare(self, connection: DBAPIConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
        del connection, proxy
        if entry.info[_OPENED] != self._now():
            raise DisconnectionError(f"{self._path} is another file now, or gone")

    def _now(self) -> _Identity:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
