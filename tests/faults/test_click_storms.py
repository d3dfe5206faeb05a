"""Opens and clicks while the database is away: everybody is answered, and everything counts once."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import func, select

from newsletter import migrations
from newsletter.clock import Clock
from newsletter.events import spools
from newsletter.events.recording import PATIENCE_SECONDS
from newsletter.events.tables import CampaignStat, Event, EventKind
from newsletter.tokens import FIRST_LINK, OPEN_LINK
from subscribers.db import Database
from tests.support.click_storms import Storm, a_click_storm
from tests.support.databases import PostgresqlOfOnesOwn, a_new_database, a_postgresql_of_ones_own
from tests.support.web_server import served
from tests.support.web_world import World, new_world

OUTAGE_SECONDS = float(os.environ.get("NEWSLETTER_TEST_OUTAGE_SECONDS", "3"))
"""`make faults` says 20."""
READERS = 40
LONGEST_WAIT_SECONDS = PATIENCE_SECONDS + 5
"""Of a reader, on a machine that is busy with other tests."""
Outage: TypeAlias = Callable[[], None]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlOfOnesOwn]:
    with a_postgresql_of_ones_own() as server:
        yield server


@contextmanager
def a_sent_campaign(url: str, folder: Path) -> Iterator[tuple[World, int]]:
    """A world whose readers all agreed to tracking."""
    with closing(Database(url)) as database:
        migrations.upgrade(database)
        world = new_world(database, Clock(), state_folder=folder)
        readers = [world.reader(f"r{n}@school.example", tracking=True) for n in range(READERS)]
        yield world, world.sent_to(*readers, targets=("https://school.example/",))


def paths_of(world: World, campaign_id: int) -> list[str]:
    opens = [f"/o/{world.mail_token(campaign_id, seq, OPEN_LINK)}.gif" for seq in range(1, READERS + 1)]
    clicks = [f"/c/{world.mail_token(campaign_id, seq, FIRST_LINK)}" for seq in range(1, READERS + 1)]
    return [path for pair in zip(opens, clicks, strict=True) for path in pair]


def counted(world: World, campaign_id: int) -> int:
    with world.database.reading() as session:
        of_campaign = CampaignStat.campaign_id == campaign_id
        return int(session.scalar(select(func.coalesce(func.sum(CampaignStat.count), 0)).where(of_campaign)) or 0)


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def through(outage: Outage, world: World, campaign_id: int, folder: Path) -> Storm:
    """A storm that begins before an outage and ends after it, when what was spooled is in the database."""
    with served(world.app, patience_seconds=PATIENCE_SECONDS) as url:
        with a_click_storm(url, paths_of(world, campaign_id)) as storm:
            wait_until(lambda: storm.count > 200, "the storm did not begin")
            outage()
            after = storm.count + 200
            wait_until(lambda: storm.count > after, "nobody was answered after the outage")
        wait_until(lambda: spools.waiting(folder / "spools") == 0, "the spool was not emptied")
    return storm


def check_that_nothing_was_lost(storm: Storm, world: World, campaign_id: int, folder: Path) -> None:
    assert set(storm.answers) == {200, 302}, storm.answers
    assert storm.slowest_seconds < LONGEST_WAIT_SECONDS
    assert counted(world, campaign_id) == storm.count
    assert list((folder / "spools").iterdir()) == []
    with world.database.reading() as session:
        reached = {(seq, kind) for seq, kind in session.execute(select(Event.seq, Event.kind))}
    assert reached == {(seq, kind) for seq in range(1, READERS + 1) for kind in (EventKind.OPEN, EventKind.CLICK)}


@pytest.mark.parametrize("way", ["stopped", "killed", "frozen"])
def test_no_click_is_lost_while_postgresql_is_away(
    postgresql: PostgresqlOfOnesOwn, tmp_path: Path, way: str
) -> None:  # F4 M43
    go, come = {
        "stopped": (postgresql.stop, postgresql.start),
        "killed": (postgresql.kill, postgresql.start),
        "frozen": (postgresql.freeze, postgresql.thaw),
    }[way]

    def outage() -> None:
        go()
        time.sleep(OUTAGE_SECONDS)
        come()

    with a_new_database(postgresql.url) as url, a_sent_campaign(url, tmp_path) as (world, campaign_id):
        storm = through(outage, world, campaign_id, tmp_path)
        check_that_nothing_was_lost(storm, world, campaign_id, tmp_path)


def test_no_click_is_lost_while_somebody_else_writes_to_sqlite(sqlite_url: str, tmp_path: Path) -> None:  # M43
    def outage() -> None:
        with closing(sqlite3.connect(tmp_path / "newsletter.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            time.sleep(OUTAGE_SECONDS)
            other.execute("ROLLBACK")

    with a_sent_campaign(sqlite_url, tmp_path) as (world, campaign_id):
        storm = through(outage, world, campaign_id, tmp_path)
        check_that_nothing_was_lost(storm, world, campaign_id, tmp_path)


def test_no_click_is_lost_while_the_file_of_sqlite_is_gone(sqlite_url: str, tmp_path: Path) -> None:  # M43
    away = tmp_path / "away"
    away.mkdir()

    def outage() -> None:
        # The file itself goes first and comes last: what SQLite keeps beside it is never without it.
        parts = sorted(tmp_path.glob("newsletter.db*"))
        for part in parts:
            part.rename(away / part.name)
        time.sleep(OUTAGE_SECONDS)
        for part in reversed(parts):
            (away / part.name).rename(part)

    with a_sent_campaign(sqlite_url, tmp_path) as (world, campaign_id):
        storm = through(outage, world, campaign_id, tmp_path)
        check_that_nothing_was_lost(storm, world, campaign_id, tmp_path)
