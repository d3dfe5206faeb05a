"""What the rows share: sizes, databases in folders of their own, progress on standard error."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.databases import a_new_database, a_postgresql_server, administer

KINDS = ("sqlite", "postgresql")
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured; the defaults are what the bars are about."""

    mails: int = 20_000
    sendgrid_readers: int = 100_000
    snapshot_readers: int = 1_000_000
    counted_readers: int = 1_000_000
    import_rows: int = 1_000_000
    export_rows: int = 1_000_000
    tracking_seconds: int = 5
    webhook_events: int = 100_000
    report_events: int = 1_000_000
    window_seconds: int = 8
    rounds: int | None = None
    """Instead of five, or three where a round is long."""
    million_readers: int = 1_000_000


@dataclass
class Bench:
    """One run. PostgreSQL is started when a row first asks for it, and waits for the disk as it does by default."""

    sizes: Sizes
    folder: Path
    """Where results go that are more than rows."""
    _open: ExitStack = field(default_factory=ExitStack)
    _server: str = ""
    _begin: float = field(default_factory=time.perf_counter)

    @contextmanager
    def database(self, kind: str) -> Iterator[tuple[Path, str]]:
        """An empty folder and the URL of an empty database, gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="newsletter-bench-") as name:
            folder = Path(name)
            if kind == "sqlite":
                yield folder, f"sqlite:///{folder / 'newsletter.db'}"
                return
            with a_new_database(self._postgresql()) as url:
                yield folder, url

    def say(self, words: str) -> None:
        """One line of progress, with the seconds since the start."""
        print(f"[{time.perf_counter() - self._begin:5.0f} s] {words}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Stop what was started."""
        self._open.close()

    def _postgresql(self) -> str:
        if not self._server:
            self.say("starting PostgreSQL")
            self._server = self._open.enter_context(a_postgresql_server())
            if "NEWSLETTER_TEST_DATABASE_URL" not in os.environ:
                _be_durable(self._server)
        return self._server


def _be_durable(server: str) -> None:
    """Take back what makes tests fast: a commit that is measured is one that survives a power cut."""
    for setting in ("fsync", "full_page_writes"):
        administer(server, f"ALTER SYSTEM RESET {setting}")
    administer(server, "SELECT pg_reload_conf()")
