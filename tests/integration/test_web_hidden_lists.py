from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from newsletter.campaigns import personal_letters
from newsletter.clock import Clock
from newsletter.tokens import ReaderPurpose
from subscribers import lists
from subscribers.db import Database
from subscribers.lists import ListFacts
from subscribers.tables import List, Subscriber, Subscription, SubscriptionState
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

SAVED = {"action": "save", "language": "en", "frequency": "every"}


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    """Two lists, of which the board's, made first, is hidden."""
    world = new_world(database, clock, ("board", "monthly"))
    with database.writing() as session:
        lists.edit(session, world.list_(session, "board"), ListFacts(is_public=False))
    return world


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def path_of(world: World, reader: Subscriber) -> str:
    return f"/preferences/{world.reader_token(ReaderPurpose.PREFERENCES, reader)}"


def states(world: World) -> dict[str, SubscriptionState]:
    with world.database.reading() as session:
        rows = session.execute(select(List.slug, Subscription.state).join(Subscription))
        return {row.slug: row.state for row in rows}


def test_the_sign_up_form_does_not_offer_a_hidden_list(client: httpx.Client) -> None:
    page = client.get("/subscribe").text
    assert 'value="monthly"' in page
    assert "board" not in page.lower()


def test_a_forged_sign_up_joins_no_hidden_list(world: World, client: httpx.Client) -> None:
    refused = client.post("/subscribe", data={"email": "eve@school.example", "lists": "board"})
    unknown = client.post("/subscribe", data={"email": "eve@school.example", "lists": "nix"})
    assert (refused.status_code, refused.text) == (422, unknown.text)
    client.post("/subscribe", data={"email": "eve@school.example", "lists": ["board", "monthly"]})
    assert states(world) == {"monthly": SubscriptionState.PENDING}


def test_where_all_lists_are_hidden_there_is_nothing_to_sign_up_for(world: World, client: httpx.Client) -> None:
    with world.database.writing() as session:
        lists.edit(session, world.list_(session), ListFacts(is_public=False))
    assert "<form" not in client.get("/subscribe").text


def test_a_member_sees_the_hidden_list_and_can_leave_it(world: World, client: httpx.Client) -> None:
    path = path_of(world, world.reader("maria@school.example", lists=("board", "monthly")))
    assert 'value="board" checked' in client.get(path).text
    client.post(path, data=SAVED | {"lists": ["board", "monthly"]})
    assert states(world) == dict.fromkeys(("board", "monthly"), SubscriptionState.CONFIRMED)
    client.post(path, data=SAVED | {"lists": ["monthly"]})
    assert states(world)["board"] is SubscriptionState.UNSUBSCRIBED
    assert "board" not in client.get(path).text.lower()


@pytest.mark.parametrize("before", [None, SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED])
def test_who_is_not_on_a_hidden_list_neither_sees_nor_joins_it_by_their_preferences(
    world: World, client: httpx.Client, before: SubscriptionState | None
) -> None:
    reader = world.reader("maria@school.example")
    if before is not None:
        with world.database.writing() as session:
            at = {"created_at": world.app.clock.now(), "state": before}
            session.add(Subscription(subscriber_id=reader.id, list_id=world.list_ids["board"], **at))
    path = path_of(world, reader)
    assert "board" not in client.get(path).text.lower()
    client.post(path, data=SAVED | {"lists": ["board", "monthly"]})
    assert states(world).get("board") is before


def test_a_letter_to_who_is_on_no_list_is_not_written_in_the_name_of_a_hidden_one(world: World) -> None:
    reader = world.reader("maria@school.example", lists=())
    with world.database.reading() as session:
        assert personal_letters.list_of(session, reader).slug == "monthly"
