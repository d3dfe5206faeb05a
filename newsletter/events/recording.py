"""Group commit: many requests, one transaction, and no reply before the commit of its group.

Where the database cannot take a group, or not within a moment, the group waits in this host's spool; then that is what
replies wait for. Once something waits there, all that follows goes the same way, until the database has it all.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from newsletter.errors import NewsletterError

from .errands import Errands
from .requests import Fact
from .spools import Group, Spool
from .writers import Writer, is_refusal

LARGEST_GROUP = 1000
PATIENCE_SECONDS = 1.0
"""How long the database may take for a group before the group is spooled."""
_RETRY_SECONDS = 0.5
_Waiting = tuple[Fact, asyncio.Future[None]]
_log = logging.getLogger(__name__)


class RecorderStopped(NewsletterError):
    """The service is stopping and takes no more opens and clicks. Try again in a moment."""


class Recorder:
    """Takes facts from an event loop. While one group is committed the next one gathers: load makes groups larger."""

    def __init__(self, writer: Writer, spools: Path, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._name = secrets.token_hex(8)
        self._writer = writer
        self._patience_seconds = patience_seconds
        self._spool = Spool(spools, self._name)
        self._waiting: list[_Waiting] = []
        self._last_group = 0
        self._is_taking = False

    async def start(self) -> None:
        """Begin to write."""
        self._is_taking = True
        self._came = asyncio.Event()
        self._by_database, self._by_disk = Errands("events to the database"), Errands("events to the spool")
        self._working = asyncio.create_task(self._work())
        self._draining = asyncio.create_task(self._drain())
        if not self._writer.is_off:
            with suppress(OSError):  # it is said when it is needed
                await self._by_disk.run(self._spool.open)

    async def stop(self) -> None:
        """Write what waits, and end. It takes no longer than a moment: what is spooled then stays for the next one."""
        if not self._is_taking:
            return
        self._is_taking = False
        self._came.set()
        await self._working
        await _briefly(self._draining)
        with suppress(OSError):
            await self._by_disk.run(self._spool.close)
        if self._spool.is_empty and self._last_group:
            await _briefly(self._by_database.run(self._writer.forget, self._name))
        self._by_database.close()
        self._by_disk.close()

    def record(self, fact: Fact) -> asyncio.Future[None]:
        """Have a fact written; the future is done when it is kept for good and holds the error when it is not."""
        future = asyncio.get_running_loop().create_future()
        if not self._is_taking:
            future.set_exception(RecorderStopped())
        elif self._writer.is_off:
            future.set_result(None)
        else:
            self._waiting.append((fact, future))
            self._came.set()
        return future

    async def _work(self) -> None:
        while self._waiting or self._is_taking:
            await self._came.wait()
            self._came.clear()
            while self._waiting:
                group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
                await self._answer(group)

    async def _answer(self, waiting: Sequence[_Waiting]) -> None:
        """Keep a group, then tell those who wait. One who went away is counted all the same."""
        self._last_group += 1
        failure: Exception | None = None
        try:
            await self._keep(Group(self._last_group, [fact for fact, _ in waiting]))
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            failure = error
        for _, future in waiting:
            if future.done():
                continue
            if failure is None:
                future.set_result(None)
            else:
                future.set_exception(failure)

    async def _keep(self, group: Group) -> None:
        if self._spool.is_empty and await self._is_written(group):
            return
        await self._by_disk.run(self._spool.append, group)
        if self._draining.done():
            _log.warning("The database does not take opens and clicks now. They wait on this host's disk.")
            self._draining = asyncio.create_task(self._drain())

    async def _is_written(self, group: Group) -> bool:
        """Whether the database took a group in time. One that it takes later is not taken twice: see `positions`."""
        try:
            await asyncio.wait_for(
                self._by_database.run(self._writer.write, self._name, [group]), self._patience_seconds
            )
        except (SQLAlchemyError, TimeoutError) as error:
            if is_refusal(error):
                raise
            return False
        return True

    async def _drain(self) -> None:
        """Write what waits in the spool, as soon as that can be."""
        while not self._spool.is_empty:
            try:
                await self._by_database.run(self._write_next)
                await self._by_disk.run(self._spool.forget)
            except (SQLAlchemyError, OSError):
                await asyncio.sleep(_RETRY_SECONDS)

    def _write_next(self) -> None:
        groups, end = self._spool.next()
        if groups:
            self._writer.write_what_can_be(self._name, groups)
        self._spool.passed(end)


async def _briefly(work: Awaitable[None]) -> None:
    """Give some work a moment; what it does not finish by then, it does not."""
    with suppress(TimeoutError, SQLAlchemyError):
        await asyncio.wait_for(work, PATIENCE_SECONDS)
