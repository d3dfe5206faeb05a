"""The engines that are put under fire: what runs, over which database."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from subscribers.db import Database
from tests.support.crashes import Site
from tests.support.databases import a_new_database, a_postgresql_server
from tests.support.installation import Installation
from tests.support.launcher import Launcher
from tests.support.smtp_server import SmtpServerProcess
from tests.support.wire import Wire

CONNECTIONS = 8
GROUP = 50 * CONNECTIONS
"""The most that one process has between attempt and settle: the groups of both its senders."""


def _send(campaign_id: int) -> tuple[str, ...]:
    return ("send", str(campaign_id))


@dataclass(frozen=True, slots=True)
class Engine:
    """Where the ledger is, which command sends, and what runs beside it."""

    name: str
    database: str
    sender: Callable[[int], tuple[str, ...]] = _send
    beside: tuple[tuple[str, ...], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def commands(self) -> set[str]:
        """What the processes of this engine load."""
        return {"send", self.sender(0)[0], *(command for command, *_ in self.beside)}


ENGINES = {
    "sqlite": Engine("SQLite, embedded", "sqlite"),
    "postgresql": Engine("PostgreSQL, embedded", "postgresql"),
    "procrastinate": Engine(
        "PostgreSQL, Procrastinate",
        "postgresql",
        sender=lambda _: ("worker",),
        beside=(("scheduler",), ("scheduler",)),
        settings={"engine": "procrastinate"},
    ),
}


@contextmanager
def a_site(engine: Engine, folder: Path, families: int) -> Iterator[Site]:
    """An installation with so many families, a receiving server, and what runs beside the senders."""
    record = folder / "received.jsonl"
    with _a_database(engine.database, folder) as url, SmtpServerProcess(record) as server:
        installation = Installation(folder, url, server.url, connections=str(CONNECTIONS), **engine.settings)
        installation.set_up(families)
        with Launcher(installation, *engine.commands) as launcher, closing(Database(url)) as database:
            for command in engine.beside:
                launcher.start(*command)
            yield Site(installation, database, Wire(record), launcher, engine.sender)


@contextmanager
def _a_database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'newsletter.db'}"
        return
    with a_postgresql_server() as server, a_new_database(server) as url:
        yield url
