"""Who opened and clicked, as requests come one by one, in groups, in several processes, and judged again later."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from newsletter.clock import Clock
from newsletter.events import persons, reach, rejudging, retention
from newsletter.events.judging import MOST_COPIES, Judge
from newsletter.events.networks import NetworkLists, Networks
from newsletter.events.rejudging import EventsGone
from newsletter.events.requests import Fact, Request, clicked, opened
from newsletter.events.tables import Actor, CampaignReach, CampaignStat, Event, EventKind, Reached
from newsletter.events.visits import Visit
from newsletter.events.writing import write
from newsletter.ledger.states import CampaignNotFound
from newsletter.ledger.tables import Link
from newsletter.rendering import hidden_links
from newsletter.settings import Tracking
from newsletter.tokens import FIRST_LINK, OPEN_LINK, MailClaim
from subscribers.db import Database
from subscribers.tables import Subscriber
from tests.support.web_world import BROWSER, World, new_world

LINKS = tuple(f"https://school.example/{n}" for n in range(8))
HIDDEN = FIRST_LINK + len(LINKS)
OTHER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
HOSTER = "198.51.100.0/24"
YES, NO = 1, 2


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock)


@pytest.fixture
def campaign_id(world: World) -> int:
    """Sent to a reader who agreed and to one who did not."""
    readers = world.reader("yes@school.example", tracking=True), world.reader("no@school.example")
    return world.sent_to(*readers, targets=(*LINKS, hidden_links.TARGET))


class Log:
    """Requests for one copy, at seconds after now."""

    def __init__(self, world: World, campaign_id: int, seq: int = YES) -> None:
        self._now, self._campaign_id, self._seq = world.app.clock.now(), campaign_id, seq

    def click(self, link: int, seconds: float = 0, **request: Any) -> Fact:
        return clicked(MailClaim(self._campaign_id, self._seq, FIRST_LINK + link), self._request(seconds, request))

    def open(self, seconds: float = 0, **request: Any) -> Fact:
        return opened(MailClaim(self._campaign_id, self._seq, OPEN_LINK), self._request(seconds, request))

    def _request(self, seconds: float, request: dict[str, Any]) -> Request:
        usual = {"method": "GET", "user_agent": BROWSER, "network": "192.0.2.0/24"}
        return Request(self._now + timedelta(seconds=seconds), **(usual | request))


def keep(world: World, *facts: Fact, judge: Judge | None = None, tracking: Tracking = Tracking.CONSENT) -> None:
    with world.database.writing() as session:
        write(session, facts, tracking, judge)


def actors(world: World) -> list[Actor]:
    """Of the events, in the order of their requests."""
    with world.database.reading() as session:
        return list(session.scalars(select(Event.actor).order_by(Event.occurred_at, Event.id)))


def signals(world: World) -> list[list[str]]:
    with world.database.reading() as session:
        events = session.scalars(select(Event).order_by(Event.occurred_at, Event.id)).all()
    return [event.detail["signals"] for event in events]


def requests(world: World) -> dict[Actor, int]:
    with world.database.reading() as session:
        rows = session.execute(select(CampaignStat.actor, func.sum(CampaignStat.count)).group_by(CampaignStat.actor))
        return {actor: int(count) for actor, count in rows}


def figures(world: World) -> dict[tuple[EventKind, int, Actor], int]:
    """The copies that something reached, without those that nothing reaches any more."""
    with world.database.reading() as session:
        rows = session.scalars(select(CampaignReach)).all()
        return {(row.kind, row.link_no, row.actor): row.copies for row in rows if row.copies}


def reached(world: World) -> set[tuple[int, EventKind, int, Actor]]:
    with world.database.reading() as session:
        return {(row.seq, row.kind, row.link_no, row.actor) for row in session.scalars(select(Reached))}


def rebuilt(world: World, campaign_id: int) -> None:
    with world.database.writing() as session:
        reach.rebuild(session, campaign_id)


def test_what_a_verdict_stands_on_is_kept_with_the_event_of_who_agreed(world: World, campaign_id: int) -> None:
    keep(world, Log(world, campaign_id).open(network=HOSTER), judge=Judge())
    with world.database.reading() as session:
        (event,) = session.scalars(select(Event))
    assert event.detail == {
        "user_agent": BROWSER,
        "method": "GET",
        "network": HOSTER,
        "prefetch": False,
        "seconds": pytest.approx(3600, abs=60),
        "signals": [],
    }


def test_a_later_request_that_shows_a_burst_changes_the_earlier_ones(world: World, campaign_id: int) -> None:
    log, judge = Log(world, campaign_id), Judge()
    seen = []
    for link in range(6):
        keep(world, log.click(link, link * 0.5), judge=judge)
        seen.append(actors(world)[0])
    assert seen == [Actor.HUMAN, Actor.HUMAN, *[Actor.UNKNOWN] * 3, Actor.MACHINE]
    assert set(actors(world)) == {Actor.MACHINE}
    assert set(map(tuple, signals(world))) == {("together", "too-many")}


def test_figures_follow_an_event_to_another_actor(world: World, campaign_id: int) -> None:
    log, judge = Log(world, campaign_id), Judge()
    keep(world, log.click(0, -1800), judge=judge)
    for link in range(6):
        keep(world, log.click(link, link * 0.5), judge=judge)
    found = figures(world)
    assert found[EventKind.CLICK, 0, Actor.HUMAN] == 1  # the one of half an hour before
    assert found[EventKind.CLICK, FIRST_LINK, Actor.HUMAN] == 1
    assert found[EventKind.CLICK, 0, Actor.MACHINE] == 1
    assert (EventKind.CLICK, FIRST_LINK + 1, Actor.HUMAN) not in found
    assert Actor.UNKNOWN not in {actor for _, _, actor in found}
    before = found, reached(world)
    rebuilt(world, campaign_id)
    assert (figures(world), reached(world)) == before


def test_a_burst_over_several_processes_is_seen_by_the_last_of_them(world: World, campaign_id: int) -> None:
    log = Log(world, campaign_id)
    for link in range(6):
        keep(world, log.click(link, link * 0.2), judge=Judge())  # a process each: none remembers another's
    assert actors(world) == [Actor.MACHINE] * 6


def test_a_burst_on_a_reader_of_whom_nothing_is_kept_is_seen_in_memory(world: World, campaign_id: int) -> None:
    log, judge = Log(world, campaign_id, NO), Judge()
    for link in range(8):
        keep(world, log.click(link, link * 0.1), judge=judge)
    assert actors(world) == []
    assert requests(world) == {Actor.HUMAN: 2, Actor.UNKNOWN: 3, Actor.MACHINE: 3}  # as each was judged when it came


def test_what_comes_in_one_group_is_judged_as_one(world: World, campaign_id: int) -> None:
    log = Log(world, campaign_id, NO)
    keep(world, *(log.click(link, link * 0.1) for link in range(8)), log.open(0.3))
    assert requests(world) == {Actor.MACHINE: 9}


def test_two_readers_clicks_in_one_group_are_no_burst(world: World, campaign_id: int) -> None:
    one, other = Log(world, campaign_id), Log(world, campaign_id, NO)
    keep(world, *(log.click(link, link) for link in range(2) for log in (one, other)))
    assert requests(world) == {Actor.HUMAN: 4}


def test_the_hidden_link_makes_a_machine_of_what_its_client_asked_before(world: World, campaign_id: int) -> None:
    log, judge = Log(world, campaign_id), Judge()
    keep(world, log.open(0), log.click(0, 1), judge=judge)
    assert actors(world) == [Actor.HUMAN] * 2
    keep(world, log.click(len(LINKS), 4), judge=judge)
    assert actors(world) == [Actor.MACHINE] * 3
    assert figures(world)[EventKind.OPEN, 0, Actor.MACHINE] == 1


def test_a_reader_and_a_scanner_of_one_copy_in_the_same_minute_are_both_kept(world: World, campaign_id: int) -> None:
    log = Log(world, campaign_id)
    keep(world, log.click(0, 0, method="HEAD", user_agent="curl/8.9"), log.click(0, 20))
    assert actors(world) == [Actor.MACHINE, Actor.HUMAN]


def test_clients_that_are_made_up_do_not_fill_the_table(world: World, campaign_id: int) -> None:
    log = Log(world, campaign_id)
    keep(world, *(log.open(0, user_agent=f"{BROWSER}{n}") for n in range(500)))
    assert len(actors(world)) <= 16


def test_what_is_remembered_is_bounded(world: World, campaign_id: int) -> None:
    judge, fact = Judge(), Log(world, campaign_id).open()
    visit = Visit.of(fact, None, None)
    judge.verdicts([((1, seq), visit) for seq in range(MOST_COPIES + 50)])
    judge.verdicts([((1, MOST_COPIES + 49), visit)] * 1000)
    assert len(judge._recent) == MOST_COPIES  # noqa: SLF001 - the bound is the contract
    assert max(map(len, judge._recent.values())) == 64  # noqa: SLF001


def test_a_listed_network_counts_from_the_moment_its_file_names_it(
    world: World, campaign_id: int, tmp_path: Path
) -> None:
    file = tmp_path / "networks.txt"
    file.write_text("", encoding="utf-8")
    log, judge = Log(world, campaign_id), Judge(NetworkLists([file]))
    keep(world, log.open(0, network=HOSTER), judge=judge)
    file.write_text("198.51.0.0/16 a hoster\n", encoding="utf-8")
    keep(world, log.open(70, network=HOSTER), judge=judge)
    assert signals(world) == [[], ["network"]]


def test_todays_lists_judge_what_was_kept_before(world: World, campaign_id: int) -> None:
    log = Log(world, campaign_id)
    keep(world, log.open(0, network=HOSTER, prefetched=True), log.click(0, 60), log.click(1, 90, network=HOSTER))
    assert actors(world) == [Actor.UNKNOWN, Actor.HUMAN, Actor.HUMAN]
    lists = Networks([ip_network("198.51.0.0/16")])
    moved = rejudging.reclassify(world.database, campaign_id, lists, dry_run=True)
    assert actors(world) == [Actor.UNKNOWN, Actor.HUMAN, Actor.HUMAN]
    assert rejudging.reclassify(world.database, campaign_id, lists) == moved
    assert moved == {
        (Actor.UNKNOWN, Actor.MACHINE): 1,
        (Actor.HUMAN, Actor.HUMAN): 1,
        (Actor.HUMAN, Actor.UNKNOWN): 1,
    }
    assert actors(world) == [Actor.MACHINE, Actor.HUMAN, Actor.UNKNOWN]
    assert figures(world) == {
        (EventKind.OPEN, 0, Actor.MACHINE): 1,
        (EventKind.CLICK, 0, Actor.HUMAN): 1,
        (EventKind.CLICK, 0, Actor.UNKNOWN): 1,
        (EventKind.CLICK, FIRST_LINK, Actor.HUMAN): 1,
        (EventKind.CLICK, FIRST_LINK + 1, Actor.UNKNOWN): 1,
    }
    assert requests(world) == {Actor.HUMAN: 2, Actor.UNKNOWN: 1}  # counters hold nobody, and stay as they were judged
    assert rejudging.reclassify(world.database, campaign_id, Networks(())).total() == 3
    assert actors(world) == [Actor.UNKNOWN, Actor.HUMAN, Actor.HUMAN]


def test_judging_again_goes_page_by_page_and_comes_to_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejudging, "PAGE", 2)
    readers = [world.reader(f"r{n}@school.example", tracking=True) for n in range(7)]
    campaign_id = world.sent_to(*readers, targets=LINKS)
    for seq in range(1, 8):
        log = Log(world, campaign_id, seq)
        keep(world, log.open(0, network=HOSTER), *(log.click(link, 30 + link) for link in range(seq)))
    before = actors(world)
    pages: list[int] = []
    moved = rejudging.reclassify(world.database, campaign_id, Networks(()), progress=pages.append)
    assert (actors(world), pages) == (before, [2, 2, 2, 1])
    assert all(was is now for was, now in moved)


def test_rebuilding_gives_the_figures_that_were_counted_on_the_way(world: World) -> None:
    readers = [world.reader(f"r{n}@school.example", tracking=True) for n in range(12)]
    campaign_id = world.sent_to(*readers, targets=(*LINKS, hidden_links.TARGET))
    judge = Judge()
    for seq in range(1, 13):
        log = Log(world, campaign_id, seq)
        keep(world, log.open(seq), log.open(seq + 80, user_agent="Mozilla/5.0"), judge=judge)
        for link in range(seq % 9):
            keep(world, log.click(link, link * (seq % 3)), judge=judge)
    counted = figures(world), reached(world)
    assert {actor for *_, actor in counted[1]} == set(Actor)
    rebuilt(world, campaign_id)
    assert (figures(world), reached(world)) == counted


def test_figures_hold_while_many_write_and_one_counts_anew(world: World) -> None:
    readers = [world.reader(f"r{n}@school.example", tracking=True) for n in range(30)]
    campaign_id = world.sent_to(*readers, targets=(*LINKS, hidden_links.TARGET))

    def storm(process: int) -> None:
        chance, judge = random.Random(process), Judge()  # noqa: S311 - the same storm each time
        for n in range(25):
            log = Log(world, campaign_id, chance.randint(1, 30))
            at = n * 40 + process
            facts = [log.click(link, at + link * 0.3) for link in chance.sample(range(9), chance.randint(1, 6))]
            keep(world, log.open(at, user_agent=chance.choice((BROWSER, "curl/8.9"))), *facts, judge=judge)

    def again(_: int) -> None:
        for _ in range(5):
            rejudging.reclassify(world.database, campaign_id, Networks(()))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda task: task[0](task[1]), [(storm, 1), (storm, 2), (storm, 3), (again, 4)]))
    counted = figures(world), reached(world)
    assert {actor for *_, actor in counted[1]} == set(Actor)
    rebuilt(world, campaign_id)
    assert (figures(world), reached(world)) == counted


def test_after_an_erasure_the_class_and_its_reasons_stay(world: World, campaign_id: int) -> None:
    log, now = Log(world, campaign_id), world.app.clock.now()
    keep(world, *(log.click(link, link * 0.1) for link in range(8)))
    with world.database.writing() as session:
        reader = session.scalars(select(Subscriber).where(Subscriber.address == "yes@school.example")).one()
        told = persons.held(session, reader)["events"][0]["detail"]
        assert (told["network"], told["signals"]) == ("192.0.2.0/24", ["together", "too-many", "thorough"])
        persons.forget(session, [reader.id], now)
    with world.database.reading() as session:
        details = session.scalars(select(Event.detail)).all()
    assert {tuple(detail) for detail in details} == {("signals",)}
    before = figures(world)
    assert rejudging.reclassify(world.database, campaign_id, Networks(())).total() == 0
    assert (figures(world), set(actors(world))) == (before, {Actor.MACHINE})


def test_a_campaign_that_is_partly_forgotten_is_left_as_it_was_counted(world: World, campaign_id: int) -> None:
    log = Log(world, campaign_id)
    keep(world, log.open(0), log.click(0, 20))
    before = figures(world)
    clocks = [clock for clock in retention.clocks(world.app.settings) if clock.name == "opens, clicks and bounces"]
    went, _ = retention.purge(world.database, clocks, world.app.clock.now() + timedelta(days=10_000))
    assert went == {"opens, clicks and bounces": 2}
    assert (reached(world), figures(world)) == (set(), before)
    with pytest.raises(EventsGone, match=f"campaign {campaign_id} is no longer kept"):
        rejudging.reclassify(world.database, campaign_id, Networks(()))
    assert figures(world) == before


def test_what_still_has_an_event_is_not_forgotten_with_an_older_one(world: World, campaign_id: int) -> None:
    log = Log(world, campaign_id)
    keep(world, log.click(0, 0), log.click(0, 86_400 * 3))
    clocks = [
        replace(clock, days=1) for clock in retention.clocks(world.app.settings) if clock.name.startswith("opens")
    ]
    went, _ = retention.purge(world.database, clocks, world.app.clock.now() + timedelta(days=3))
    assert went == {"opens, clicks and bounces": 1}
    assert len(reached(world)) == 2
    with world.database.reading() as session:
        assert reach.is_whole(session, campaign_id)


def test_a_campaign_that_is_not_there_is_not_judged(world: World) -> None:
    with pytest.raises(CampaignNotFound):
        rejudging.reclassify(world.database, 99, Networks(()))


def test_an_older_event_that_tells_too_little_keeps_its_class(world: World, campaign_id: int) -> None:
    keep(world, Log(world, campaign_id).open(0, user_agent="curl/8.9"))
    with world.database.writing() as session:
        session.scalars(select(Event)).one().detail = {"user_agent": BROWSER}
    rejudging.reclassify(world.database, campaign_id, Networks(()))
    assert actors(world) == [Actor.UNKNOWN]


def test_a_campaign_without_a_hidden_link_has_none(world: World) -> None:
    campaign_id = world.sent_to(world.reader("yes@school.example", tracking=True), targets=LINKS)
    judge = Judge()
    with world.database.reading() as session:
        assert judge.hidden_no(session, campaign_id) is None
        assert session.scalars(select(Link.no).where(Link.campaign_id == campaign_id)).all()
    keep(world, Log(world, campaign_id).click(0), judge=judge)
    assert actors(world) == [Actor.HUMAN]
