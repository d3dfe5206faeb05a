"""Threads that make the calls of webhooks, beside the senders of one process."""

import threading
from datetime import timedelta

import structlog

from newsletter.errors import NewsletterError
from newsletter.webhooks.calling import Caller

CALLERS = 4
_IDLE = timedelta(seconds=1)
_log = structlog.get_logger()


class Callers:
    """`stop` lets each finish the call in its hand."""

    def __init__(self, caller: Caller, count: int = CALLERS) -> None:
        self._caller = caller
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, name=f"caller-{n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        """Begin to call."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, and give what is claimed and not made back."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                if self._caller.step(self._stop.is_set):
                    continue
            except Exception as error:  # noqa: BLE001 - a caller that dies in silence would be waited for
                _log.warning(str(error), exc_info=not isinstance(error, NewsletterError))
            self._stop.wait(_IDLE.total_seconds())
