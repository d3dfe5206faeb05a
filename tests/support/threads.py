"""Several at the same moment."""

import threading
from collections.abc import Callable
from time import monotonic

from sqlalchemy import text

from subscribers.db import Database

_PATIENCE_SECONDS = 30


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Do all of this in threads that begin together; what was raised."""
    raised: list[BaseException] = []
    together = threading.Barrier(len(works))

    def work(one: Callable[[], object]) -> None:
        together.wait()
        try:
            one()
        except BaseException as error:  # noqa: BLE001 - the test says which of them may be
            raised.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def wait_until_blocked(database: Database) -> None:
    """Until somebody waits for a row that another changes. On SQLite the next writer waits for the lock anyway."""
    if database.is_sqlite:
        return
    until = monotonic() + _PATIENCE_SECONDS
    with database.reading() as session:
        while not session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            assert monotonic() < until
