"""SendGrid's webhook over real HTTP: who is heard, and how much of what they say."""

import gzip
import itertools
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select, text

from newsletter.clock import Clock
from newsletter.events.sendgrid_calls import FRESH, LARGEST_CALL, MOST_EVENTS, WebhookKeyInvalid
from newsletter.events.tables import Event
from newsletter.tokens import DeliveryKey
from newsletter.web import application
from subscribers.db import Database
from tests.support.sendgrid.records import Taken
from tests.support.sendgrid.webhooks import SIGNATURE_HEADER, TIMESTAMP_HEADER, EventSigner, event, written
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

PATH = "/hooks/sendgrid/events"


@pytest.fixture(scope="module")
def signer() -> EventSigner:
    return EventSigner()


@pytest.fixture
def world(database: Database, clock: Clock, signer: EventSigner) -> World:
    return new_world(database, clock, sendgrid_webhook_key=signer.public_key)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


@pytest.fixture
def body(world: World) -> bytes:
    """One delivered copy, told."""
    return written([event(a_copy(world), "delivered", world.app.clock.now().timestamp())])


def a_copy(world: World) -> Taken:
    campaign_id = world.sent_to(world.reader("reader@school.example"))
    return Taken(world.app.signer.delivery_key(DeliveryKey(campaign_id, 1, 1)), "reader@school.example", "message-1")


def headers(world: World, signer: EventSigner, raw: bytes, late: float = 0) -> dict[str, str]:
    """As SendGrid signs a call, so many seconds ago."""
    return signer.headers(raw, world.app.clock.now().timestamp() - late)


def kept(world: World) -> int:
    with world.database.reading() as session:
        return session.scalars(select(func.count()).select_from(Event)).one()


def test_a_signed_call_is_committed_before_it_is_answered(
    world: World, client: httpx.Client, signer: EventSigner, body: bytes
) -> None:
    for _ in range(2):
        assert client.post(PATH, content=body, headers=headers(world, signer, body)).status_code == 204
        assert kept(world) == 1  # M52


def test_a_call_that_is_not_signed_by_sendgrid_is_refused_and_leaves_nothing(
    world: World, client: httpx.Client, signer: EventSigner, body: bytes
) -> None:  # M51 F36
    good = headers(world, signer, body)
    other = headers(world, EventSigner(), body)
    garbled = good | {SIGNATURE_HEADER: "no signature"}
    for wrong in (other, garbled, good | {SIGNATURE_HEADER: ""}, good | {TIMESTAMP_HEADER: ""}, {}):
        assert client.post(PATH, content=body, headers=wrong).status_code == 403
    assert client.post(PATH, content=body[:-2], headers=good).status_code == 403
    assert kept(world) == 0


def test_a_call_of_another_time_is_refused(
    world: World, client: httpx.Client, signer: EventSigner, body: bytes
) -> None:  # M51 F36
    allowed = FRESH.total_seconds()
    for late in (allowed + 5, -allowed - 5):
        assert client.post(PATH, content=body, headers=headers(world, signer, body, late)).status_code == 403
    assert kept(world) == 0
    assert client.post(PATH, content=body, headers=headers(world, signer, body, allowed - 5)).status_code == 204


@contextmanager
def within(limit: int) -> Iterator[None]:
    """What is done takes no more memory than that, the server's and the test's own together."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit


def test_a_call_of_fifty_megabytes_is_refused_while_it_is_read(
    world: World, client: httpx.Client, signer: EventSigner
) -> None:  # F36
    megabyte = b" " * 2**20
    with within(3 * LARGEST_CALL):
        answer = client.post(PATH, content=itertools.repeat(megabyte, 50), headers=headers(world, signer, b""))
    assert answer.status_code == 413


def test_a_call_that_says_it_is_too_large_is_refused_unread(
    world: World, client: httpx.Client, signer: EventSigner
) -> None:  # F36
    place = urlsplit(str(client.base_url))
    said = headers(world, signer, b"") | {"Host": "localhost", "Content-Length": str(50 * 2**20)}
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\n{head}\r\n[".encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_call_packed_with_gzip_is_taken_by_the_signature_of_what_came(
    world: World, client: httpx.Client, signer: EventSigner, body: bytes
) -> None:
    packed = gzip.compress(body)
    as_gzip = {"Content-Encoding": "gzip"}
    of_unpacked = client.post(PATH, content=packed, headers=headers(world, signer, body) | as_gzip)
    assert (of_unpacked.status_code, kept(world)) == (403, 0)
    assert client.post(PATH, content=packed, headers=headers(world, signer, packed) | as_gzip).status_code == 204
    assert kept(world) == 1


def test_a_call_packed_into_a_bomb_is_refused_before_it_bursts(
    world: World, client: httpx.Client, signer: EventSigner
) -> None:  # F36
    packed = gzip.compress(b" " * (200 * 2**20))
    with within(5 * LARGEST_CALL):
        answer = client.post(
            PATH, content=packed, headers=headers(world, signer, packed) | {"Content-Encoding": "gzip"}
        )
    assert answer.status_code == 413
    assert kept(world) == 0


@pytest.mark.parametrize("cut", ["cut off", "followed", "not packed"])
def test_a_packed_call_that_is_not_whole_is_refused(
    world: World, client: httpx.Client, signer: EventSigner, body: bytes, cut: str
) -> None:  # F36
    packed = gzip.compress(body)
    sent = {"cut off": packed[:-9], "followed": packed + packed, "not packed": body}[cut]
    answer = client.post(PATH, content=sent, headers=headers(world, signer, sent) | {"Content-Encoding": "gzip"})
    assert (answer.status_code, kept(world)) == (400, 0)


@pytest.mark.parametrize(
    "said",
    [
        {"Content-Encoding": "deflate"},
        {"Content-Encoding": "br"},
        {"Content-Encoding": "gzip, gzip"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
    ],
)
def test_a_call_of_another_kind_is_refused(
    world: World, client: httpx.Client, signer: EventSigner, body: bytes, said: dict[str, str]
) -> None:  # F36
    answer = client.post(PATH, content=body, headers=headers(world, signer, body) | said)
    assert (answer.status_code, kept(world)) == (415, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * LARGEST_CALL,
        b'[{"a":' * 1_000 + b"1" + b"}]" * 1_000,
        b'{"event": "open"}',
        b'[{"timestamp": NaN}]',
        b"[1" + b"0" * 10_000 + b"]",
        b"\x00",
        b"",
        "[]".encode("utf-16"),
    ],
    ids=["open brackets", "deep", "no list", "NaN", "huge number", "NUL", "nothing", "UTF-16"],
)
def test_a_signed_call_that_is_no_list_of_events_is_refused(
    world: World, client: httpx.Client, signer: EventSigner, raw: bytes
) -> None:  # F36
    with within(5 * LARGEST_CALL):
        answer = client.post(PATH, content=raw, headers=headers(world, signer, raw))
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("raw", [b"[" + b"1," * MOST_EVENTS + b"1]", b"[" + b"{}," * 1_000_000 + b"{}]"])
def test_a_signed_call_of_too_many_events_is_refused(
    world: World, client: httpx.Client, signer: EventSigner, raw: bytes
) -> None:  # F36
    with within(5 * LARGEST_CALL):
        assert client.post(PATH, content=raw, headers=headers(world, signer, raw)).status_code == 413


def test_a_bracket_in_a_text_and_a_name_that_comes_twice_are_no_fault(
    world: World, client: httpx.Client, signer: EventSigner
) -> None:  # F36
    raw = written([event(a_copy(world), "delivered", response=r'[[{"\\' + "[" * 100)])
    raw = raw.replace(b'"event":', b'"event":"open","event":')
    assert client.post(PATH, content=raw, headers=headers(world, signer, raw)).status_code == 204
    assert kept(world) == 1


def test_unknown_events_and_mails_of_others_are_passed_over(
    world: World, client: httpx.Client, signer: EventSigner
) -> None:  # F36
    copy = a_copy(world)
    raw = written([event(copy, "moon_phase"), event(Taken("not.ours", "a@b.example", "m"), "delivered")])
    assert client.post(PATH, content=raw, headers=headers(world, signer, raw)).status_code == 204
    assert kept(world) == 0


def test_an_event_without_its_name_is_answered_badly_and_costs_no_other(
    world: World, client: httpx.Client, signer: EventSigner
) -> None:  # F36
    copy = a_copy(world)
    nameless = event(copy, "deferred")
    del nameless["sg_event_id"]
    raw = written([nameless, event(copy, "delivered")])
    answer = client.post(PATH, content=raw, headers=headers(world, signer, raw))
    assert (answer.status_code, answer.text) == (400, "Events that could not be read: 1.")
    assert kept(world) == 1


def test_without_the_database_the_call_is_to_come_again(
    world: World, client: httpx.Client, signer: EventSigner, body: bytes
) -> None:
    with world.database.writing() as session:
        session.execute(text("ALTER TABLE event RENAME TO hidden"))
    try:
        answer = client.post(PATH, content=body, headers=headers(world, signer, body))
        assert answer.status_code >= 500
    finally:
        with world.database.writing() as session:
            session.execute(text("ALTER TABLE hidden RENAME TO event"))


def test_an_installation_without_the_key_hears_nobody(
    database: Database, clock: Clock, signer: EventSigner
) -> None:  # M51
    world = new_world(database, clock)
    with visiting(world.app) as client:
        answer = client.post(PATH, content=b"[]", headers=headers(world, signer, b"[]"))
    assert answer.status_code == 403
    assert "NEWSLETTER_SENDGRID_WEBHOOK_KEY" in answer.text


def test_a_key_that_is_none_is_said_at_the_start(database: Database, clock: Clock) -> None:
    world = new_world(database, clock, sendgrid_webhook_key="SG.wrong")
    with pytest.raises(WebhookKeyInvalid, match="NEWSLETTER_SENDGRID_WEBHOOK_KEY"):
        application.create(world.app)
