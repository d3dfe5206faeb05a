"""The audience snapshot of a campaign beside a bare `INSERT ... SELECT` of the same rows from a temporary table."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, text

from newsletter.app import App
from newsletter.ledger.tables import Campaign, CampaignState, Chunk, Delivery
from tests.support.installation import Installation

from .bench import KINDS, NAMES, Bench
from .installations import due_campaign, fill, opened
from .pairs import Bar, Row, alternate, seconds_of

BAR = Bar(1.5, is_ceiling=True)
_COLUMNS = "campaign_id, seq, subscriber_id, to_address, occurrence, variant, state, reason, attempt, updated_at"


def rows(bench: Bench) -> Iterator[Row]:
    """One row a database."""
    for kind in KINDS:
        yield _row(bench, kind)


def _row(bench: Bench, kind: str) -> Row:
    readers = bench.sizes.snapshot_readers
    with bench.database(kind) as (folder, url):
        bench.say(f"snapshot, {NAMES[kind]}: writing {readers:,} families")
        fill(Installation(folder, url, "file:outbox"), url, readers, excluded=True)
        with opened(url, folder) as app, app.database.engine.connect() as connection:
            snapshots = _Snapshots(app, connection, readers)
            snapshots.keep_rows()
            bench.say(f"snapshot, {NAMES[kind]}: measuring")
            pairs = alternate(snapshots.ours, snapshots.bare, bench.sizes.rounds)
            return Row(
                f"audience snapshot of {readers:,}, {NAMES[kind]}",
                "s",
                "bare INSERT ... SELECT of the same rows from a temporary table, one transaction",
                BAR,
                tuple(pairs),
                (f"{snapshots.rows:,} deliveries in {snapshots.chunks:,} chunks",),
                tuple(snapshots.wrong),
            )


@dataclass
class _Snapshots:
    """Both sides fill an empty `delivery` table that has its indexes; emptying it is not measured."""

    app: App
    connection: Connection
    readers: int
    rows: int = 0
    chunks: int = 0

    def __post_init__(self) -> None:
        self.wrong: list[str] = []

    def keep_rows(self) -> None:
        """Make one snapshot and keep its rows in a temporary table, in the order of the primary key."""
        self.ours()
        kept = f"CREATE TEMPORARY TABLE kept AS SELECT {_COLUMNS} FROM delivery ORDER BY campaign_id, seq"  # noqa: S608
        with _committed(self.connection):
            self.connection.execute(text(kept))
        with self.app.database.reading() as session:
            self.rows = session.scalars(select(func.count()).select_from(Delivery)).one()
            self.chunks = session.scalars(select(func.count()).select_from(Chunk)).one()

    def ours(self) -> float:
        """Seconds from the campaign's due time to its whole audience."""
        self._empty()
        campaign_id = due_campaign(self.app)
        taken = seconds_of(self.app.scheduler().prepare)
        with self.app.database.reading() as session:
            campaign = session.get_one(Campaign, campaign_id)
            if campaign.state != CampaignState.SENDING or campaign.audience != self.readers:
                self.wrong.append(f"campaign {campaign_id} is {campaign.state} with {campaign.audience:,} deliveries")
        return taken

    def bare(self) -> float:
        """Seconds of the bare statement and its commit."""
        self._empty()
        return seconds_of(self._insert)

    def _insert(self) -> None:
        with _committed(self.connection):
            self.connection.execute(text(f"INSERT INTO delivery ({_COLUMNS}) SELECT {_COLUMNS} FROM kept"))  # noqa: S608

    def _empty(self) -> None:
        """No delivery, no chunk, and nothing of that left to be written by the side that is measured next."""
        is_sqlite = self.app.database.is_sqlite
        with self.app.database.writing() as session:
            if is_sqlite:
                session.execute(delete(Chunk))
                session.execute(delete(Delivery))
            else:
                session.execute(text("TRUNCATE delivery, chunk"))
        if is_sqlite:
            with closing(self.app.database.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            with self.app.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("CHECKPOINT"))


@contextmanager
def _committed(connection: Connection) -> Iterator[None]:
    with connection.begin():
        yield
