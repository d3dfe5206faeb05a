"""SendGrid's Inbound Parse over real HTTP: who is heard, what is kept of what they say."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from newsletter.clock import Clock
from newsletter.events.tables import Event
from newsletter.ledger.tables import Delivery
from newsletter.return_paths import ReturnPath
from newsletter.tokens import DeliveryKey
from subscribers.db import Database
from tests.support.returned_mail import note, returned
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

PATH, KEY = "/hooks/sendgrid/inbound", "a key that only SendGrid has"
AUTH = ("sendgrid", KEY)


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock, inbound_key=SecretStr(KEY))
    database.close()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


@pytest.fixture
def path(world: World) -> str:
    """The return path of a copy."""
    campaign_id = world.sent_to(world.reader("ana@school.example"))
    with world.database.writing() as session:
        session.execute(update(Delivery).values(attempt=1))
    return ReturnPath("bounce+", "@school.example").of(world.app.signer.delivery_key(DeliveryKey(campaign_id, 1, 1)))


def form(**fields: Any) -> dict[str, tuple[None, Any]]:
    return {name: (None, value) for name, value in fields.items()}


def kept(world: World) -> list[Event]:
    with world.database.reading() as session:
        return list(session.scalars(select(Event)))


def test_a_raw_mail_is_committed_before_it_is_answered(world: World, client: httpx.Client, path: str) -> None:
    for _ in range(2):
        answer = client.post(PATH, files=form(email=returned(path), to=path), auth=AUTH)
        assert answer.status_code == 204
        assert [event.detail["permanent"] for event in kept(world)] == [True]


def test_the_key_of_the_copy_may_stand_in_the_envelope_alone(world: World, client: httpx.Client, path: str) -> None:
    envelope = json.dumps({"to": [path], "from": ""})
    assert client.post(PATH, files=form(email=returned(), envelope=envelope), auth=AUTH).status_code == 204
    assert len(kept(world)) == 1


def test_a_mail_that_was_taken_apart_is_put_together(world: World, client: httpx.Client, path: str) -> None:
    headers, _, _ = returned(path).decode().partition("\r\n\r\n")
    text = (
        "This is the mail system at host mx.example.\n\nYour message could not be delivered.\n\n"
        "<ana@school.example>: host mx.example said: 550 5.1.1 User unknown\n"
    )
    fields = form(headers=headers, text=text, charsets=json.dumps({"text": "UTF-8"}), envelope="{}")
    assert client.post(PATH, files=fields, auth=AUTH).status_code == 204
    assert [event.detail["reason"] for event in kept(world)] == ["no-such-user"]


@pytest.mark.parametrize("auth", [None, ("sendgrid", ""), ("sendgrid", KEY + "x"), (KEY, "")])
def test_without_the_key_nothing_is_written(
    world: World, client: httpx.Client, path: str, auth: tuple[str, str] | None
) -> None:  # F36
    login = {"auth": auth} if auth else {}
    answer = client.post(PATH, files=form(email=returned(path)), **login)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert kept(world) == []


@pytest.mark.parametrize("said", ["Bearer x", "Basic !!!", "Basic", "Basic w6k="])
def test_a_broken_login_is_refused(client: httpx.Client, said: str) -> None:
    assert client.post(PATH, content=b"", headers={"Authorization": said}).status_code == 401


def test_nobody_is_heard_where_no_key_is_set(sqlite_url: str, clock: Clock) -> None:
    world = new_world(Database(sqlite_url), clock)
    with visiting(world.app) as client:
        answer = client.post(PATH, files=form(email=returned()), auth=("sendgrid", ""))
    assert answer.status_code == 403
    assert "NEWSLETTER_INBOUND_KEY" in answer.text


def test_what_is_no_mail_is_refused(client: httpx.Client) -> None:  # F36
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    for said in ({"content": b"x"}, {"files": form(other="x")}, {"content": b"--y\r\nhello", "headers": broken}):
        assert client.post(PATH, auth=AUTH, **said).status_code == 400


def test_deep_json_and_lies_about_the_envelope_are_no_trouble(world: World, client: httpx.Client, path: str) -> None:
    for envelope in ("[" * 100_000, "[]", '{"to": 3}', '{"to": [3, "a\\r\\nX: y"]}', "\xff"):
        answer = client.post(PATH, files=form(email=returned(path), envelope=envelope), auth=AUTH)
        assert answer.status_code == 204
    assert len(kept(world)) == 1


def test_attachments_of_many_megabytes_are_passed_over_in_little_memory(
    world: World, client: httpx.Client, path: str
) -> None:  # F36
    large = b"x" * 25_000_000
    files: dict[str, Any] = form(email=returned(path)) | {"attachment1": ("a.bin", large)}
    tracemalloc.start()
    try:
        assert client.post(PATH, files=files, auth=AUTH).status_code == 204
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 60_000_000  # the client's own copy is among it
    assert len(kept(world)) == 1


def test_what_is_too_large_is_refused(world: World, client: httpx.Client) -> None:  # F36
    answer = client.post(PATH, files=form(email=b"x" * 34_000_000), auth=AUTH)
    assert answer.status_code == 413
    assert kept(world) == []


def test_a_letter_that_nobody_would_read_is_refused(world: World, client: httpx.Client) -> None:
    refused = client.post(PATH, files=form(email=note()), auth=AUTH)
    assert refused.status_code == 503
    assert "NEWSLETTER_REPLIES_TO" in refused.text
    assert kept(world) == []
