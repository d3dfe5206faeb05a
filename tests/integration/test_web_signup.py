from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import func, select

from newsletter.campaigns.streams import CONFIRM
from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign, Delivery
from newsletter.tokens import ReaderPurpose
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import (
    Child,
    ConsentRecord,
    List,
    OwnField,
    Role,
    Subscriber,
    SubscriberRole,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

MARIA = "maria@school.example"


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock, ("monthly", "workshops"), signups_per_network=1000)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def sign_up(client: httpx.Client, address: str = MARIA, **fields: str | list[str]) -> httpx.Response:
    return client.post("/subscribe", data={"email": address, "lists": "monthly"} | fields)


def found(world: World, address: str = MARIA) -> Subscriber | None:
    with world.database.reading() as session:
        return session.scalars(select(Subscriber).where(Subscriber.address == address)).one_or_none()


def the(world: World, address: str = MARIA) -> Subscriber:
    reader = found(world, address)
    assert reader is not None
    return reader


def states(world: World, address: str = MARIA) -> dict[str, SubscriptionState]:
    with world.database.reading() as session:
        rows = session.execute(
            select(List.slug, Subscription.state)
            .join(Subscription, Subscription.list_id == List.id)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(Subscriber.address == address)
        )
        return {row.slug: row.state for row in rows}


def confirmations(world: World) -> int:
    with world.database.reading() as session:
        of_stream = select(func.count()).select_from(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id)
        return session.scalars(of_stream.where(Campaign.stream == CONFIRM)).one()


def confirm_path(world: World, address: str = MARIA) -> str:
    return f"/confirm/{world.reader_token(ReaderPurpose.CONFIRM, the(world, address), 'monthly')}"


def test_a_sign_up_keeps_what_the_family_said_and_asks_for_a_confirmation(world: World, client: httpx.Client) -> None:
    answer = sign_up(client, name="Maria ‍Ó", language="es", children=["3", "high", "K", "nonsense"])
    assert answer.status_code == 200
    assert f"a mail is on its way to <bdi>{MARIA}</bdi>" in answer.text
    reader = the(world)
    assert (reader.name, reader.language) == ("Maria ‍Ó", "es")
    assert reader.own_fields == OwnField.NAME | OwnField.LANGUAGE
    assert states(world) == {"monthly": SubscriptionState.PENDING}
    assert confirmations(world) == 1
    with world.database.reading() as session:
        children = session.scalars(select(Child).order_by(Child.id)).all()
        assert session.scalars(select(SubscriberRole.role)).all() == [Role.FAMILY]
    assert [(c.graduation_year, c.band, c.end_year) for c in children] == [
        (2036, None, None),
        (None, "high", 2027),
        (2039, None, None),
    ]


def test_get_does_not_confirm_and_post_does_once(world: World, client: httpx.Client) -> None:  # M59
    sign_up(client)
    path = confirm_path(world)
    for method in ("GET", "HEAD", "GET"):
        assert client.request(method, path).status_code == 200
    assert "Yes, sign me up" in client.get(path).text
    assert states(world) == {"monthly": SubscriptionState.PENDING}
    first = client.post(path)
    assert (first.status_code, states(world)) == (200, {"monthly": SubscriptionState.CONFIRMED})
    assert "You are signed up" in first.text
    again = client.post(path)
    assert again.status_code == 200
    assert "nothing to confirm" in again.text
    assert "nothing to confirm" in client.get(path).text
    with world.database.reading() as session:
        given = session.scalars(select(ConsentRecord.source).where(ConsentRecord.given)).all()
    assert given.count("mail") == 1


def test_the_evidence_of_a_consent_has_the_words_that_were_shown(world: World, client: httpx.Client) -> None:
    sign_up(client, lists=["monthly", "workshops"])
    client.post(confirm_path(world), headers={"X-Forwarded-For": "203.0.113.9", "User-Agent": "x" * 999})
    with world.database.reading() as session:
        records = session.scalars(select(ConsentRecord).order_by(ConsentRecord.id)).all()
    asked, _, said, last = records
    assert "by email what you chose here" in asked.wording
    assert said.wording == "Yes, Five Bridges may send me Monthly by email. I can leave at any time with one click."
    assert (last.list_id, last.language, last.source) == (world.list_ids["workshops"], "en", "mail")
    assert last.wording_version
    assert (last.network_address, last.user_agent) == ("127.0.0.1", "x" * 200)  # F26


def test_one_confirmation_covers_every_list_that_waits(world: World, client: httpx.Client) -> None:
    sign_up(client)
    sign_up(client, lists="workshops")
    assert confirmations(world) == 1
    page = client.get(confirm_path(world)).text
    assert "Monthly" in page
    assert "Workshops" in page
    client.post(confirm_path(world))
    assert set(states(world).values()) == {SubscriptionState.CONFIRMED}


def test_a_hundred_sign_ups_send_one_mail_with_one_answer(world: World, client: httpx.Client) -> None:  # M60 F32
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: sign_up(client), range(100)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert confirmations(world) == 1


def test_the_answer_tells_nothing_about_the_address(world: World, client: httpx.Client) -> None:  # F31
    sign_up(client, "pending@school.example")
    world.reader("active@school.example")
    world.reader("left@school.example", state=SubscriptionState.UNSUBSCRIBED)
    with world.database.writing() as session:
        address = EmailAddress.parse("never@school.example")
        suppressions.suppress(
            session, world.app.organization, address, SuppressionReason.COMPLAINT, now=world.app.clock.now()
        )
    answers = set()
    for name in ("new", "pending", "active", "left", "never"):
        answer = sign_up(client, f"{name}@school.example")
        answers.add((answer.status_code, answer.text.replace(f"{name}@", "@"), len(answer.headers)))
    assert len(answers) == 1
    assert found(world, "never@school.example") is None  # F32


def test_a_stranger_changes_nothing_that_the_owner_confirmed(world: World, client: httpx.Client) -> None:
    world.reader(MARIA, name="Maria", language="es")
    sign_up(client, name="Mallory", language="en", children=["12"])
    reader = the(world)
    assert (reader.name, reader.language, reader.household_id) == ("Maria", "es", None)
    assert states(world) == {"monthly": SubscriptionState.CONFIRMED}
    assert confirmations(world) == 0


def test_who_left_and_signs_up_again_is_asked_again(world: World, client: httpx.Client) -> None:
    world.reader(MARIA, state=SubscriptionState.UNSUBSCRIBED)
    sign_up(client)
    assert confirmations(world) == 1
    assert client.post(confirm_path(world)).status_code == 200
    assert states(world) == {"monthly": SubscriptionState.CONFIRMED}


def test_a_list_with_single_opt_in_is_joined_at_once(world: World, client: httpx.Client) -> None:
    with world.database.writing() as session:
        world.list_(session).double_opt_in = False
    answer = sign_up(client)
    assert "you are on the list" in answer.text
    assert states(world) == {"monthly": SubscriptionState.CONFIRMED}
    assert confirmations(world) == 0


def test_a_form_that_asks_no_language_takes_the_pages_and_leaves_it_open_to_imports(
    world: World, client: httpx.Client
) -> None:
    client.post("/subscribe?lang=es", data={"email": MARIA, "lists": "monthly"})
    assert (the(world).language, the(world).own_fields) == ("es", 0)
