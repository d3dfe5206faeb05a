"""Group commit: many requests, one transaction, and no reply before the commit of its group."""

import threading
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from newsletter.errors import NewsletterError
from newsletter.settings import Tracking
from subscribers.db import Database

from .judging import Judge
from .networks import NetworkLists
from .requests import Fact
from .writing import write

LARGEST_GROUP = 1000
_Waiting = tuple[Fact, Future[None]]


class RecorderStopped(NewsletterError):
    """The service is stopping and takes no more opens and clicks. Try again in a moment."""


class Recorder:
    """A thread that writes facts. While one group is committed the next one gathers, so load makes groups larger."""

    def __init__(self, database: Database, tracking: Tracking, networks: NetworkLists | None = None) -> None:
        self._database = database
        self._tracking = tracking
        self._judge = Judge(networks)
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def record(self, fact: Fact) -> Future[None]:
        """Have a fact written; the future is done when it is committed and holds the error when it is not.

        An asyncio caller awaits `asyncio.wrap_future` of it.
        """
        future: Future[None] = Future()
        if self._tracking is Tracking.OFF:
            future.set_result(None)
        elif self._thread is None:
            future.set_exception(RecorderStopped())
        else:
            self._queue.put((fact, future))
        return future

    def _run(self) -> None:
        while True:
            group, is_last = self._gather()
            if group:
                self._commit(group)
            if is_last:
                return

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """Wait for one fact, then take those that came meanwhile. The flag says that `stop` was called."""
        group: list[_Waiting] = []
        first = self._queue.get()
        while first is not None:
            group.append(first)
            if len(group) == LARGEST_GROUP:
                return group, False
            try:
                first = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _commit(self, group: list[_Waiting]) -> None:
        # A caller that went away cancels its future; what it asked for has happened all the same.
        waiting = [future for _, future in group if future.set_running_or_notify_cancel()]
        try:
            with self._database.writing() as session:
                write(session, [fact for fact, _ in group], self._tracking, self._judge)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            for future in waiting:
                future.set_exception(error)
        else:
            for future in waiting:
                future.set_result(None)
