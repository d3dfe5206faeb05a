"""Many clients that open and click as fast as they are answered."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from .web_world import BROWSER

CLIENTS = 8
_PATIENCE_SECONDS = 30


class Storm:
    """What the clients were answered so far."""

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        """By status; 0 where there was no answer."""
        self.slowest_seconds = 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()

    @property
    def count(self) -> int:
        """How many answers there were."""
        return self.answers.total()

    def ask(self, url: str, paths: Sequence[str]) -> None:
        """One client: ask for one path after the other until the storm is over."""
        server = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_PATIENCE_SECONDS)
        at = 0
        while not self._over.is_set():
            at = (at + 1) % len(paths)
            begin = time.monotonic()
            status = _status(server, paths[at])
            with self._lock:
                self.answers[status] += 1
                self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - begin)
        server.close()

    def end(self) -> None:
        """Let every client have its last answer."""
        self._over.set()


@contextmanager
def a_click_storm(url: str, paths: Sequence[str]) -> Iterator[Storm]:
    """Clients at work; when the block ends each has had its last answer."""
    storm = Storm()
    clients = [threading.Thread(target=storm.ask, args=(url, [*paths[n:], *paths[:n]])) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield storm
    finally:
        storm.end()
        for client in clients:
            client.join()


def _status(server: http.client.HTTPConnection, path: str) -> int:
    try:
        server.request("GET", path, headers={"User-Agent": BROWSER})
        with server.getresponse() as answer:
            answer.read()
            return answer.status
    except (OSError, http.client.HTTPException):
        server.close()
        return 0
