"""`newsletter run`: the pages, the schedule and the senders in one process."""

import errno
import signal
import socket

import click
import uvicorn

from newsletter import schedule
from newsletter.app import App
from newsletter.engine.callers import Callers
from newsletter.engine.embedded import Crew
from newsletter.errors import NewsletterError
from newsletter.mailboxes.watching import Watcher
from newsletter.web.application import create

from .output import opened


class PortTaken(NewsletterError):
    """The port is in use by another program. Choose another with --port."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The port.")
def run(host: str, port: int) -> None:
    """Serve the pages, keep the schedule and send, until it is told to stop (Ctrl-C)."""
    with opened() as app, _listening(host, port) as listener:
        click.echo(f"Serving {app.settings.base_url} at http://{host}:{listener.getsockname()[1]} (Ctrl-C stops it).")
        _serve(app, listener)


def _serve(app: App, listener: socket.socket) -> None:
    """Run until a signal comes; then finish the group in flight and settle it."""
    # Uvicorn stops at a signal and then raises it once more; by default that would end us before the senders settle.
    signal.signal(signal.SIGTERM, lambda *_: None)
    crew, callers, watcher = Crew(app.sending()), Callers(app.telling.caller()), Watcher(app.returns.watch())
    ticking = schedule.start(app.scheduler().tick)
    crew.start()
    callers.start()
    watcher.start()
    try:
        uvicorn.Server(uvicorn.Config(create(app), log_level="warning", proxy_headers=False)).run(sockets=[listener])
    finally:
        ticking.shutdown()
        watcher.stop()
        crew.stop()
        callers.stop()


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"Port {port} is in use by another program. Choose another with --port.") from error
        raise PortTaken(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
    return listener
