import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from threading import Event as Flag

import pytest
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.events import spools
from newsletter.events.recording import LARGEST_GROUP, PATIENCE_SECONDS, Recorder, RecorderStopped
from newsletter.events.spools import Group, Spool
from newsletter.events.tables import CampaignStat, Recorded
from newsletter.events.writers import Writer, take_over
from newsletter.settings import Tracking
from subscribers.db import Database
from subscribers.tables import Subscriber
from tests.support.disks import no_file_longer_than
from tests.support.facts import a_click, an_open, counted, events
from tests.support.web_world import World, new_world


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock)


@pytest.fixture
def campaign_id(world: World) -> int:
    """Sent to one reader, who agreed to tracking."""
    return world.sent_to(world.reader("reader@school.example", tracking=True))


class Watched(Database):
    """A database that counts its write transactions, can hold them back, and can be away."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.transactions = 0
        self.before: Exception | None = None
        """What a transaction raises instead of beginning."""
        self.after: Exception | None = None
        """What one raises after it is committed: the answer did not arrive."""
        self.entered, self.released = Flag(), Flag()
        self.released.set()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        self.transactions += 1
        self.entered.set()
        self.released.wait(20)
        if self.before:
            raise self.before
        with super().writing() as session:
            yield session
        if self.after:
            raise self.after


AWAY = OperationalError("BEGIN", {}, Exception("away"))


@pytest.fixture
def watched(database_url: str) -> Iterator[Watched]:
    database = Watched(database_url)
    yield database
    database.close()


@asynccontextmanager
async def running(
    database: Database, folder: Path, tracking: Tracking = Tracking.CONSENT, patience_seconds: float = 20
) -> AsyncIterator[Recorder]:
    """A recorder that is patient with a busy machine."""
    recorder = Recorder(Writer(database, tracking), folder, patience_seconds)
    await recorder.start()
    yield recorder
    await recorder.stop()


async def entered(watched: Watched) -> None:
    assert await asyncio.to_thread(watched.entered.wait, 20)


async def drained(folder: Path) -> None:
    async with asyncio.timeout(20):
        while spools.waiting(folder):  # noqa: ASYNC110 - a file tells no event
            await asyncio.sleep(0.01)


def test_requests_that_come_during_a_commit_share_the_next_one(
    world: World, watched: Watched, campaign_id: int, tmp_path: Path
) -> None:
    watched.released.clear()

    async def scenario() -> None:
        async with running(watched, tmp_path) as recorder:
            first = recorder.record(an_open(world, campaign_id))
            await entered(watched)
            later = [recorder.record(a_click(world, campaign_id)) for _ in range(50)]
            assert not first.done()
            watched.released.set()
            await asyncio.gather(first, *later)
            assert watched.transactions == 2

    asyncio.run(scenario())
    assert counted(world) == 51


def test_a_large_crowd_is_written_in_groups(world: World, watched: Watched, campaign_id: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(watched, tmp_path) as recorder:
            await asyncio.gather(*(recorder.record(an_open(world, campaign_id)) for _ in range(LARGEST_GROUP + 1)))
            assert watched.transactions == 2

    asyncio.run(scenario())


def test_a_client_that_went_away_is_counted_all_the_same(
    world: World, watched: Watched, campaign_id: int, tmp_path: Path
) -> None:
    watched.released.clear()

    async def scenario() -> None:
        async with running(watched, tmp_path) as recorder:
            first = recorder.record(an_open(world, campaign_id))
            await entered(watched)
            first.cancel()
            recorder.record(an_open(world, campaign_id)).cancel()
            watched.released.set()

    asyncio.run(scenario())
    assert counted(world) == 2


def test_what_waits_is_written_before_the_recorder_stops_and_nothing_is_taken_then(
    world: World, campaign_id: int, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(world.database, tmp_path) as recorder:
            waiting = [recorder.record(an_open(world, campaign_id)) for _ in range(20)]
        await recorder.stop()
        await asyncio.gather(*waiting)
        with pytest.raises(RecorderStopped, match="Try again"):
            await recorder.record(an_open(world, campaign_id))

    asyncio.run(scenario())
    assert counted(world) == 20


def test_a_recorder_that_ended_well_leaves_nothing_behind(world: World, campaign_id: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(world.database, tmp_path) as recorder:
            await recorder.record(an_open(world, campaign_id))

    asyncio.run(scenario())
    assert list(tmp_path.glob("*.spool")) == []
    with world.database.reading() as session:
        assert session.query(Recorded).all() == []


def test_tracking_off_costs_nothing(world: World, watched: Watched, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(watched, tmp_path / "spools", Tracking.OFF) as recorder:
            await recorder.record(an_open(world, 1))

    asyncio.run(scenario())
    assert watched.transactions == 0
    assert not (tmp_path / "spools").exists()


def test_what_comes_while_the_database_is_away_is_written_when_it_is_back_with_its_own_time(
    world: World, watched: Watched, campaign_id: int, tmp_path: Path
) -> None:  # M43
    clicked = a_click(world, campaign_id)

    async def scenario() -> None:
        async with running(watched, tmp_path) as recorder:
            watched.before = AWAY
            await recorder.record(clicked)
            assert counted(world) == 0
            world.app.clock.offset *= 2
            await recorder.record(an_open(world, campaign_id))
            watched.before = None
            await drained(tmp_path)
            await recorder.record(an_open(world, campaign_id))

    asyncio.run(scenario())
    assert counted(world) == 3
    assert events(world)[0].occurred_at == clicked.request.at


def test_a_group_whose_commit_got_no_answer_is_counted_once(
    world: World, watched: Watched, campaign_id: int, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(watched, tmp_path) as recorder:
            watched.after = AWAY
            await recorder.record(an_open(world, campaign_id))
            watched.after = None
            await recorder.record(an_open(world, campaign_id))
            await drained(tmp_path)

    asyncio.run(scenario())
    assert counted(world) == 2


def test_nobody_waits_long_for_a_database_that_is_slow_and_it_counts_once(
    world: World, watched: Watched, campaign_id: int, tmp_path: Path
) -> None:
    async def scenario() -> float:
        async with running(watched, tmp_path, patience_seconds=PATIENCE_SECONDS) as recorder:
            watched.released.clear()
            begin = time.monotonic()
            await asyncio.gather(*(recorder.record(an_open(world, campaign_id)) for _ in range(10)))
            await recorder.record(an_open(world, campaign_id))
            waited = time.monotonic() - begin
            watched.released.set()
            await drained(tmp_path)
            return waited

    assert asyncio.run(scenario()) < 3 * PATIENCE_SECONDS
    assert counted(world) == 11


def test_a_recorder_that_stops_while_the_database_is_away_leaves_it_to_the_next(
    world: World, watched: Watched, campaign_id: int, tmp_path: Path
) -> None:
    watched.before = AWAY

    async def scenario() -> None:
        async with running(watched, tmp_path) as recorder:
            await asyncio.gather(*(recorder.record(an_open(world, campaign_id)) for _ in range(3)))

    asyncio.run(scenario())
    assert counted(world) == 0
    writer = Writer(world.database, Tracking.CONSENT)
    assert take_over(writer, tmp_path) == 3
    assert take_over(writer, tmp_path) == 0
    assert counted(world) == 3
    assert list(tmp_path.glob("*.spool")) == []


def a_dead_spool(folder: Path, recorder: str, groups: list[Group]) -> None:
    spool = Spool(folder, recorder)
    for group in groups:
        spool.append(group)
    spool.close()


def test_a_writer_that_died_between_the_commit_and_its_spool_counts_nothing_twice(
    world: World, campaign_id: int, tmp_path: Path
) -> None:
    groups = [Group(number, [an_open(world, campaign_id)]) for number in (1, 2, 3)]
    a_dead_spool(tmp_path, "dead", groups)
    writer = Writer(world.database, Tracking.CONSENT)
    writer.write("dead", groups[:2])
    writer.write("dead", groups[:2])
    assert counted(world) == 2
    take_over(writer, tmp_path)
    assert counted(world) == 3


def test_the_spool_of_a_recorder_that_lives_is_its_own(world: World, campaign_id: int, tmp_path: Path) -> None:
    spool = Spool(tmp_path, "alive")
    spool.append(Group(1, [an_open(world, campaign_id)]))
    assert take_over(Writer(world.database, Tracking.CONSENT), tmp_path) == 0
    assert counted(world) == 0
    spool.close()


def test_the_tick_takes_over_what_dead_processes_left(world: World, campaign_id: int) -> None:
    a_dead_spool(world.app.returns.spools, f"of-campaign-{id(world)}", [Group(1, [an_open(world, campaign_id)])])
    world.app.scheduler().tick()
    assert counted(world) == 1


def test_who_withdraws_while_it_waits_leaves_no_row(world: World, campaign_id: int, tmp_path: Path) -> None:  # M42
    a_dead_spool(tmp_path, "dead", [Group(1, [a_click(world, campaign_id)])])
    with world.database.writing() as session:
        session.query(Subscriber).update({"tracking": False})
    take_over(Writer(world.database, Tracking.CONSENT), tmp_path)
    assert events(world) == []
    assert counted(world) == 1


def test_what_the_database_refuses_is_said_and_holds_up_nothing(
    world: World, campaign_id: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    too_large = a_click(world, campaign_id, link_no=2**70)
    a_dead_spool(tmp_path, "dead", [Group(1, [too_large, too_large]), Group(2, [an_open(world, campaign_id)])])
    take_over(Writer(world.database, Tracking.CONSENT), tmp_path)
    assert counted(world) == 1
    assert "2 opens and clicks cannot be written, and are not counted." in caplog.text


def test_who_asked_for_what_the_database_refuses_hears_it(
    world: World, watched: Watched, campaign_id: int, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with running(watched, tmp_path) as recorder:
            watched.before = DataError("INSERT", {}, Exception("out of range"))
            with pytest.raises(DataError):
                await recorder.record(an_open(world, campaign_id))
            watched.before = None
            await recorder.record(an_open(world, campaign_id))

    asyncio.run(scenario())
    assert counted(world) == 1


def test_a_full_disk_beside_a_database_that_is_away_is_said_and_loses_nothing_else(
    world: World, watched: Watched, campaign_id: int, tmp_path: Path
) -> None:  # F15
    async def scenario() -> None:
        async with running(watched, tmp_path) as recorder:
            watched.before = AWAY
            await recorder.record(an_open(world, campaign_id))
            with no_file_longer_than(spools.waiting(tmp_path) + 20), pytest.raises(OSError, match="No space"):
                await recorder.record(an_open(world, campaign_id))
            await recorder.record(an_open(world, campaign_id))
            watched.before = None
            await drained(tmp_path)

    asyncio.run(scenario())
    assert counted(world) == 2


def test_counters_and_what_is_told_of_readers_are_one_transaction_with_the_position(
    world: World, campaign_id: int
) -> None:
    writer, group = Writer(world.database, Tracking.CONSENT), Group(1, [an_open(world, campaign_id)])
    with pytest.raises(RuntimeError, match="killed"), world.database.writing() as session:
        writer_of_session = Writer(_Joined(session), Tracking.CONSENT)  # type: ignore[arg-type]
        writer_of_session.write("one", [group])
        raise RuntimeError("killed")
    with world.database.reading() as session:
        assert session.query(CampaignStat).all() == []
    writer.write("one", [group])
    assert counted(world) == 1


class _Joined:
    """A transaction that is somebody else's."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        yield self._session
