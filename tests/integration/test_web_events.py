import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
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


def test_targets_of_live_campaigns_are_remembered_and_others_looked_up(world: World) -> None:
    reader = world.reader("reader@school.example")
    live = world.sent_to(reader, targets=("https://a.example/",))
    world.app.clock.offset -= timedelta(days=60)
    old = world.sent_to(reader, targets=("https://b.example/",))
    world.app.clock.offset += timedelta(days=60)

    async def scenario() -> None:
        targets = Targets(world.database)
        await targets.start(world.app.clock)
        assert targets.remembered(live, FIRST_LINK) == "https://a.example/"
        assert targets.remembered(old, FIRST_LINK) is None
        found = await asyncio.gather(*(targets.look_up(old, FIRST_LINK) for _ in range(3)))
        assert found == ["https://b.example/"] * 3
        assert targets.remembered(old, FIRST_LINK) == "https://b.example/"
        assert await targets.look_up(live, FIRST_LINK + 1) is None
        targets.stop()

    asyncio.run(scenario())


def test_links_of_a_campaign_that_begins_later_are_read_without_a_click(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # M43
    monkeypatch.setattr("newsletter.events.targets.REFRESH_SECONDS", 0.01)

    async def scenario() -> str | None:
        targets = Targets(world.database)
        await targets.start(world.app.clock)
        begun = world.sent_to(world.reader("reader@school.example"), targets=("https://a.example/",))
        async with asyncio.timeout(20):
            while (found := targets.remembered(begun, FIRST_LINK)) is None:  # noqa: ASYNC110 - a thread reads it
                await asyncio.sleep(0.01)
        targets.stop()
        return found

    assert asyncio.run(scenario()) == "https://a.example/"
