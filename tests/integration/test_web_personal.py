from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.tokens import ReaderPurpose
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import ConsentRecord, Subscriber, Subscription
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

ADDRESS = "maria@school.example"


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock)


@pytest.fixture
def path(world: World) -> str:
    reader = world.reader(ADDRESS, name="Maria Salgado")
    world.sent_to(reader, world.reader("other@school.example"))
    return f"/preferences/{world.reader_token(ReaderPurpose.PREFERENCES, reader)}"


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def readers(world: World) -> list[str]:
    with world.database.reading() as session:
        return list(session.scalars(select(Subscriber.address).order_by(Subscriber.id)))


def is_suppressed(world: World) -> bool:
    with world.database.reading() as session:
        return suppressions.is_suppressed(session, world.app.organization, EmailAddress.parse(ADDRESS))


def test_a_reader_takes_along_all_that_is_held(client: httpx.Client, path: str) -> None:
    page = client.get(path)
    assert f"{path}/data" in page.text
    answer = client.get(f"{path}/data")
    assert answer.headers["content-disposition"] == 'attachment; filename="newsletter-data.json"'
    assert answer.headers["x-robots-tag"] == "noindex"
    held = answer.json()
    assert ADDRESS in answer.text
    assert "Maria Salgado" in answer.text
    assert "other@school.example" not in answer.text
    assert len(held["deliveries"]) == 1


def test_looking_at_the_page_erases_nobody(client: httpx.Client, path: str, world: World) -> None:  # F30
    for method in ("GET", "HEAD"):
        answer = client.request(method, f"{path}/erase")
        assert answer.status_code == 200
    assert "Erase you for good?" in client.get(f"{path}/erase").text
    assert ADDRESS not in client.get(f"{path}/erase").text  # whoever looks over a shoulder learns no address
    assert ADDRESS in readers(world)


def test_the_button_erases_the_reader_and_nobody_else(client: httpx.Client, path: str, world: World) -> None:
    answer = client.post(f"{path}/erase")
    assert "You are erased" in answer.text
    assert readers(world) == ["other@school.example"]
    assert not is_suppressed(world)
    with world.database.reading() as session:
        assert len(session.scalars(select(Subscription)).all()) == 1
        assert set(session.scalars(select(ConsentRecord.subscriber_id))) <= {None}


def test_who_asks_for_it_is_never_mailed_again(client: httpx.Client, path: str, world: World) -> None:
    answer = client.post(f"{path}/erase?lang=es", data={"never_again": "yes"})
    assert "no guardamos nada sobre usted, salvo una señal" in answer.text
    assert is_suppressed(world)


def test_the_links_of_an_erased_reader_say_that_there_is_nothing_left(client: httpx.Client, path: str) -> None:
    client.post(f"{path}/erase")
    answers = [*(client.get(path + after) for after in ("", "/data", "/erase")), client.post(f"{path}/erase")]
    assert all("There is nothing else to do" in answer.text for answer in answers)


def test_a_link_for_something_else_erases_nobody(client: httpx.Client, path: str, world: World) -> None:  # F29
    with world.database.reading() as session:
        reader = session.scalars(select(Subscriber).where(Subscriber.address == ADDRESS)).one()
    other = f"/preferences/{world.reader_token(ReaderPurpose.UNSUBSCRIBE, reader, 'monthly')}"
    assert path != other
    assert client.get(f"{other}/data").status_code == 404
    assert client.post(f"{other}/erase").status_code == 404
    assert ADDRESS in readers(world)
