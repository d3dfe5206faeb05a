from datetime import timedelta

from newsletter.clock import Clock
from newsletter.sending import pace
from subscribers.db import Database


def take(database: Database, clock: Clock, mails: int, rate: float | None) -> timedelta:
    with database.writing() as session:
        return pace.take(session, clock, "account", mails, rate)


def test_without_a_rate_nobody_waits(database: Database, clock: Clock) -> None:
    assert take(database, clock, 1_000_000, None) == timedelta()


def test_the_account_waits_when_its_second_is_full(database: Database, clock: Clock) -> None:
    assert take(database, clock, 20, 10) == timedelta()
    wait = take(database, clock, 1, 10)
    assert timedelta(0) < wait <= timedelta(seconds=1)
    clock.offset += wait + timedelta(milliseconds=50)
    assert take(database, clock, 1, 10) == timedelta()


def test_an_idle_account_saves_up_no_more_than_its_burst(database: Database, clock: Clock) -> None:
    take(database, clock, 10, 10)
    clock.offset += timedelta(hours=1)
    assert take(database, clock, 20, 10) == timedelta()
    assert take(database, clock, 1, 10) > timedelta()


def test_a_brake_holds_every_sender_until_it_ends(database: Database, clock: Clock) -> None:  # M49
    with database.writing() as session:
        pace.brake(session, clock, "account", clock.now() + timedelta(minutes=1))
    assert take(database, clock, 1, None) > timedelta(seconds=50)
    assert take(database, clock, 1, 100) > timedelta(seconds=50)
    clock.offset += timedelta(minutes=1, seconds=1)
    assert take(database, clock, 1, None) == timedelta()
