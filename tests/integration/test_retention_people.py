"""Who never confirmed, and who left, is forgotten in time; who acts in the last moment stays."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.events import retention
from subscribers import lists, subscribers
from subscribers.tables import List, Subscription, SubscriptionState
from tests.support.keeping import KEPT, a_keeping_school, a_stranger, after, people, purge, step
from tests.support.persons import ADDRESS, a_known_person, traces
from tests.support.school import FAMILIES


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[App]:
    with a_keeping_school(database_url, tmp_path, clock, **KEPT) as app:
        yield app


def test_a_sign_up_that_is_never_confirmed_is_forgotten_with_the_person(app: App) -> None:
    a_stranger(app)
    after(app, 29)
    assert purge(app) == {}
    after(app, 2)
    assert purge(app) == {"unconfirmed sign-ups": 1}
    assert people(app) == set(FAMILIES)


def test_a_sign_up_asked_for_again_waits_from_then(app: App) -> None:
    reader_id = a_stranger(app)
    step(app, reader_id, "confirm")
    step(app, reader_id, "leave")
    after(app, 100)
    step(app, reader_id, "ask")
    after(app, 29)
    assert purge(app) == {}
    after(app, 2)
    assert purge(app) == {"unconfirmed sign-ups": 1}
    with app.database.reading() as session:
        assert session.scalars(select(Subscription.state).where(Subscription.subscriber_id == reader_id)).all() == [
            SubscriptionState.UNSUBSCRIBED
        ]
    after(app, 300 - 131 + 1)
    assert purge(app) == {"people who left": 1}


def test_who_reads_another_list_only_loses_the_sign_up(app: App) -> None:
    with app.database.writing() as session:
        lists.create(session, app.organization.id, "teachers", "Teachers", now=app.clock.now())
    reader_id = a_stranger(app, slug="teachers")
    step(app, reader_id, "ask")
    step(app, reader_id, "confirm")
    after(app, 31)
    assert purge(app) == {"unconfirmed sign-ups": 1}
    with app.database.reading() as session:
        on = select(List.slug).join(Subscription).where(Subscription.subscriber_id == reader_id)
        assert session.scalars(on).all() == ["families"]


def forgotten_while(app: App, kind: str, *, days: int, meanwhile: Callable[[], None]) -> int:
    """How many of a kind are forgotten where something happens after they were found and before they are."""
    cut = retention.Cut(app.clock.now() - timedelta(days=days), app.clock.now())
    [clock] = [clock for clock in retention.clocks(app.settings) if clock.name == kind]
    with app.database.reading() as session:
        rows = session.execute(clock.due(cut.before)).all()
    meanwhile()
    with app.database.writing() as session:
        return clock.forget(session, rows, cut)


def test_who_confirms_in_the_last_moment_stays(app: App) -> None:
    reader_id = a_stranger(app)
    after(app, 31)
    assert forgotten_while(app, "unconfirmed sign-ups", days=30, meanwhile=lambda: step(app, reader_id, "confirm")) == 0
    assert ADDRESS.mailed in people(app)


def test_who_has_left_every_list_is_forgotten_after_the_last_leaving(app: App, tmp_path: Path) -> None:
    with app.database.writing() as session:
        lists.create(session, app.organization.id, "teachers", "Teachers", now=app.clock.now())
    reader_id = a_known_person(app)
    step(app, reader_id, "ask", "teachers")
    step(app, reader_id, "confirm", "teachers")
    step(app, reader_id, "leave")
    after(app, 290)
    step(app, reader_id, "leave", "teachers")
    after(app, 299)
    assert purge(app) == {}
    after(app, 2)
    assert purge(app) == {"people who left": 1}
    assert people(app) == set(FAMILIES)
    assert traces(app.database, tmp_path) == set()


def test_who_comes_back_in_the_last_moment_stays(app: App) -> None:
    reader_id = a_known_person(app)
    step(app, reader_id, "leave")
    after(app, 301)
    assert forgotten_while(app, "people who left", days=300, meanwhile=lambda: step(app, reader_id, "ask")) == 0
    assert ADDRESS.mailed in people(app)


def test_who_was_never_on_a_list_has_left_none(app: App) -> None:
    with app.database.writing() as session:
        subscribers.add(session, app.organization, ADDRESS, now=app.clock.now())
    after(app, 5000)
    purge(app)
    assert ADDRESS.mailed in people(app)
