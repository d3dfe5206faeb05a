"""A school that keeps things for as long as a test says, and what is in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.events import retention
from subscribers import lists, subscribers, subscriptions
from subscribers.tables import Subscriber, SubscriptionState
from tests.support.persons import ADDRESS, EVIDENCE
from tests.support.school import a_school

KEPT = {"keep_events_days": 700, "keep_persons_days": 300, "keep_pending_days": 30, "keep_evidence_days": 1000}
FOR_EVER = dict.fromkeys(KEPT, 0) | {"keep_evidence_days": 100_000}


@contextmanager
def a_keeping_school(database_url: str, folder: Path, clock: Clock, **kept: int) -> Iterator[App]:
    with a_school(database_url, f"file:{folder}/outbox", folder / "state", clock, **(FOR_EVER | kept)) as app:
        yield app


def after(app: App, days: float) -> None:
    app.clock.offset += timedelta(days=days)


def purge(app: App) -> dict[str, int]:
    """What went of each kind, without those of which nothing did; a dry run has said the same before."""
    kept, now = app.kept, app.clock.now()
    with app.database.reading() as session:
        due = {name: found.rows for name, found in retention.due(session, kept, now).items() if found.rows}
    went, is_all = retention.purge(app.database, kept, now)
    assert is_all
    assert {name: count for name, count in went.items() if count} == due
    return due


def count(app: App, of: Any) -> int:
    with app.database.reading() as session:
        return session.scalars(select(func.count()).select_from(of)).one()


def people(app: App) -> set[str]:
    with app.database.reading() as session:
        return set(session.scalars(select(Subscriber.address)))


def step(app: App, reader_id: int, what: str, slug: str = "families") -> None:
    with app.database.writing() as session:
        reader, now = session.get_one(Subscriber, reader_id), app.clock.now()
        list_ = lists.get(session, app.organization.id, slug)
        match what:
            case "ask":
                subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, now, evidence=EVIDENCE)
            case "confirm":
                subscriptions.confirm(session, reader, list_, now, evidence=EVIDENCE)
            case _:
                subscriptions.unsubscribe(session, reader, list_, now, evidence=EVIDENCE)


def a_stranger(app: App, *, slug: str = "families") -> int:
    """Who asked for a list and did not confirm yet."""
    with app.database.writing() as session:
        reader = subscribers.add(session, app.organization, ADDRESS, now=app.clock.now())
    step(app, reader.id, "ask", slug)
    return reader.id
