"""Who comes back by their own wish: after a roster left them out, or after we forgot that they had left."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select, update

from newsletter.campaigns.streams import CONFIRM
from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign, Delivery
from newsletter.tokens import ReaderPurpose
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import ConsentRecord, List, Subscriber, Subscription, SubscriptionState, SuppressionReason
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

MARIA = "maria@school.example"
SAVED = {"action": "save", "language": "en", "frequency": "every", "name": "Maria"}
PENDING, CONFIRMED = SubscriptionState.PENDING, SubscriptionState.CONFIRMED


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock, ("monthly", "workshops"), trusted_proxies="127.0.0.1")


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def off_roster(world: World, address: str = MARIA) -> Subscriber:
    """A reader whom a roster took off the monthly list an hour ago."""
    reader = world.reader(address)
    with world.database.writing() as session:
        an_hour_ago = world.app.clock.now() - timedelta(hours=1)
        session.execute(
            update(Subscription)
            .where(Subscription.subscriber_id == reader.id)
            .values(roster_id=1, off_roster_at=an_hour_ago)
        )
    return reader


def sign_up(client: httpx.Client, address: str = MARIA, slug: str = "monthly", network: int = 0) -> httpx.Response:
    sent_from = {"X-Forwarded-For": f"10.0.{network}.1"}
    return client.post("/subscribe", data={"email": address, "lists": slug}, headers=sent_from)


def stands(world: World) -> list[tuple[SubscriptionState, bool]]:
    """Each subscription: its state, and whether it is off the roster."""
    with world.database.reading() as session:
        found = session.scalars(select(Subscription).order_by(Subscription.list_id, Subscription.subscriber_id))
        return [(one.state, one.off_roster_at is not None) for one in found]


def confirmations(world: World) -> int:
    asked = select(func.count()).select_from(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id)
    with world.database.reading() as session:
        return session.scalars(asked.where(Campaign.stream == CONFIRM)).one()


def consents(world: World) -> list[tuple[str, bool]]:
    with world.database.reading() as session:
        records = session.scalars(select(ConsentRecord).order_by(ConsentRecord.id))
        return [(record.source, record.given) for record in records]


def path_of(world: World, purpose: ReaderPurpose, reader: Subscriber) -> str:
    return f"/{purpose.name.lower()}/{world.reader_token(purpose, reader)}"


def ask_no_confirmation(world: World) -> None:
    with world.database.writing() as session:
        session.execute(update(List).values(double_opt_in=False))


def suppress(world: World, reason: SuppressionReason, address: str = MARIA) -> None:
    with world.database.writing() as session:
        suppressions.suppress(
            session,
            world.app.organization,
            EmailAddress.parse(address),
            reason,
            now=world.app.clock.now(),
            list_id=world.list_ids["monthly"],
        )


def is_suppressed(world: World) -> bool:
    with world.database.reading() as session:
        maria, list_id = EmailAddress.parse(MARIA), world.list_ids["monthly"]
        return suppressions.is_suppressed(session, world.app.organization, maria, list_id)


def test_a_list_that_a_roster_took_away_is_shown_unticked_and_a_tick_brings_it_back(
    world: World, client: httpx.Client
) -> None:
    path = path_of(world, ReaderPurpose.PREFERENCES, off_roster(world))
    assert "Pause <bdi>Monthly</bdi>" not in client.get(path).text
    client.post(path, data=SAVED)
    assert (stands(world), consents(world)) == ([(CONFIRMED, True)], [])
    shown = client.post(path, data=SAVED | {"lists": "monthly"}).text
    assert "Pause <bdi>Monthly</bdi>" in shown
    assert stands(world) == [(CONFIRMED, False)]
    assert consents(world)[-1] == ("mail", True)


def test_the_form_asks_who_is_off_the_roster_and_their_click_brings_them_back(
    world: World, client: httpx.Client
) -> None:  # F31
    reader = off_roster(world)
    stranger = sign_up(client, "stranger@school.example")
    asked = [sign_up(client) for _ in range(3)]
    assert {answer.text.replace(MARIA, "") for answer in asked} == {
        stranger.text.replace("stranger@school.example", "")
    }
    assert confirmations(world) == 2
    assert (CONFIRMED, True) in stands(world)  # the form alone brings nobody back
    assert consents(world) == [("form", True)] * 2
    path = path_of(world, ReaderPurpose.CONFIRM, reader)
    assert "Monthly" in client.get(path).text
    client.post(path)
    assert (CONFIRMED, False) in stands(world)
    assert consents(world)[-1] == ("mail", True)
    assert "nothing to confirm" in client.post(path).text


def test_a_confirmation_brings_back_only_the_lists_that_were_asked_for(world: World, client: httpx.Client) -> None:
    reader = off_roster(world)
    sign_up(client, slug="workshops")
    path = path_of(world, ReaderPurpose.CONFIRM, reader)
    assert "Monthly" not in client.get(path).text
    client.post(path)
    assert stands(world) == [(CONFIRMED, True), (CONFIRMED, False)]


def test_who_is_off_the_roster_joins_no_list_at_once(world: World, client: httpx.Client) -> None:
    ask_no_confirmation(world)
    off_roster(world)
    sign_up(client)
    assert stands(world) == [(CONFIRMED, True)]
    assert confirmations(world) == 1


def test_without_confirmation_only_the_first_sign_up_of_a_mailbox_joins(
    world: World, client: httpx.Client
) -> None:  # F32
    ask_no_confirmation(world)
    for network in range(8):
        assert sign_up(client, f"v.ic.tim+{network}@gmail.com", network=network).status_code == 200
    assert sorted(stands(world)) == [(CONFIRMED, False)] + [(PENDING, False)] * 7
    with world.database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Delivery)).one() == 1


@pytest.mark.parametrize("asks", [True, False])
def test_the_readers_own_click_ends_what_kept_imports_from_adding_them(
    world: World, client: httpx.Client, asks: bool
) -> None:
    if not asks:
        ask_no_confirmation(world)
    suppress(world, SuppressionReason.REQUEST)
    sign_up(client)
    assert (stands(world), confirmations(world), is_suppressed(world)) == ([(PENDING, False)], 1, True)
    with world.database.reading() as session:
        reader = session.scalars(select(Subscriber)).one()
    client.post(path_of(world, ReaderPurpose.CONFIRM, reader))
    assert (stands(world), is_suppressed(world)) == ([(CONFIRMED, False)], False)


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINT, SuppressionReason.BOUNCE])
def test_no_click_ends_a_complaint_or_a_bounce(world: World, client: httpx.Client, reason: SuppressionReason) -> None:
    reader = world.reader(MARIA, state=PENDING)
    suppress(world, reason)
    client.post(path_of(world, ReaderPurpose.CONFIRM, reader))
    assert is_suppressed(world)


def test_a_choice_behind_a_mailed_link_is_told_from_what_anybody_can_fill_in(
    world: World, client: httpx.Client
) -> None:
    sign_up(client)
    with world.database.reading() as session:
        reader = session.scalars(select(Subscriber)).one()
    client.post(path_of(world, ReaderPurpose.PREFERENCES, reader), data=SAVED | {"lists": ["monthly"]})
    assert [source for source, _ in consents(world)] == ["form", "mail"]
