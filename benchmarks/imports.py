"""Importing a CSV file beside a bare load of the same rows: COPY on PostgreSQL, `executemany` on SQLite."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from subscribers.db import Database
from subscribers.tables import (
    Child,
    ConsentRecord,
    Household,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Subscription,
    Tag,
)
from tests.support.installation import Installation, write_families

from .bench import KINDS, NAMES, Bench
from .pairs import Bar, Row, alternate, seconds_of
from .processes import Usage, watch

_SPEED = Bar(3, is_ceiling=True)
_MEMORY = Bar(300, of="measured", is_ceiling=True)
_BESIDE = {
    "sqlite": "executemany of the same rows into the same tables, one transaction",
    "postgresql": "COPY of the same rows into the same tables, one transaction",
}
_TABLES = (Household, Subscriber, SubscriberRole, Tag, SubscriberTag, Child, Subscription, ConsentRecord)
"""What an import writes, in an order that foreign keys allow."""
_PIECE = 2**20


def rows(bench: Bench) -> Iterator[Row]:
    """Time and memory on each database."""
    for kind in KINDS:
        bench.say(f"import, {NAMES[kind]}")
        count = bench.sizes.import_rows
        with bench.database("sqlite") as (folder, _):
            runs = _Runs(bench, kind, folder, count)
            write_families(runs.file, count)
            pairs = alternate(runs.ours, runs.bare, bench.sizes.rounds)
        name = f"import of {count:,} rows, {NAMES[kind]}"
        notes = (f"{runs.all_rows:,} rows in {len(runs.counts)} tables", "the whole command")
        taken = tuple((ours.seconds, bare) for ours, bare in pairs)
        yield Row(name, "s", _BESIDE[kind], _SPEED, taken, notes, tuple(runs.wrong))
        peaks = tuple((ours.peak_bytes / 1e6, 0.0) for ours, _ in pairs)
        yield Row(f"{name}, memory", "MB", "the most that was resident", _MEMORY, peaks)


@dataclass
class _Runs:
    """Every round begins with a new database."""

    bench: Bench
    kind: str
    folder: Path
    count: int
    counts: dict[str, int] = field(default_factory=dict)
    """Rows that an import leaves, by table."""
    kept: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    """The rows themselves, on SQLite; on PostgreSQL they are in files."""
    wrong: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "families.csv"

    @property
    def all_rows(self) -> int:
        return sum(self.counts.values())

    def ours(self) -> Usage:
        """The command."""
        with self.bench.database(self.kind) as (folder, url):
            installation = _set_up(folder, url)
            importing = ("subscribers", "import", str(self.file), "--list", "families", "--status", "confirmed")
            used = watch(installation.start(*importing))
            with closing(Database(url)) as database:
                counts = _counts(database)
                if counts["subscriber"] != self.count:
                    self.wrong.append(f"{counts['subscriber']:,} of {self.count:,} people were imported")
                if not self.counts:
                    self.counts = counts
                    self._keep(database)
        self.bench.say(f"  ours {used.seconds:.1f} s, {used.peak_bytes / 1e6:.0f} MB")
        return used

    def bare(self) -> float:
        """The seconds of the load and its commit."""
        with self.bench.database(self.kind) as (folder, url):
            _set_up(folder, url)
            with closing(Database(url)) as database:
                with closing(database.engine.raw_connection()) as connection:
                    load = self._insert if database.is_sqlite else self._copy
                    seconds = seconds_of(lambda: load(connection.driver_connection))
                counts = _counts(database)
                if counts != self.counts:
                    self.wrong.append(f"the bare load left {counts}, the import {self.counts}")
        self.bench.say(f"  bare {seconds:.1f} s")
        return seconds

    def _keep(self, database: Database) -> None:
        with closing(database.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            for table in self.counts:
                if database.is_sqlite:
                    self.kept[table] = cursor.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
                    continue
                with cursor.copy(f"COPY {table} TO STDOUT") as pieces, self._file_of(table).open("wb") as file:
                    for piece in pieces:
                        file.write(piece)

    def _insert(self, connection: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        for table, rows_of_it in self.kept.items():
            places = ", ".join("?" * len(rows_of_it[0]))
            cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows_of_it)  # noqa: S608
        cursor.execute("COMMIT")

    def _copy(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            for table in self.counts:
                with cursor.copy(f"COPY {table} FROM STDIN") as copy, self._file_of(table).open("rb") as file:
                    while piece := file.read(_PIECE):
                        copy.write(piece)
        connection.commit()

    def _file_of(self, table: str) -> Path:
        return self.folder / f"{table}.copy"


def _set_up(folder: Path, url: str) -> Installation:
    installation = Installation(folder, url, "file:outbox")
    installation.do("init")
    installation.do("lists", "create", "families", "--name", "Family newsletter")
    return installation


def _counts(database: Database) -> dict[str, int]:
    """Rows of every table that has some."""
    with database.reading() as session:
        found = {
            table.__tablename__: session.scalars(select(func.count()).select_from(table)).one() for table in _TABLES
        }
    return {name: count for name, count in found.items() if count}
