"""Who joins is greeted: once, with what they get, how to change it and how to leave."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select

from newsletter.campaigns import streams
from newsletter.campaigns.streams import CONFIRM, WELCOME, ListsLetter
from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign, Delivery
from newsletter.tokens import ReaderPurpose
from subscribers.db import Database
from subscribers.tables import Subscriber, SubscriptionState
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

MARIA = "maria@school.example"


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock, ("monthly", "workshops"), signups_per_network=100)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def sign_up(client: httpx.Client, *lists: str, email: str = MARIA, **fields: str) -> None:
    assert client.post("/subscribe", data={"email": email, "lists": list(lists)} | fields).status_code == 200


def confirm(world: World, client: httpx.Client, email: str = MARIA) -> None:
    with world.database.reading() as session:
        reader = session.scalars(select(Subscriber).where(Subscriber.address == email)).one()
    path = f"/confirm/{world.reader_token(ReaderPurpose.CONFIRM, reader, 'monthly')}"
    assert client.post(path).status_code == 200


def letters(world: World, stream: str = WELCOME) -> list[ListsLetter]:
    with world.database.reading() as session:
        of_stream = select(Delivery.variant).join(Campaign).where(Campaign.stream == stream).order_by(Delivery.seq)
        return [ListsLetter.parse(variant or "") for variant in session.scalars(of_stream)]


def change(world: World, slug: str, **facts: bool) -> None:
    with world.database.writing() as session:
        for name, value in facts.items():
            setattr(world.list_(session, slug), name, value)


def ids(world: World, *slugs: str) -> tuple[int, ...]:
    return tuple(world.list_ids[slug] for slug in slugs)


def test_one_confirmation_asks_for_all_lists_and_one_welcome_names_them(world: World, client: httpx.Client) -> None:
    sign_up(client, "workshops", "monthly", language="es")
    both = ids(world, "monthly", "workshops")
    assert letters(world, CONFIRM) == [ListsLetter(CONFIRM, both, "es")]
    assert letters(world) == []
    confirm(world, client)
    confirm(world, client)
    assert letters(world) == [ListsLetter(WELCOME, both, "es")]


def test_of_a_crowd_of_confirmations_one_is_greeted(world: World, client: httpx.Client) -> None:
    sign_up(client, "monthly")
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda _: confirm(world, client), range(16)))
    assert len(letters(world)) == 1


def test_who_comes_back_to_the_same_list_is_not_greeted_again(world: World, client: httpx.Client) -> None:
    sign_up(client, "monthly")
    confirm(world, client)
    with world.database.reading() as session:
        reader = session.scalars(select(Subscriber)).one()
    client.post(f"/unsubscribe/{world.reader_token(ReaderPurpose.UNSUBSCRIBE, reader, 'monthly')}")
    sign_up(client, "monthly")
    confirm(world, client)
    assert len(letters(world)) == 1


def test_a_list_may_have_no_welcome(world: World, client: httpx.Client) -> None:
    change(world, "monthly", welcome=False)
    sign_up(client, "monthly", "workshops")
    confirm(world, client)
    assert [letter.list_ids for letter in letters(world)] == [ids(world, "workshops")]
    change(world, "workshops", welcome=False)
    sign_up(client, "monthly", "workshops", email="bob@school.example")
    confirm(world, client, "bob@school.example")
    assert len(letters(world)) == 1


def test_who_joins_a_list_with_single_opt_in_is_greeted_at_once_and_once(world: World, client: httpx.Client) -> None:
    change(world, "monthly", double_opt_in=False)
    for _ in range(3):
        sign_up(client, "monthly")
    assert letters(world) == [ListsLetter(WELCOME, ids(world, "monthly"), "en")]
    assert letters(world, CONFIRM) == []


def test_a_mailbox_is_greeted_once_a_window_however_it_is_written(world: World, client: httpx.Client) -> None:  # F32
    change(world, "monthly", double_opt_in=False)
    for number in range(20):
        sign_up(client, "monthly", email=f"vic.tim+{number}@gmail.com")
    assert len(letters(world)) == 1


def test_a_stranger_cannot_have_a_member_greeted(world: World, client: httpx.Client) -> None:
    change(world, "monthly", double_opt_in=False)
    world.reader(MARIA)
    sign_up(client, "monthly")
    assert letters(world) == []


def test_of_two_lists_the_one_that_waits_is_asked_for(world: World, client: httpx.Client) -> None:
    change(world, "monthly", double_opt_in=False)
    sign_up(client, "monthly", "workshops")
    assert [letter.list_ids for letter in letters(world, CONFIRM)] == [ids(world, "workshops")]
    assert letters(world) == []


def test_a_confirmation_names_everything_that_waits(world: World) -> None:
    reader = world.reader(MARIA, state=SubscriptionState.PENDING, lists=("workshops",))
    with visiting(world.app) as client:
        sign_up(client, "monthly")
    assert reader.id
    assert [letter.list_ids for letter in letters(world, CONFIRM)] == [ids(world, "monthly", "workshops")]


def test_a_letter_of_lists_is_read_as_it_was_written() -> None:
    for letter in (ListsLetter(CONFIRM, (7,), "es"), ListsLetter(streams.WELCOME, (1, 22, 3), "zh-Hans")):
        assert ListsLetter.parse(str(letter)) == letter
