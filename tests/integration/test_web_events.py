from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event as Flag
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.events.recording import LARGEST_GROUP, Recorder, RecorderStopped
from newsletter.events.requests import Fact, Request, clicked, opened
from newsletter.events.tables import Actor, CampaignStat, Event, EventKind
from newsletter.events.targets import Targets
from newsletter.events.writing import write
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.settings import Tracking
from newsletter.tokens import FIRST_LINK, OPEN_LINK, MailClaim
from subscribers.db import Database
from tests.support.web_world import BROWSER, World, new_world


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock)


def an_open(world: World, campaign_id: int, seq: int = 1, **request: Any) -> Fact:
    seen = Request(world.app.clock.now(), request.pop("method", "GET"), request.pop("user_agent", BROWSER), **request)
    return opened(MailClaim(campaign_id, seq, OPEN_LINK), seen)


def a_click(world: World, campaign_id: int, seq: int = 1, link_no: int = FIRST_LINK) -> Fact:
    return clicked(MailClaim(campaign_id, seq, link_no), Request(world.app.clock.now(), "GET", BROWSER))


def counted(session: Session, campaign_id: int) -> dict[tuple[EventKind, int, Actor], int]:
    rows = session.scalars(select(CampaignStat).where(CampaignStat.campaign_id == campaign_id))
    return {(row.kind, row.link_no, row.actor): row.count for row in rows}


def events(session: Session) -> list[Event]:
    return list(session.scalars(select(Event).order_by(Event.id)))


def test_a_reader_who_agreed_leaves_an_event_and_a_count(world: World) -> None:
    campaign_id = world.sent_to(world.reader("yes@school.example", tracking=True))
    with world.database.writing() as session:
        write(session, [an_open(world, campaign_id), a_click(world, campaign_id, link_no=3)], Tracking.CONSENT)
    with world.database.reading() as session:
        assert [(e.kind, e.seq, e.link_no, e.actor, e.provider) for e in events(session)] == [
            (EventKind.CLICK, 1, 3, Actor.HUMAN, "web"),
            (EventKind.OPEN, 1, OPEN_LINK, Actor.HUMAN, "web"),
        ]
        assert counted(session, campaign_id) == {
            (EventKind.OPEN, 0, Actor.HUMAN): 1,
            (EventKind.CLICK, 3, Actor.HUMAN): 1,
        }


def test_a_reader_who_did_not_agree_leaves_only_a_count(world: World) -> None:  # M41
    campaign_id = world.sent_to(world.reader("no@school.example"))
    with world.database.writing() as session:
        write(session, [an_open(world, campaign_id), an_open(world, campaign_id)], Tracking.CONSENT)
    with world.database.reading() as session:
        assert events(session) == []
        assert counted(session, campaign_id) == {(EventKind.OPEN, 0, Actor.HUMAN): 2}


def test_a_withdrawal_works_for_a_mail_sent_before_it(world: World) -> None:  # M42
    reader = world.reader("was-yes@school.example", tracking=True)
    campaign_id = world.sent_to(reader)
    with world.database.writing() as session:
        session.get_one(type(reader), reader.id).tracking = False
        session.flush()
        write(session, [an_open(world, campaign_id)], Tracking.CONSENT)
        assert events(session) == []


@pytest.mark.parametrize(("tracking", "kept", "counts"), [("personal", 1, 1), ("counts", 0, 1), ("off", 0, 0)])
def test_the_setting_decides_what_is_kept(world: World, tracking: str, kept: int, counts: int) -> None:
    campaign_id = world.sent_to(world.reader("reader@school.example"))
    with world.database.writing() as session:
        write(session, [an_open(world, campaign_id)], Tracking(tracking))
        assert len(events(session)) == kept
        assert sum(counted(session, campaign_id).values()) == counts


def test_nobody_is_written_about_once_they_are_erased(world: World) -> None:
    campaign_id = world.sent_to(world.reader("gone@school.example"))
    with world.database.writing() as session:
        session.get_one(Delivery, (campaign_id, 1)).subscriber_id = None
        session.flush()
        write(session, [an_open(world, campaign_id), an_open(world, campaign_id, seq=99)], Tracking.PERSONAL)
        assert events(session) == []
        assert counted(session, campaign_id) == {(EventKind.OPEN, 0, Actor.HUMAN): 2}


def test_counters_grow_by_hour_and_by_who_asked(world: World) -> None:
    campaign_id = world.sent_to(world.reader("reader@school.example"))
    for _ in range(2):
        with world.database.writing() as session:
            head = an_open(world, campaign_id, method="HEAD", user_agent="a scanner's")
            write(session, [an_open(world, campaign_id), head], Tracking.COUNTS)
    world.app.clock.offset += timedelta(hours=1)
    with world.database.writing() as session:
        write(session, [an_open(world, campaign_id)], Tracking.COUNTS)
    with world.database.reading() as session:
        rows = session.scalars(select(CampaignStat).order_by(CampaignStat.hour, CampaignStat.actor)).all()
    assert [(row.actor, row.count) for row in rows] == [(Actor.HUMAN, 2), (Actor.MACHINE, 2), (Actor.HUMAN, 1)]
    assert {(row.hour.minute, row.hour.second) for row in rows} == {(0, 0)}


def test_a_scanner_seconds_after_the_acceptance_is_kept_apart(world: World) -> None:  # M39
    campaign_id = world.sent_to(world.reader("reader@school.example", tracking=True))
    with world.database.writing() as session:
        session.get_one(Delivery, (campaign_id, 1)).updated_at = world.app.clock.now() - timedelta(seconds=1)
        session.flush()
        write(session, [an_open(world, campaign_id, user_agent="Barracuda scanner")], Tracking.CONSENT)
        session.get_one(Delivery, (campaign_id, 1)).state = DeliveryState.ATTEMPTING
        session.flush()
        write(session, [an_open(world, campaign_id, prefetched=True, user_agent="")], Tracking.CONSENT)
        assert {event.actor for event in events(session)} == {Actor.MACHINE}


def test_a_client_that_reloads_fills_counters_but_not_the_table(world: World) -> None:
    campaign_id = world.sent_to(world.reader("reader@school.example", tracking=True))
    for _ in range(3):
        with world.database.writing() as session:
            write(session, [an_open(world, campaign_id), an_open(world, campaign_id)], Tracking.CONSENT)
    with world.database.reading() as session:
        assert len(events(session)) == 1
        assert counted(session, campaign_id) == {(EventKind.OPEN, 0, Actor.HUMAN): 6}


def test_a_hostile_agent_is_kept_cut_and_without_controls(world: World) -> None:  # F26
    campaign_id = world.sent_to(world.reader("reader@school.example", tracking=True))
    agent = "<script>\x00\x1b[31m" + "x" * 5000
    with world.database.writing() as session:
        write(session, [an_open(world, campaign_id, user_agent=agent)], Tracking.CONSENT)
        kept = events(session)[0].detail["user_agent"]
    assert kept.startswith("<script>[31mxxx")
    assert len(kept) == 200


@contextmanager
def running(recorder: Recorder) -> Iterator[Recorder]:
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


class Watched(Database):
    """A database that counts its write transactions, can hold them back, and can be away."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.transactions, self.is_away = 0, False
        self.entered, self.released = Flag(), Flag()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        self.transactions += 1
        self.entered.set()
        self.released.wait(20)
        if self.is_away:
            raise OperationalError("BEGIN", {}, Exception("away"))
        with super().writing() as session:
            yield session


@pytest.fixture
def watched(database_url: str) -> Iterator[Watched]:
    database = Watched(database_url)
    yield database
    database.close()


def test_requests_that_come_during_a_commit_share_the_next_one(world: World, watched: Watched) -> None:
    campaign_id = world.sent_to(world.reader("reader@school.example", tracking=True))
    with running(Recorder(watched, Tracking.CONSENT)) as recorder:
        first = recorder.record(an_open(world, campaign_id))
        assert watched.entered.wait(20)
        later = [recorder.record(a_click(world, campaign_id)) for _ in range(50)]
        assert not first.done()
        watched.released.set()
        for future in (first, *later):
            future.result(20)
    assert watched.transactions == 2
    with world.database.reading() as session:
        assert sum(counted(session, campaign_id).values()) == 51


def test_a_large_crowd_is_written_in_groups(world: World, watched: Watched) -> None:
    campaign_id = world.sent_to(world.reader("reader@school.example"))
    with running(Recorder(watched, Tracking.CONSENT)) as recorder:
        recorder.record(an_open(world, campaign_id))
        assert watched.entered.wait(20)
        crowd = [recorder.record(an_open(world, campaign_id)) for _ in range(LARGEST_GROUP + 1)]
        watched.released.set()
        crowd[-1].result(30)
    assert watched.transactions == 3


def test_a_client_that_went_away_is_counted_all_the_same(world: World, watched: Watched) -> None:
    campaign_id = world.sent_to(world.reader("reader@school.example"))
    with running(Recorder(watched, Tracking.CONSENT)) as recorder:
        recorder.record(an_open(world, campaign_id))
        assert watched.entered.wait(20)
        assert recorder.record(an_open(world, campaign_id)).cancel()
        watched.released.set()
    with world.database.reading() as session:
        assert sum(counted(session, campaign_id).values()) == 2


def test_those_who_wait_hear_that_the_database_is_away_and_the_recorder_goes_on(world: World, watched: Watched) -> None:
    campaign_id = world.sent_to(world.reader("reader@school.example"))
    watched.released.set()
    watched.is_away = True
    with running(Recorder(watched, Tracking.CONSENT)) as recorder:
        with pytest.raises(OperationalError):
            recorder.record(an_open(world, campaign_id)).result(20)
        watched.is_away = False
        recorder.record(an_open(world, campaign_id)).result(20)


def test_what_waits_is_written_before_the_recorder_stops(world: World) -> None:
    campaign_id = world.sent_to(world.reader("reader@school.example"))
    recorder = Recorder(world.database, Tracking.CONSENT)
    recorder.start()
    waiting = [recorder.record(an_open(world, campaign_id)) for _ in range(20)]
    recorder.stop()
    recorder.stop()
    assert all(future.result(0) is None for future in waiting)
    with pytest.raises(RecorderStopped, match="Try again"):
        recorder.record(an_open(world, campaign_id)).result(0)


def test_tracking_off_costs_nothing(world: World, watched: Watched) -> None:
    with running(Recorder(watched, Tracking.OFF)) as recorder:
        recorder.record(an_open(world, 1)).result(0)
    assert watched.transactions == 0


def test_targets_of_live_campaigns_are_remembered_and_others_looked_up(world: World) -> None:
    reader = world.reader("reader@school.example")
    live = world.sent_to(reader, targets=("https://a.example/",))
    world.app.clock.offset -= timedelta(days=60)
    old = world.sent_to(reader, targets=("https://b.example/",))
    world.app.clock.offset += timedelta(days=60)
    targets = Targets(world.database)
    targets.preload(world.app.clock.now())
    assert targets.remembered(live, FIRST_LINK) == "https://a.example/"
    assert targets.remembered(old, FIRST_LINK) is None
    assert targets.look_up(old, FIRST_LINK) == "https://b.example/"
    assert targets.remembered(old, FIRST_LINK) == "https://b.example/"
    assert targets.look_up(live, FIRST_LINK + 1) is None
