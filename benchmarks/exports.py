"""Exporting people beside a bare read of the same columns: COPY on PostgreSQL, one SELECT on SQLite."""

import statistics
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from subscribers.db import Database
from tests.support.installation import Installation

from .bench import KINDS, NAMES, Bench
from .pairs import Bar, Row, alternate, seconds_of
from .processes import Usage, watch
from .seeding import seed

_SPEED = Bar(60, of="measured", is_ceiling=True)
_MEMORY = Bar(150, of="measured", is_ceiling=True)
_BESIDE = {
    "sqlite": "one SELECT of the same columns, fetched row by row",
    "postgresql": "COPY (SELECT of the same columns) TO STDOUT",
}
_PARTS = "(SELECT {join}(subject, ';') FROM participation p WHERE p.subscriber_id = s.id AND kind = '{kind}')"
_SELECT = f"""
SELECT s.address, s.name, s.language, s.time_zone,
    (SELECT {{join}}(CAST(graduation_year AS text), ';') FROM child c WHERE c.subscriber_id = s.id),
    (SELECT name FROM school WHERE school.id = s.school_id),
    (SELECT {{join}}(role, ';') FROM subscriber_role r WHERE r.subscriber_id = s.id),
    (SELECT {{join}}(t.name, ';') FROM subscriber_tag st JOIN tag t ON t.id = st.tag_id WHERE st.subscriber_id = s.id),
    (SELECT h.key FROM household h WHERE h.id = s.household_id),
    s.tracking, s.place, o.created_at, o.confirmed_at, o.state,
    {_PARTS.replace("{kind}", "attended")}, {_PARTS.replace("{kind}", "interest")},
    (SELECT reason FROM suppression x WHERE x.address_hash = s.address_hash AND x.lifted_at IS NULL LIMIT 1)
FROM subscriber s JOIN subscription o ON o.subscriber_id = s.id AND o.list_id = 1
ORDER BY s.id
"""  # noqa: S608
_FETCHED = 1_000


def rows(bench: Bench) -> Iterator[Row]:
    """Time and memory on each database."""
    count = bench.sizes.export_rows
    for kind in KINDS:
        bench.say(f"export of {count:,} people, {NAMES[kind]}")
        with bench.database(kind) as (folder, url):
            runs = _Runs(bench, folder, url, count)
            runs.set_up()
            pairs = alternate(runs.ours, runs.bare, bench.sizes.rounds)
        name = f"export of {count:,} people, {NAMES[kind]}"
        taken = tuple((ours.seconds, bare) for ours, bare in pairs)
        cpu = statistics.median(ours.cpu_seconds for ours, _ in pairs)
        notes = ("the whole command, to a file", f"{cpu:.1f} s of CPU")
        yield Row(name, "s", _BESIDE[kind], _SPEED, taken, notes, tuple(runs.wrong))
        peaks = tuple((ours.peak_bytes / 1e6, 0.0) for ours, _ in pairs)
        yield Row(f"{name}, memory", "MB", "the most that was resident", _MEMORY, peaks)


@dataclass
class _Runs:
    """All rounds read the same people."""

    bench: Bench
    folder: Path
    url: str
    count: int
    wrong: list[str] = field(default_factory=list)

    def set_up(self) -> None:
        """A list with so many families."""
        installation = Installation(self.folder, self.url, "file:outbox")
        installation.do("init")
        installation.do("lists", "create", "families", "--name", "Family newsletter")
        with closing(Database(self.url)) as database:
            seed(database, self.count)

    def ours(self) -> Usage:
        """The command."""
        file = self.folder / "people.csv"
        installation = Installation(self.folder, self.url, "file:outbox")
        exporting = ("subscribers", "export", str(file), "--list", "families", "--force")
        used = watch(installation.start(*exporting))
        with file.open("rb") as written:
            lines = sum(1 for _ in written) - 1
        if lines != self.count:
            self.wrong.append(f"{lines:,} of {self.count:,} people were exported")
        self.bench.say(f"  ours {used.seconds:.1f} s, {used.peak_bytes / 1e6:.0f} MB")
        return used

    def bare(self) -> float:
        """The seconds until the last row is here."""
        with closing(Database(self.url)) as database, closing(database.engine.raw_connection()) as connection:
            read = self._fetch if database.is_sqlite else self._copy
            seconds = seconds_of(lambda: read(connection.cursor()))
        self.bench.say(f"  bare {seconds:.1f} s")
        return seconds

    def _fetch(self, cursor: Any) -> None:
        cursor.execute(_SELECT.format(join="group_concat"))
        self._check(sum(len(page) for page in iter(lambda: cursor.fetchmany(_FETCHED), [])))

    def _copy(self, cursor: Any) -> None:
        with cursor.copy(f"COPY ({_SELECT.format(join='string_agg')}) TO STDOUT") as pieces:
            self._check(sum(bytes(piece).count(b"\n") for piece in pieces))

    def _check(self, found: int) -> None:
        if found != self.count:
            self.wrong.append(f"the bare read found {found:,} of {self.count:,} people")
