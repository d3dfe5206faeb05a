"""`make faults`: 20,000 families, ten kills, both databases; what the receiving server wrote down is the oracle."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.crashes import Verdict, kill_and_finish
from tests.support.databases import a_new_database, a_postgresql_server
from tests.support.installation import Installation
from tests.support.smtp_server import SmtpServerProcess

FAMILIES, KILLS, CONNECTIONS = 20_000, 10, 8


def main() -> int:
    """Run the kills on both databases and print the table; 0 where nobody was lost or mailed twice."""
    verdicts = {}
    for kind in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder, _database(kind, Path(folder)) as url:
            verdicts[kind] = _run(Path(folder), url)
    Console(width=140).print(_table(verdicts))
    return int(not all(_holds(verdict) for verdict in verdicts.values()))


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'newsletter.db'}"
        return
    with a_postgresql_server() as server, a_new_database(server) as url:
        yield url


def _run(folder: Path, database_url: str) -> Verdict:
    with SmtpServerProcess(folder / "received.jsonl") as server:
        installation = Installation(folder, database_url, server.url, connections=str(CONNECTIONS))
        installation.set_up(FAMILIES)
        return kill_and_finish(installation, server, FAMILIES, KILLS, seed=2026)


def _holds(verdict: Verdict) -> bool:
    bounded = verdict.unknown <= verdict.kills * CONNECTIONS
    return verdict.balanced and bounded and verdict.duplicates == verdict.missing == 0


def _table(verdicts: dict[str, Verdict]) -> Table:
    table = Table(
        "database", "families", "kills", "received", "twice", "missing", "accepted", "unknown", "sum", box=None
    )
    for kind, verdict in verdicts.items():
        table.add_row(
            kind,
            f"{verdict.families:,}",
            f"{verdict.kills}",
            f"{verdict.received:,}",
            f"{verdict.duplicates}",
            f"{verdict.missing}",
            f"{verdict.accepted:,}",
            f"{verdict.unknown} (at most {verdict.kills * CONNECTIONS})",
            "balances" if verdict.balanced else "BROKEN",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
