"""The pages on a free port, for as long as a block runs."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from newsletter.errors import NewsletterError

_HOST = "127.0.0.1"


class PagesSilent(NewsletterError):
    """The pages did not start. Run `newsletter run` in the folder of the demonstration to see why."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.has_begun = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.has_begun.set()

    def run_quietly(self, listener: socket.socket) -> None:
        """Run until told to stop; a start that fails ends the thread, not the program."""
        with suppress(SystemExit):
            self.run([listener])


@contextmanager
def served(web: ASGIApp) -> Iterator[int]:
    """Serve an application; yields the port. Raises `PagesSilent`."""
    server = _Server(uvicorn.Config(web, log_level="critical", ws="none"))
    listener = socket.create_server((_HOST, 0))
    thread = threading.Thread(target=server.run_quietly, args=(listener,), name="pages")
    thread.start()
    try:
        server.has_begun.wait()
        if not server.started:
            raise PagesSilent
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
