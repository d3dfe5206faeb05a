"""`make bench`: 20,000 families to Debian's `smtp-sink`, beside Debian's own `smtp-source`, on both databases."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.databases import a_new_database, a_postgresql_server
from tests.support.installation import Installation

from .postfix import PostfixMissing, Tools, find, running_sink

FAMILIES, CONNECTIONS, MESSAGE_BYTES, ROUNDS = 20_000, 8, 28_000, 3


@dataclass(frozen=True, slots=True)
class Round:
    """One pair, measured one after the other."""

    import_seconds: float
    send_seconds: float
    source_seconds: float
    sink_count: int
    accepted: int
    balanced: bool


def main() -> int:
    """Print the table; 0 where every count agrees."""
    try:
        tools = find()
    except PostfixMissing as missing:
        Console(width=140).print(f"Not measured: {missing}.")
        return 0
    rounds = {kind: [_round(kind, tools) for _ in range(ROUNDS)] for kind in ("sqlite", "postgresql")}
    Console(width=140).print(_table(rounds))
    return int(not all(one.balanced and one.sink_count == one.accepted for some in rounds.values() for one in some))


def _round(kind: str, tools: Tools) -> Round:
    with tempfile.TemporaryDirectory() as name, _database(kind, Path(name)) as url:
        folder = Path(name)
        with running_sink(tools, folder) as sink:
            source = _timed(
                [tools.source, "-s", str(CONNECTIONS), "-d", "-l", str(MESSAGE_BYTES), "-m", str(FAMILIES),
                 "-f", "a@maple.example", "-t", "b@maple.example", f"127.0.0.1:{sink.port}"],
                tools,
            )  # fmt: skip
        with running_sink(tools, folder) as sink:
            installation = Installation(folder, url, sink.url, connections=str(CONNECTIONS))
            begin = time.perf_counter()
            installation.set_up(FAMILIES)
            imported = time.perf_counter() - begin
            campaign_id = installation.schedule_campaign()
            begin = time.perf_counter()
            installation.do("send", str(campaign_id))
            sent = time.perf_counter() - begin
            status = installation.ask("campaigns", "status", str(campaign_id))
            states = ("pending", "attempting", "accepted", "rejected", "deferred", "unknown", "excluded", "cancelled")
            balanced = sum(status[state] for state in states) == status["audience"] == FAMILIES
            return Round(imported, sent, source, sink.messages(), status["accepted"], balanced)


def _timed(command: list[str], tools: Tools) -> float:
    begin = time.perf_counter()
    subprocess.run(command, env=tools.environment, check=True, capture_output=True)
    return time.perf_counter() - begin


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'newsletter.db'}"
        return
    with a_postgresql_server() as server, a_new_database(server) as url:
        yield url


def _table(rounds: dict[str, list[Round]]) -> Table:
    columns = ("database", "set up", "sent in", "mails/s", "smtp-source/s", "ratio", "sink", "accepted", "sum")
    table = Table(*columns, box=None, title=f"{FAMILIES:,} families, {CONNECTIONS} connections, median of {ROUNDS}")
    for kind, some in rounds.items():
        ours = statistics.median(FAMILIES / one.send_seconds for one in some)
        source = statistics.median(FAMILIES / one.source_seconds for one in some)
        table.add_row(
            kind,
            f"{statistics.median(one.import_seconds for one in some):.1f} s",
            f"{statistics.median(one.send_seconds for one in some):.1f} s",
            f"{ours:,.0f}",
            f"{source:,.0f}",
            f"{statistics.median(one.source_seconds / one.send_seconds for one in some):.2f}",
            " ".join(f"{one.sink_count:,}" for one in some),
            " ".join(f"{one.accepted:,}" for one in some),
            "balances" if all(one.balanced for one in some) else "BROKEN",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
