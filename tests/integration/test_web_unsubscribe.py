from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.events.tables import CampaignStat, EventKind
from newsletter.tokens import ReaderPurpose
from subscribers.db import Database
from subscribers.tables import List, Subscriber, Subscription, SubscriptionState
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

CONFIRMED, UNSUBSCRIBED = SubscriptionState.CONFIRMED, SubscriptionState.UNSUBSCRIBED
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock, ("monthly", "workshops"))


@pytest.fixture
def reader(world: World) -> Subscriber:
    return world.reader("maria@school.example", lists=("monthly", "workshops"))


@pytest.fixture
def path(world: World, reader: Subscriber) -> str:
    return f"/unsubscribe/{world.reader_token(ReaderPurpose.UNSUBSCRIBE, reader, 'monthly')}"


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def states(world: World) -> tuple[SubscriptionState, ...]:
    """Monthly, then workshops."""
    with world.database.reading() as session:
        return tuple(session.scalars(select(Subscription.state).order_by(Subscription.list_id)))


def unsubscribes(world: World) -> dict[int, int]:
    with world.database.reading() as session:
        rows = session.scalars(select(CampaignStat).where(CampaignStat.kind == EventKind.UNSUBSCRIBE))
        return {row.campaign_id: row.count for row in rows}


def test_a_one_click_post_leaves_only_that_list(  # M26 M28 M29 M33
    world: World, client: httpx.Client, path: str
) -> None:
    answer = client.post(path, data=ONE_CLICK)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert states(world) == (UNSUBSCRIBED, CONFIRMED)


def test_a_multipart_post_leaves_too(world: World, client: httpx.Client, path: str) -> None:  # M27
    answer = client.post(path, files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert states(world) == (UNSUBSCRIBED, CONFIRMED)


def test_a_second_post_answers_as_the_first(world: World, client: httpx.Client, path: str) -> None:  # M31
    first, second = (client.post(path, data=ONE_CLICK) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.text == second.text
    assert states(world) == (UNSUBSCRIBED, CONFIRMED)


def test_get_and_head_change_nothing(world: World, client: httpx.Client, path: str) -> None:  # M30 F30
    page = client.get(path)
    head = client.head(path)
    assert (page.status_code, head.status_code, head.content) == (200, 200, b"")
    assert "Leave Monthly?" in page.text
    assert "maria@" not in page.text  # a forwarded mail tells nobody's address
    assert states(world) == (CONFIRMED, CONFIRMED)


def test_leaving_can_be_undone_on_the_page(world: World, client: httpx.Client, path: str) -> None:
    left = client.post(path, data=ONE_CLICK)
    assert "Undo: keep sending me <bdi>Monthly</bdi>" in left.text
    back = client.post(path, data={"action": "undo"})
    assert "You are back" in back.text
    assert states(world) == (CONFIRMED, CONFIRMED)
    assert client.post(path, data={"action": "undo"}).status_code == 200
    assert states(world) == (CONFIRMED, CONFIRMED)


def test_the_page_offers_to_leave_everything(world: World, client: httpx.Client, path: str) -> None:
    left = client.post(path, data=ONE_CLICK)
    assert "You still get" in left.text
    assert "Workshops" in left.text
    gone = client.post(path, data={"action": "all"})
    assert "You have left everything" in gone.text
    assert states(world) == (UNSUBSCRIBED, UNSUBSCRIBED)


def test_a_link_works_for_somebody_or_something_that_is_gone(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    with world.database.writing() as session:
        session.delete(session.get_one(List, world.list_ids["monthly"]))
    assert "You will get no more mail" in client.post(path, data=ONE_CLICK).text
    with world.database.writing() as session:
        session.delete(session.get_one(Subscriber, reader.id))
    answer = client.post(path, data=ONE_CLICK)
    assert answer.status_code == 200
    assert "You will get no more mail" in answer.text


def test_leaving_counts_for_the_latest_issue_of_that_list(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    world.sent_to(reader)
    other_list = world.sent_to(reader, slug="workshops")
    world.app.clock.offset += timedelta(days=1)
    latest = world.sent_to(reader)
    client.post(path, data=ONE_CLICK)
    client.post(path, data=ONE_CLICK)
    assert unsubscribes(world) == {latest: 1}
    client.post(path, data={"action": "undo"})
    client.post(path, data=ONE_CLICK)
    assert unsubscribes(world) == {latest: 1}
    client.post(path, data={"action": "all"})
    assert unsubscribes(world) == {latest: 1, other_list: 1}


def test_who_never_got_an_issue_leaves_uncounted(world: World, client: httpx.Client, path: str) -> None:
    client.post(path, data=ONE_CLICK)
    assert unsubscribes(world) == {}
