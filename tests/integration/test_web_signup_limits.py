"""The sign-up form is no weapon, and tells nobody who is on a list."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import perf_counter
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign, Delivery
from newsletter.web.application import EVEN_ANSWER_SECONDS
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import ConsentRecord, Subscriber, SubscriptionState, SuppressionReason
from tests.support.web_server import served, visiting
from tests.support.web_world import World, new_world

PROXY = "127.0.0.1"
ROUNDS = 3
CROWD = 32
NEVER = "never@school.example"


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock, trusted_proxies=PROXY, signups_per_network=3, signups_per_domain=10_000)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def sign_up(client: httpx.Client, address: str, *, source: str = "", **fields: str) -> httpx.Response:
    headers = {"X-Forwarded-For": source} if source else {}
    return client.post("/subscribe", data={"email": address, "lists": "monthly"} | fields, headers=headers)


def suppress(world: World, address: str) -> None:
    with world.database.writing() as session:
        suppressions.suppress(
            session,
            world.app.organization,
            EmailAddress.parse(address),
            SuppressionReason.COMPLAINT,
            now=world.app.clock.now(),
        )


def mails(world: World) -> list[str]:
    with world.database.reading() as session:
        of_streams = select(Delivery.to_address).join(Campaign).where(Campaign.stream.is_not(None))
        return list(session.scalars(of_streams.order_by(Delivery.seq)))


def recorded_networks(world: World) -> list[str]:
    with world.database.reading() as session:
        return list(session.scalars(select(ConsentRecord.network_address).order_by(ConsentRecord.id)))


def next_window(world: World) -> None:
    world.app.clock.offset += timedelta(hours=1)


def test_a_network_that_signs_up_too_much_is_told_when_to_try_again(world: World, client: httpx.Client) -> None:
    answers = [sign_up(client, f"x{n}@school.example", source=f"192.0.2.{n}") for n in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert len(mails(world)) == 3
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600
    assert "Please try again in" in answers[-1].text
    assert "To the sign-up page" in answers[-1].text
    next_window(world)
    assert sign_up(client, "x4@school.example", source="192.0.2.4").status_code == 200


def test_the_refusal_is_the_same_for_every_address(world: World, client: httpx.Client) -> None:  # F31
    world.reader("active@school.example")
    suppress(world, NEVER)
    for n in range(3):
        sign_up(client, f"x{n}@school.example", source="192.0.2.1")
    answers = [
        sign_up(client, name, source="192.0.2.1") for name in ("new@school.example", "active@school.example", NEVER)
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(429, answers[0].text)}


@pytest.mark.parametrize("setting", ["signups_per_domain", "signups_per_hour"])
def test_one_domain_and_everybody_together_have_a_limit_too(sqlite_url: str, clock: Clock, setting: str) -> None:
    database = Database(sqlite_url)
    settings: dict[str, Any] = {"trusted_proxies": PROXY, setting: 2}
    world = new_world(database, clock, **settings)
    with visiting(world.app) as client:
        answers = [sign_up(client, f"x{n}@school.example", source=f"192.0.{n}.1").status_code for n in range(3)]
    database.close()
    assert answers == [200, 200, 429]


def test_a_form_with_a_mistake_and_a_trapped_robot_are_not_counted(world: World, client: httpx.Client) -> None:
    for _ in range(5):
        assert sign_up(client, "nonsense", source="192.0.2.1").status_code == 422
        assert sign_up(client, "x@school.example", source="192.0.2.1", homepage="https://pills").status_code == 200
    assert sign_up(client, "ann@school.example", source="192.0.2.1").status_code == 200
    assert mails(world) == ["ann@school.example"]


def test_the_client_is_whom_the_trusted_proxy_saw_last(world: World, client: httpx.Client) -> None:  # F26
    sign_up(client, "a@school.example", source="6.6.6.6, 192.0.2.7")
    sign_up(client, "b@school.example", source="6.6.6.6, 192.0.2.8, 127.0.0.1")
    sign_up(client, "c@school.example", source="2001:db8::1")
    sign_up(client, "d@school.example")
    assert recorded_networks(world) == ["192.0.2.7", "192.0.2.8", "2001:db8::1", PROXY]


@pytest.mark.parametrize("proxies", ["", "192.0.2.0/24 2001:db8::/32"])
def test_forwarding_by_anybody_else_is_not_believed(sqlite_url: str, clock: Clock, proxies: str) -> None:  # F26
    database = Database(sqlite_url)
    world = new_world(database, clock, trusted_proxies=proxies, signups_per_network=2)
    with visiting(world.app) as client:
        answers = [sign_up(client, f"x{n}@school.example", source=f"192.0.{n}.1") for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert set(recorded_networks(world)) == {PROXY}
    database.close()


def test_no_origin_is_kept_where_the_settings_keep_none(sqlite_url: str, clock: Clock) -> None:
    database = Database(sqlite_url)
    world = new_world(database, clock, keep_evidence_days=0)
    with visiting(world.app) as client:
        sign_up(client, "ann@school.example")
    with database.reading() as session:
        record = session.scalars(select(ConsentRecord)).one()
    database.close()
    assert (record.network_address, record.user_agent) == ("", "")
    assert record.wording


@pytest.mark.slow
def test_new_pending_active_suppressed_and_trapped_cannot_be_told_apart(
    database: Database, clock: Clock
) -> None:  # F31 M60
    world = new_world(database, clock, trusted_proxies=PROXY)
    world.reader("active@school.example")
    world.reader("pending@school.example", state=SubscriptionState.PENDING)
    suppress(world, NEVER)
    pages, times = set(), []
    with visiting(world.app, even_answer_seconds=EVEN_ANSWER_SECONDS) as client:
        for number in range(ROUNDS):
            for name in ("new", "pending", "active", "never", "robot"):
                address = f"{name}{number if name in ('new', 'robot') else ''}@school.example"
                trap = {"homepage": "x"} if name == "robot" else {}
                begun = perf_counter()
                answer = sign_up(client, address, source=f"10.{number}.{len(name)}.1", **trap)
                times.append(perf_counter() - begun)
                pages.add((answer.status_code, answer.text.replace(address, "ADDRESS"), tuple(sorted(answer.headers))))
    assert len(pages) == 1
    assert min(times) >= EVEN_ANSWER_SECONDS
    with database.reading() as session:
        assert session.scalars(select(func.count()).where(Subscriber.address.like("robot%"))).one() == 0


@pytest.mark.slow
def test_a_thousand_sign_ups_from_500_networks_send_one_victim_one_mail_a_window(
    database: Database, clock: Clock
) -> None:  # F32 M60
    world = new_world(database, clock, trusted_proxies=PROXY, signups_per_domain=10_000)
    suppress(world, "never@gmail.com")

    def attack(client: httpx.Client, number: int) -> int:
        dotted = "vic.tim" if number % 2 else "v.i.c.t.i.m"
        victim = f"{dotted}+{number}@{'gmail' if number % 3 else 'googlemail'}.com"
        address = "Never@gmail.com" if number % 10 == 0 else victim
        return sign_up(client, address, source=f"10.{number % 500 // 250}.{number % 250}.{number % 7}").status_code

    with served(world.app) as url, ThreadPoolExecutor(CROWD) as crowd:
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=url, timeout=60, limits=limits) as client:
            assert set(crowd.map(lambda number: attack(client, number), range(1000))) == {200}
            assert len(mails(world)) == 1
            next_window(world)
            assert set(crowd.map(lambda number: attack(client, number), range(100))) == {200}
            assert len(mails(world)) == 2
    assert not [to for to in mails(world) if to.lower().startswith("never")]


def test_a_crowd_that_signs_up_one_address_in_every_way_is_answered_well(world: World) -> None:
    def one(number: int) -> int:
        data = {"email": f"{'aA'[number % 2]}nn@school.example", "lists": "monthly", "name": f"Ann {number}"}
        children = {"children": str(number % 12 + 1)}
        return httpx.post(
            f"{url}/subscribe", data=data | children, headers={"X-Forwarded-For": f"10.0.{number}.1"}, timeout=60
        ).status_code

    with served(world.app) as url, ThreadPoolExecutor(CROWD) as crowd:
        assert set(crowd.map(one, range(64))) == {200}
    assert len(mails(world)) == 1
    with world.database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Subscriber)).one() == 1
