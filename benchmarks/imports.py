"""Importing a CSV file beside loading the same rows: COPY on PostgreSQL, `executemany` on SQLite."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from subscribers import lists, organizations, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.tables import (
    Child,
    ConsentRecord,
    Household,
    Participation,
    School,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Tag,
)
from tests.support.installation import Installation, write_families

from .bench import KINDS, NAMES, Bench
from .pairs import Bar, Row, alternate, seconds_of
from .processes import Usage, watch

_SPEED = Bar(3, is_ceiling=True)
_AGAIN = Bar(0.5, is_ceiling=True)
_MEMORY = Bar(300, of="measured", is_ceiling=True)
_BESIDE = {
    "sqlite": "executemany of the same rows into the same tables, one transaction",
    "postgresql": "COPY of the same rows into the same tables, one transaction",
}
_TABLES = (
    *(School, Household, Subscriber, SubscriberRole, Tag, SubscriberTag, Participation, Child),
    *(Subscription, ConsentRecord),
)
"""What an import writes, in an order that foreign keys allow."""
_PIECE = 2**20
_LONG = 500_000
"""So many rows are measured once, where no other number of rounds is asked for."""


def rows(bench: Bench) -> Iterator[Row]:
    """The first time, the second time and the memory, on each database."""
    for kind in KINDS:
        bench.say(f"import, {NAMES[kind]}")
        count = bench.sizes.import_rows
        with bench.database("sqlite") as (folder, _):
            runs = _Runs(bench, kind, folder, count)
            write_families(runs.file, count)
            rounds = bench.sizes.rounds or (1 if count >= _LONG else None)
            pairs = alternate(runs.ours, runs.bare, rounds)
        name = f"import of {count:,} rows, {NAMES[kind]}"
        notes = [f"{runs.all_rows:,} rows in {len(runs.counts)} tables", "the whole command"]
        taken = tuple((ours.first.seconds, bare) for ours, bare in pairs)
        slowest = max(ours.slowest_write for ours, _ in pairs)
        notes += [f"the slowest sign-up from another process meanwhile took {slowest:.1f} s"]
        yield Row(name, "s", _BESIDE[kind], _SPEED, taken, tuple(notes), tuple(runs.wrong))
        again = tuple((ours.again.seconds, ours.first.seconds) for ours, _ in pairs)
        yield Row(f"{name}, again", "s", "the first time", _AGAIN, again, ("nothing changes",))
        peaks = tuple((max(ours.first.peak_bytes, ours.again.peak_bytes) / 1e6, 0.0) for ours, _ in pairs)
        yield Row(f"{name}, memory", "MB", "the most that was resident", _MEMORY, peaks)


@dataclass(frozen=True, slots=True)
class _Ours:
    first: Usage
    again: Usage
    slowest_write: float


@dataclass
class _Runs:
    """Every round begins with a new database."""

    bench: Bench
    kind: str
    folder: Path
    count: int
    counts: dict[str, int] = field(default_factory=dict)
    """Rows that an import leaves, by table; the rows themselves are kept in files."""
    wrong: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "families.csv"

    @property
    def all_rows(self) -> int:
        return sum(self.counts.values())

    def ours(self) -> _Ours:
        """The command while others sign up, and the same command again."""
        with self.bench.database(self.kind) as (folder, url):
            installation = _set_up(folder, url)
            with closing(Database(url)) as database:
                sign_ups = _SignUps(database)
                first = watch(self._start(installation), tell=sign_ups.go_on)
                counts = _counts(database)
                if counts["subscriber"] != self.count + sign_ups.count:
                    self.wrong.append(f"{counts['subscriber']:,} of {self.count + sign_ups.count:,} people are there")
                if not self.counts:
                    self.counts = counts
                    self._keep(database)
                again = watch(self._start(installation))
                if _counts(database) != counts:
                    self.wrong.append("the same file again changed something")
        self.bench.say(f"  ours {first.seconds:.1f} s, {first.peak_bytes / 1e6:.0f} MB; again {again.seconds:.1f} s")
        return _Ours(first, again, sign_ups.slowest)

    def bare(self) -> float:
        """The seconds of the load and its commit."""
        with self.bench.database(self.kind) as (folder, url):
            _set_up(folder, url)
            with closing(Database(url)) as database:
                with closing(database.engine.raw_connection()) as connection:
                    load = self._insert if database.is_sqlite else self._copy
                    seconds = load(connection.driver_connection)
                counts = _counts(database)
                if counts != self.counts:
                    self.wrong.append(f"the bare load left {counts}, the import {self.counts}")
        self.bench.say(f"  bare {seconds:.1f} s")
        return seconds

    def _start(self, installation: Installation) -> subprocess.Popen[str]:
        return installation.start(
            "subscribers", "import", str(self.file), "--list", "families", "--status", "confirmed"
        )

    def _keep(self, database: Database) -> None:
        with closing(database.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            if database.is_sqlite:
                cursor.execute("VACUUM INTO ?", (str(self._kept),))
                return
            for table in self.counts:
                with cursor.copy(f"COPY {table} TO STDOUT") as pieces, self._file_of(table).open("wb") as file:
                    for piece in pieces:
                        file.write(piece)

    def _insert(self, connection: Any) -> float:
        """One table after the other; reading its rows back into memory is not counted."""
        cursor = connection.cursor()
        seconds = seconds_of(lambda: cursor.execute("BEGIN IMMEDIATE"))
        with closing(sqlite3.connect(self._kept)) as kept:
            for table in self.counts:
                rows_of_it = kept.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
                insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows_of_it[0]))})"  # noqa: S608
                begin = time.perf_counter()
                cursor.executemany(insert, rows_of_it)
                seconds += time.perf_counter() - begin
        return seconds + seconds_of(lambda: cursor.execute("COMMIT"))

    def _copy(self, connection: Any) -> float:
        begin = time.perf_counter()
        with connection.cursor() as cursor:
            for table in self.counts:
                with cursor.copy(f"COPY {table} FROM STDIN") as copy, self._file_of(table).open("rb") as file:
                    while piece := file.read(_PIECE):
                        copy.write(piece)
        connection.commit()
        return time.perf_counter() - begin

    @property
    def _kept(self) -> Path:
        return self.folder / "kept.db"

    def _file_of(self, table: str) -> Path:
        return self.folder / f"{table}.copy"


class _SignUps:
    """People who sign up from this process while another imports, one a second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.reading() as session:
            self._organization = organizations.the(session)
            self._list = lists.get(session, self._organization.id, "families")
        self.count = 0
        self.slowest = 0.0

    def go_on(self, seconds: float) -> None:
        """Sign somebody up where it is time, and keep how long that took."""
        if seconds < self.count:
            return
        address, now = EmailAddress.parse(f"parent{self.count}@sign-ups.example"), datetime.now(UTC)
        begin = time.perf_counter()
        with self._database.writing() as session:
            reader = subscribers.add(session, self._organization, address, now=now)
            state, form = SubscriptionState.PENDING, Evidence(source="form")
            subscriptions.subscribe(session, reader, self._list, state, now, evidence=form)
        self.slowest = max(self.slowest, time.perf_counter() - begin)
        self.count += 1


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
