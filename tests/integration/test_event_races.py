"""Opens and clicks that are written while their reader is erased, takes back a consent, or is judged again."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.events import persons, reach, rejudging, writing
from newsletter.events.networks import Networks
from newsletter.events.requests import Fact
from newsletter.events.tables import Actor, CampaignReach, EventKind
from newsletter.events.writing import write
from newsletter.settings import Tracking
from newsletter.tokens import FIRST_LINK
from subscribers import consent
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.tables import Purpose, Subscriber
from tests.support.facts import a_click, counted, events
from tests.support.threads import wait_until_blocked
from tests.support.web_world import World, new_world

NETWORK = "192.0.2.0/24"
LINKS = tuple(f"https://school.example/{n}" for n in range(8))
Meanwhile = Callable[[World, Subscriber], object]


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock)


@pytest.fixture
def reader(world: World) -> Subscriber:
    return world.reader("reader@school.example", tracking=True)


@pytest.fixture
def campaign_id(world: World, reader: Subscriber) -> int:
    return world.sent_to(reader, targets=LINKS)


def click(world: World, campaign_id: int, link: int = 0, seconds: float = 0, **request: Any) -> Fact:
    at = world.app.clock.now() + timedelta(seconds=seconds)
    return a_click(world, campaign_id, link_no=FIRST_LINK + link, at=at, network=NETWORK, **request)


def keep(world: World, *facts: Fact) -> None:
    with world.database.writing() as session:
        write(session, facts, Tracking.CONSENT)


def erase(world: World, reader: Subscriber) -> None:
    with world.database.writing() as session:
        persons.forget(session, [reader.id], world.app.clock.now())


def take_back(world: World, reader: Subscriber) -> None:
    with world.database.writing() as session:
        known = session.get_one(Subscriber, reader.id)
        now = world.app.clock.now()
        consent.record(session, known, Purpose.TRACKING, given=False, evidence=Evidence("form"), now=now)


def figures(world: World) -> dict[tuple[EventKind, int, Actor], int]:
    with world.database.reading() as session:
        rows = session.scalars(select(CampaignReach)).all()
        return {(row.kind, row.link_no, row.actor): row.copies for row in rows if row.copies}


def during(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, world: World, meanwhile: Callable[[], object]
) -> list[Future[object]]:
    """Let something else begin, and wait for us, as soon as this function of a module is done."""
    done, thread = getattr(module, name), ThreadPoolExecutor(1)
    begun: list[Future[object]] = []

    def and_then(*arguments: Any, **named: Any) -> object:
        result = done(*arguments, **named)
        if not begun:
            begun.append(thread.submit(meanwhile))
            wait_until_blocked(world.database)
        return result

    monkeypatch.setattr(module, name, and_then)
    return begun


def test_who_is_erased_while_their_click_is_written_leaves_no_browser_and_no_network(
    world: World, reader: Subscriber, campaign_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (erasing,) = _written_beside(world, campaign_id, monkeypatch, lambda: erase(world, reader))
    erasing.result()
    assert [event.detail for event in events(world)] == [{"signals": []}]


def test_who_takes_consent_back_while_their_click_is_written_does_so_after_it(
    world: World, reader: Subscriber, campaign_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (taking,) = _written_beside(world, campaign_id, monkeypatch, lambda: take_back(world, reader))
    taking.result()
    keep(world, click(world, campaign_id, 1))
    assert (len(events(world)), counted(world)) == (1, 2)


def _written_beside(
    world: World, campaign_id: int, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]
) -> Sequence[Future[object]]:
    begun = during(monkeypatch, writing, "_copies", world, meanwhile)
    keep(world, click(world, campaign_id))
    return begun


@pytest.mark.parametrize("go", [erase, take_back])
def test_a_click_that_comes_while_its_reader_goes_is_counted_and_not_kept(
    world: World, reader: Subscriber, campaign_id: int, go: Meanwhile
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with world.database.writing() as session:
            if go is erase:
                persons.forget(session, [reader.id], world.app.clock.now())
            else:
                session.get_one(Subscriber, reader.id).tracking = False
                session.flush()
            writes = thread.submit(keep, world, click(world, campaign_id))
            wait_until_blocked(world.database)
        writes.result()
    assert (len(events(world)), counted(world)) == (0, 1)


def test_judging_again_brings_nothing_back_of_who_is_erased_meanwhile(
    world: World, reader: Subscriber, campaign_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(world, click(world, campaign_id, user_agent="curl/8.9"))
    (was,) = events(world)
    begun = during(monkeypatch, rejudging, "_kept", world, lambda: erase(world, reader))
    rejudging.reclassify(world.database, campaign_id, Networks([ip_network(NETWORK)]))
    begun[0].result()
    (event,) = events(world)
    assert (was.actor, was.detail["signals"]) == (Actor.UNKNOWN, ["agent"])
    assert (event.actor, event.detail) == (Actor.MACHINE, {"signals": ["agent", "network"]})


def test_a_copy_stays_a_persons_when_their_other_click_is_written_while_the_first_is_judged_again(
    world: World, campaign_id: int
) -> None:
    keep(world, click(world, campaign_id))
    burst = [click(world, campaign_id, link, 1 + link * 0.1) for link in range(1, 7)]
    with ThreadPoolExecutor(1) as thread:
        with world.database.writing() as session:  # another process: what waited in its spool
            write(session, [click(world, campaign_id, 0, 7200)], Tracking.CONSENT)
            bursts = thread.submit(keep, world, *burst)
            wait_until_blocked(world.database)
        bursts.result()
    before = figures(world)
    assert before[EventKind.CLICK, 0, Actor.HUMAN] == before[EventKind.CLICK, 0, Actor.MACHINE] == 1
    with world.database.writing() as session:
        reach.rebuild(session, campaign_id)
    assert figures(world) == before


def test_no_scanner_takes_the_place_of_a_person_in_the_same_minute(world: World, campaign_id: int) -> None:
    begin = 60.0 - world.app.clock.now().second
    keep(world, *(click(world, campaign_id, 0, begin, method="HEAD", user_agent=f"curl/8.{n}") for n in range(200)))
    keep(world, click(world, campaign_id, 0, begin + 30))
    found = [event.actor for event in events(world)]
    assert found.count(Actor.HUMAN) == 1
    assert found.count(Actor.MACHINE) <= 16
