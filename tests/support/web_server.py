"""The real web server, on a port of its own, for as long as a test needs it."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

import httpx
import uvicorn

from newsletter.app import App
from newsletter.web.application import create

_PATIENCE_SECONDS = 20
_SOON_SECONDS = 0.02
"""What sign-ups wait for where the time of the answer is not what is tested."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def served(
    app: App, *, even_answer_seconds: float = _SOON_SECONDS, patience_seconds: float = _PATIENCE_SECONDS
) -> Iterator[str]:
    """Serve an application, by default one whose opens and clicks wait for a busy database; yields its base URL."""
    config = uvicorn.Config(
        create(app, even_answer_seconds=even_answer_seconds, patience_seconds=patience_seconds),
        log_level="critical",
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=_PATIENCE_SECONDS,
    )
    server, listening = _Server(config), socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        assert server.ready.wait(_PATIENCE_SECONDS), "the server did not start"
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def visiting(
    app: App, headers: Mapping[str, str] | None = None, even_answer_seconds: float = _SOON_SECONDS
) -> Iterator[httpx.Client]:
    """A client of a served application; it follows no redirect."""
    with (
        served(app, even_answer_seconds=even_answer_seconds) as url,
        httpx.Client(base_url=url, headers=headers, timeout=_PATIENCE_SECONDS) as client,
    ):
        yield client
