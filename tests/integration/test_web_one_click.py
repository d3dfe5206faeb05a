from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.tokens import ReaderPurpose, Signer
from subscribers.db import Database
from subscribers.tables import Subscriber, Subscription, SubscriptionState
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

CONFIRMED, UNSUBSCRIBED = SubscriptionState.CONFIRMED, SubscriptionState.UNSUBSCRIBED
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock, ("monthly", "workshops"))
    database.close()


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


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b""),
        ("text/plain", b"List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=x", b"this is no multipart"),
        ("multipart/form-data", b"no boundary"),
        ("application/x-www-form-urlencoded", b"%ff%00=&&=;"),
    ],
)
def test_whatever_the_body_the_token_is_enough(
    world: World, client: httpx.Client, path: str, content_type: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    assert client.post(path, content=body, headers=headers).status_code == 200
    assert states(world) == (UNSUBSCRIBED, CONFIRMED)


@pytest.mark.parametrize("where", [1, -1, -10])
def test_a_damaged_token_is_a_page_that_says_so(  # M32 F29
    world: World, client: httpx.Client, path: str, where: int
) -> None:
    start = len("/unsubscribe/")
    at = start if where == 1 else len(path) + where
    flipped = path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :]
    for answer in (client.post(flipped, data=ONE_CLICK), client.get(flipped)):
        assert answer.status_code == 404
        assert "This link does not work" in answer.text
    assert states(world) == (CONFIRMED, CONFIRMED)


def test_a_token_for_something_else_or_of_another_key_is_refused(  # M32 F29
    world: World, client: httpx.Client, reader: Subscriber
) -> None:
    other_purpose = world.reader_token(ReaderPurpose.PREFERENCES, reader, "monthly")
    forged = Signer(["another secret that is long enough!"]).reader_token(
        ReaderPurpose.UNSUBSCRIBE, reader.public_id, world.list_ids["monthly"]
    )
    for token in (other_purpose, forged, "x", "é", "u.a.b.c", "." * 300):
        assert client.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 404
    assert states(world) == (CONFIRMED, CONFIRMED)


def test_the_page_speaks_the_readers_language(world: World, client: httpx.Client) -> None:
    reader = world.reader("ana@school.example", language="es-MX")
    token = world.reader_token(ReaderPurpose.UNSUBSCRIBE, reader, "monthly")
    page = client.get(f"/unsubscribe/{token}", headers={"Accept-Language": "en"})
    assert "¿Dejar Monthly?" in page.text
    assert '<html lang="es"' in page.text
