from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.tokens import ReaderPurpose
from subscribers import households
from subscribers.db import Database
from subscribers.households import ChildTold
from subscribers.tables import (
    Child,
    ConsentRecord,
    Frequency,
    OwnField,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
    Told,
)
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

CONFIRMED, UNSUBSCRIBED = SubscriptionState.CONFIRMED, SubscriptionState.UNSUBSCRIBED
SAVED = {"action": "save", "lists": "monthly", "language": "en", "frequency": "every", "name": "Maria"}


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock, ("monthly", "workshops"))


@pytest.fixture
def reader(world: World) -> Subscriber:
    return world.reader("maria@school.example", name="Maria")


@pytest.fixture
def path(world: World, reader: Subscriber) -> str:
    return f"/preferences/{world.reader_token(ReaderPurpose.PREFERENCES, reader)}"


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def subscriptions(world: World) -> dict[int, tuple[SubscriptionState, Frequency]]:
    with world.database.reading() as session:
        return {s.list_id: (s.state, s.frequency) for s in session.scalars(select(Subscription))}


def children(world: World) -> list[tuple[int | None, str | None]]:
    with world.database.reading() as session:
        return [(c.graduation_year, c.band) for c in session.scalars(select(Child).order_by(Child.id))]


def tell(world: World, reader: Subscriber, told_by: Told, *years: int) -> None:
    with world.database.writing() as session:
        known = session.get_one(Subscriber, reader.id)
        told = tuple(ChildTold(year, None, None) for year in years)
        households.set_children(session, known, told, told_by, world.app.clock.now())


def reloaded(world: World, reader: Subscriber) -> Subscriber:
    with world.database.reading() as session:
        return session.get_one(Subscriber, reader.id)


def test_a_reader_chooses_topics_grades_language_and_how_often(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    form: dict[str, Any] = SAVED | {
        "lists": ["workshops"],
        "children": ["PK", "12", "middle"],
        "language": "es",
        "frequency": "monthly",
        "name": "María",
    }
    answer = client.post(path, data=form)
    assert answer.status_code == 200
    assert "Guardado" in answer.text
    monthly, workshops = world.list_ids["monthly"], world.list_ids["workshops"]
    assert subscriptions(world) == {
        monthly: (UNSUBSCRIBED, Frequency.MONTHLY),
        workshops: (CONFIRMED, Frequency.MONTHLY),
    }
    assert children(world) == [(2040, None), (2027, None), (None, "middle")]
    assert (reloaded(world, reader).language, reloaded(world, reader).name) == ("es", "María")
    shown = client.get(path).text
    for value in ("PK", "12", "middle"):
        assert f'value="{value}" checked' in shown
    assert "Guardado" not in shown


def test_looking_changes_nothing(world: World, client: httpx.Client, path: str) -> None:  # F30
    before = subscriptions(world)
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200
    assert subscriptions(world) == before


def test_a_post_without_a_button_changes_nothing(world: World, client: httpx.Client, path: str) -> None:  # F30
    before = subscriptions(world)
    assert client.post(path).status_code == 200
    assert subscriptions(world) == before


def test_saving_again_changes_nothing_more(world: World, client: httpx.Client, path: str) -> None:
    for _ in range(2):
        client.post(path, data=SAVED | {"lists": ["monthly", "workshops"], "children": ["3"]})
    assert children(world) == [(2036, None)]
    with world.database.reading() as session:
        records = session.scalars(select(ConsentRecord).where(ConsentRecord.list_id.is_not(None))).all()
    assert {record.list_id for record in records} == {world.list_ids["workshops"]}


def test_twins_stay_twins_when_the_form_is_saved(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    tell(world, reader, Told.FAMILY, 2036, 2036)
    client.post(path, data=SAVED | {"children": ["3", "9"]})
    assert children(world) == [(2036, None), (2036, None), (2030, None)]


def test_who_has_left_school_is_not_asked_about(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    tell(world, reader, Told.FAMILY, 2020)
    assert 'name="children" value="12" checked' not in client.get(path).text


def test_tracking_is_a_consent_of_its_own_and_can_be_taken_back(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    assert "may see which of its mails I open" in client.get(path).text
    client.post(path, data=SAVED | {"tracking": "yes"})
    assert reloaded(world, reader).tracking is True
    client.post(path, data=SAVED | {"tracking": "yes"})
    client.post(path, data=SAVED)
    assert reloaded(world, reader).tracking is False
    with world.database.reading() as session:
        records = session.scalars(select(ConsentRecord).where(ConsentRecord.purpose == Purpose.TRACKING))
        assert [record.given for record in records.all()] == [True, False]


@pytest.mark.parametrize("tracking", ["counts", "off", "personal"])
def test_tracking_is_asked_only_where_the_answer_matters(sqlite_url: str, clock: Clock, tracking: str) -> None:
    database = Database(sqlite_url)
    world = new_world(database, clock, tracking=tracking)
    reader = world.reader("maria@school.example")
    path = f"/preferences/{world.reader_token(ReaderPurpose.PREFERENCES, reader)}"
    with visiting(world.app) as client:
        assert "may see which" not in client.get(path).text
        client.post(path, data=SAVED | {"tracking": "yes"})
    assert reloaded(world, reader).tracking is False
    database.close()


def test_everything_can_be_left_at_once(world: World, client: httpx.Client, path: str) -> None:
    client.post(path, data=SAVED | {"lists": ["monthly", "workshops"]})
    said = "Saved. You get no more newsletters from us."
    assert said in client.post(path, data={"action": "leave-all"}).text
    assert said in client.post(path, data=SAVED | {"lists": []}).text
    assert "Your next issue" in client.post(path, data=SAVED | {"lists": ["monthly"]}).text
    client.post(path, data={"action": "leave-all"})
    assert {state for state, _ in subscriptions(world).values()} == {UNSUBSCRIBED}


def test_unknown_answers_change_nothing(world: World, client: httpx.Client, reader: Subscriber, path: str) -> None:
    client.post(path, data=SAVED | {"language": "xx", "frequency": "hourly", "children": ["99", "university"]})
    assert reloaded(world, reader).language == ""
    assert children(world) == []
    assert subscriptions(world) == {world.list_ids["monthly"]: (CONFIRMED, Frequency.EVERY)}


def test_a_reader_pauses_a_list_for_a_month_sees_until_when_and_goes_on(
    world: World, client: httpx.Client, path: str
) -> None:
    client.post(path, data=SAVED | {"lists": ["monthly", "workshops"]})
    shown = client.post(path, data={"action": "pause", "list": "monthly"}).text
    assert "<bdi>Monthly</bdi> pauses until <bdi>Saturday, January 2, 2027</bdi>." in shown
    assert "Pause <bdi>Workshops</bdi> for a month" in shown
    assert (
        "<bdi>Monthly</bdi> está en pausa hasta el <bdi>sábado, 2 de enero de 2027</bdi>."
        in client.get(f"{path}?lang=es").text
    )
    assert subscriptions(world)[world.list_ids["monthly"]][0] is CONFIRMED
    shown = client.post(path, data={"action": "resume", "list": "monthly"}).text
    assert "Pause <bdi>Monthly</bdi> for a month" in shown
    assert "pauses until" not in shown


def test_a_list_that_the_reader_does_not_get_is_not_paused(world: World, client: httpx.Client, path: str) -> None:
    for slug in ("workshops", "nonsense", ""):
        assert client.post(path, data={"action": "pause", "list": slug}).status_code == 200
    with world.database.reading() as session:
        assert session.scalars(select(Subscription.paused_until)).all() == [None]


def test_what_the_reader_writes_about_themself_is_theirs(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    assert reloaded(world, reader).own_fields == 0
    client.post(path, data=SAVED | {"name": "María", "place": "Oakfield", "language": "es"})
    known = reloaded(world, reader)
    assert (known.name, known.place, known.language) == ("María", "Oakfield", "es")
    assert known.own_fields == OwnField.NAME | OwnField.PLACE | OwnField.LANGUAGE
    assert 'value="Oakfield"' in client.get(path).text
    client.post(path, data=SAVED | {"name": "", "place": ""})
    known = reloaded(world, reader)
    assert (known.name, known.place) == ("", "")


def test_a_text_is_kept_so_that_an_import_takes_it(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    client.post(path, data=SAVED | {"name": "x" * 400, "place": "  Zu\u0308rich  See "})
    known = reloaded(world, reader)
    assert (known.name, known.place) == ("x" * 200, "Zürich See")


def test_what_the_reader_leaves_empty_and_nobody_knew_may_still_be_imported(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    client.post(path, data=SAVED | {"place": ""})
    assert reloaded(world, reader).own_fields == OwnField.NAME | OwnField.LANGUAGE


def test_lists_are_named_in_the_language_of_the_page(
    world: World, client: httpx.Client, reader: Subscriber, path: str
) -> None:
    with world.database.writing() as session:
        world.list_(session).names = {"es": "Cada mes"}
        world.list_(session).descriptions = {"es": "Ideas para casa"}
    leave = f"/unsubscribe/{world.reader_token(ReaderPurpose.UNSUBSCRIBE, reader, 'monthly')}"
    for page in (path, leave, "/subscribe"):
        assert "Cada mes" in client.get(f"{page}?lang=es").text
        assert "Cada mes" not in client.get(f"{page}?lang=en").text
    assert "Ideas para casa" in client.get("/subscribe?lang=es").text
    assert "Ha dejado Cada mes" in client.post(f"{leave}?lang=es").text
