from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.ledger.tables import RateBucket
from newsletter.sending import pace
from newsletter.sending.pace import Limits, Permit
from newsletter.sending.sender import Sender, Step
from subscribers.db import Database
from tests.support.school import a_scheduled_campaign, a_school, add_family
from tests.support.smtp_server import SmtpServer

FREELY = Limits()


def ask(database: Database, clock: Clock, mails: int, limits: Limits = FREELY, domain: str = "") -> Permit:
    """Ask for so many mails and send as many as may go."""
    with database.writing() as session:
        permit = pace.ask(session, clock, limits, "account", domain, mails)
        pace.charge(session, permit, "account", permit.mails)
        return permit


def test_without_limits_nobody_waits(database: Database, clock: Clock) -> None:
    assert ask(database, clock, 1_000_000) == Permit(1_000_000)


def test_the_account_waits_when_its_second_is_full(database: Database, clock: Clock) -> None:
    limits = Limits(rate=10)
    assert [ask(database, clock, 50, limits).mails for _ in range(2)] == [10, 10]
    permit = ask(database, clock, 1, limits)
    assert permit.mails == 0
    assert timedelta(0) < permit.wait <= timedelta(seconds=1)
    clock.offset += permit.wait + timedelta(milliseconds=50)
    assert ask(database, clock, 1, limits).mails == 1


def test_an_idle_account_saves_up_no_more_than_its_burst(database: Database, clock: Clock) -> None:
    limits = Limits(rate=10)
    ask(database, clock, 10, limits)
    clock.offset += timedelta(hours=1)
    assert [ask(database, clock, 10, limits).mails for _ in range(3)] == [10, 10, 0]


def test_what_is_rolled_back_was_not_taken(database: Database, clock: Clock) -> None:
    limits = Limits(rate=1)
    with database.writing() as session:
        permit = pace.ask(session, clock, limits, "account", "", 1)
        pace.charge(session, permit, "account", 1)
        session.rollback()
    assert [ask(database, clock, 1, limits).mails for _ in range(3)] == [1, 1, 0]


def test_a_domain_with_a_rate_of_its_own_waits_alone(database: Database, clock: Clock) -> None:
    limits = Limits(rate=1000, domains={"slow.example": 2})
    assert [ask(database, clock, 50, limits, "slow.example").mails for _ in range(3)] == [2, 2, 0]
    assert ask(database, clock, 50, limits).mails == 50
    clock.offset += timedelta(seconds=2)
    assert ask(database, clock, 50, limits, "slow.example").mails == 2


def test_a_new_account_sends_more_from_day_to_day(database: Database, clock: Clock) -> None:
    limits = Limits(warm_up=(30, 50))
    assert [ask(database, clock, 20, limits).mails for _ in range(3)] == [20, 10, 0]
    wait = ask(database, clock, 20, limits).wait
    assert timedelta(0) < wait <= timedelta(days=1)
    clock.offset += wait + timedelta(seconds=1)
    assert [ask(database, clock, 40, limits).mails for _ in range(3)] == [40, 10, 0]
    clock.offset += timedelta(days=1)
    assert ask(database, clock, 1_000, limits).mails == 1_000


def test_days_without_mail_count_in_the_plan(database: Database, clock: Clock) -> None:
    limits = Limits(warm_up=(5, 10, 20))
    assert ask(database, clock, 50, limits).mails == 5
    clock.offset += timedelta(days=2)
    assert [ask(database, clock, 50, limits).mails for _ in range(2)] == [20, 0]


@pytest.mark.parametrize("limits", [FREELY, Limits(rate=100), Limits(warm_up=(500,))])
def test_a_brake_holds_every_sender_until_it_ends(database: Database, clock: Clock, limits: Limits) -> None:  # M49
    with database.writing() as session:
        pace.brake(session, clock, "account", timedelta(minutes=1))
    permit = ask(database, clock, 1, limits)
    assert permit.mails == 0
    assert permit.wait > timedelta(seconds=50)
    clock.offset += timedelta(minutes=1, seconds=1)
    assert ask(database, clock, 1, limits).mails == 1


@pytest.mark.parametrize(
    ("asked", "shortest", "longest"),
    [
        (None, pace.BLIND, pace.BLIND * 1.5),
        (timedelta(days=3), pace.LONGEST, pace.LONGEST),
        (timedelta(), pace.SHORTEST, pace.SHORTEST),
    ],
    ids=["no time named", "too long", "none"],
)
def test_a_brake_is_bounded_whatever_the_provider_says(
    database: Database, clock: Clock, asked: timedelta | None, shortest: timedelta, longest: timedelta
) -> None:  # F8
    with database.writing() as session:
        pace.brake(session, clock, "account", asked)
    assert shortest - timedelta(seconds=1) < ask(database, clock, 1).wait <= longest


def storm(database: Database, clock: Clock, *, probing: bool = False) -> bool:
    with database.writing() as session:
        return pace.storm(session, clock, "account", probing=probing)


def test_calls_that_fail_together_are_one_storm(database: Database, clock: Clock) -> None:  # F9
    assert [storm(database, clock) for _ in range(5)] == [False] * 5
    with database.reading() as session:
        assert session.scalar(select(RateBucket.storms)) == 1


def test_after_a_storm_one_mail_at_a_time_finds_out_and_the_third_failure_is_enough(
    database: Database, clock: Clock
) -> None:  # F9
    given_up = [storm(database, clock)]
    for _ in range(2):
        assert ask(database, clock, 50).mails == 0
        clock.offset += pace.BLIND * 2
        probe = ask(database, clock, 50)
        assert (probe.mails, probe.is_probe) == (1, True)
        assert ask(database, clock, 50).mails == 0
        given_up.append(storm(database, clock, probing=True))
    assert given_up == [False, False, True]


def test_a_probe_that_gets_through_ends_the_storm(database: Database, clock: Clock) -> None:  # F9
    storm(database, clock)
    clock.offset += pace.BLIND * 2
    assert ask(database, clock, 50).is_probe
    with database.writing() as session:
        pace.calm(session, "account")
    permit = ask(database, clock, 50)
    assert (permit.mails, permit.is_probe) == (50, False)


def test_a_probe_whose_sender_died_is_followed_by_another(database: Database, clock: Clock) -> None:  # F9
    storm(database, clock)
    clock.offset += pace.BLIND * 2
    assert ask(database, clock, 50).is_probe
    clock.offset += pace.PROBE + timedelta(seconds=1)
    assert ask(database, clock, 50).is_probe


def test_a_slow_domain_holds_nobody_else_up(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with (
        SmtpServer() as server,
        a_school(database_url, server.url, tmp_path, clock, domain_rates="slow.example=1") as app,
    ):
        for n in range(4):
            add_family(app, f"r{n}@slow.example")
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        with closing(Sender(app.sending(), campaign_id)) as sender:
            while sender.step() is Step.WORKED:
                pass
            assert Counter(to.rpartition("@")[2] for to in server.record.recipients) == {
                "families.example": 3,
                "slow.example": 2,  # its burst of a second
            }
            for so_far in (6, 7):
                clock.offset += timedelta(seconds=1.1)
                while sender.step() is Step.WORKED:
                    pass
                assert len(server.record.recipients) == so_far
