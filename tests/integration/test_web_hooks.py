"""SendGrid's webhook over real HTTP: who is heard, and how much of what they say."""

import gzip
import itertools
import tracemalloc
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select, text

from newsletter.clock import Clock
from newsletter.events.sendgrid import FRESH, WebhookKeyInvalid
from newsletter.events.tables import Event
from newsletter.tokens import DeliveryKey
from newsletter.web import application
from newsletter.web.security import LARGEST_CALL
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


def test_a_call_of_fifty_megabytes_is_refused_while_it_is_read(
    world: World, client: httpx.Client, signer: EventSigner
) -> None:  # F36
    megabyte = b" " * 2**20
    tracemalloc.start()
    try:
        answer = client.post(PATH, content=itertools.repeat(megabyte, 50), headers=headers(world, signer, b""))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 413
    assert peak < 3 * LARGEST_CALL


def test_a_compressed_call_is_refused_unread(
    world: World, client: httpx.Client, signer: EventSigner, body: bytes
) -> None:  # F36
    packed = gzip.compress(body)
    signed = headers(world, signer, packed)
    assert client.post(PATH, content=packed, headers=signed | {"Content-Encoding": "gzip"}).status_code == 415
    assert client.post(PATH, content=packed, headers=signed).status_code == 400


@pytest.mark.parametrize("raw", [b"[" * 1_000_000, b'{"event": "open"}', b"\x00", b""])
def test_a_signed_call_that_is_no_list_of_events_is_refused(
    world: World, client: httpx.Client, signer: EventSigner, raw: bytes
) -> None:  # F36
    assert client.post(PATH, content=raw, headers=headers(world, signer, raw)).status_code == 400


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
    assert (answer.status_code, answer.text) == (400, "1 events could not be read.")
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
