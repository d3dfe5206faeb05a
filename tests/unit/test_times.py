from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, select

from newsletter.campaigns.times import TimeAhead, TimeInvalid, TimeZoneInvalid, parse_local, parse_past
from newsletter.clock import Clock
from newsletter.ledger.retrying import next_delay
from subscribers.db import Database, DatabaseUrlInvalid, UtcDateTime


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-12-01 09:00", datetime(2026, 12, 1, 15, tzinfo=UTC)),
        ("2026-07-01T9:00", datetime(2026, 7, 1, 14, tzinfo=UTC)),
        ("2026-03-08 02:30", datetime(2026, 3, 8, 8, 30, tzinfo=UTC)),  # F16: skipped by the spring, an hour later
        ("2026-11-01 01:30", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),  # F16: the first of the repeated two
    ],
)
def test_a_wall_clocks_time_is_one_moment(written: str, moment: datetime) -> None:
    assert parse_local(written, "America/Chicago") == moment


def test_a_time_that_lies_ahead_is_refused_with_what_the_clock_shows() -> None:
    now = datetime(2026, 12, 1, 15, tzinfo=UTC)
    assert parse_past("2026-12-01 09:00", "America/Chicago", now) == now
    with pytest.raises(
        TimeAhead, match=r"^2026-12-01 09:01 lies ahead: in America/Chicago it is 2026-12-01 09:00 now\."
    ):
        parse_past("2026-12-01 09:01", "America/Chicago", now)


@pytest.mark.parametrize("written", ["tomorrow", "2026-13-01 09:00", "2026-12-01 25:00", "2026-12-01"])
def test_what_is_no_time_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(TimeInvalid, match="2026-12-01 09:00"):
        parse_local(written, "UTC")


def test_what_is_no_zone_is_refused_with_an_example() -> None:
    with pytest.raises(TimeZoneInvalid, match="America/Chicago"):
        parse_local("2026-12-01 09:00", "Atlantis/Capital")


def test_a_time_without_a_zone_is_never_stored(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    with pytest.raises(ValueError, match="without a zone"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), engine.dialect)  # noqa: DTZ001
    engine.dispose()


def test_the_day_depends_on_the_place() -> None:
    clock = Clock(datetime(2026, 12, 1, 23, 30, tzinfo=UTC) - datetime.now(UTC))
    assert clock.today("UTC").day == 1
    assert clock.today("Asia/Tokyo").day == 2


def test_retries_end_after_the_fourth_wait() -> None:
    assert [next_delay(n) for n in (1, 4, 5)] == [timedelta(minutes=5), timedelta(hours=4), None]


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/x", "sqlite://", "sqlite:///:memory:"])
def test_a_database_url_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlInvalid, match=r"sqlite:///var/newsletter\.db"):
        Database(url)


def test_a_shifted_clock_shifts_sql(sqlite_url: str) -> None:
    database, clock = Database(sqlite_url), Clock()
    with database.reading() as session:
        now, later = session.execute(select(clock.sql(), clock.sql(timedelta(hours=1)))).one()
    database.close()
    assert timedelta(minutes=59) < later - now < timedelta(minutes=61)
