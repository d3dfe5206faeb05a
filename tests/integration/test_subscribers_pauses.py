"""A reader takes a break from a list, and it ends by itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.ledger.tables import Delivery, Exclusion
from subscribers import subscriptions
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.tables import List, Subscriber, Subscription, SubscriptionState
from tests.support.imports import NOW, Community, a_community, add
from tests.support.school import a_scheduled_campaign, a_school

FORM = Evidence("form")
MONTH = timedelta(days=31)
DAY = timedelta(days=1)


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[App]:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path, clock) as app:
        yield app


def joined(session: Session, community: Community, state: SubscriptionState) -> tuple[Subscriber, List]:
    reader, list_ = add(session, community), community.list_(session)
    subscriptions.subscribe(session, reader, list_, state, NOW, evidence=FORM)
    return reader, list_


def paused_until(session: Session) -> datetime | None:
    session.expire_all()
    return session.scalars(select(Subscription)).one().paused_until


def test_a_pause_is_kept_until_it_is_over_or_taken_back(community: Community) -> None:
    with community.database.writing() as session:
        reader, list_ = joined(session, community, SubscriptionState.CONFIRMED)
        assert subscriptions.pause(session, reader, list_, NOW + MONTH)
        assert paused_until(session) == NOW + MONTH
        assert subscriptions.resume(session, reader, list_)
        assert not subscriptions.resume(session, reader, list_)
        assert paused_until(session) is None
        assert subscriptions.pause(session, reader, list_, NOW + MONTH)
        for now, is_over in ((NOW + MONTH - DAY, False), (NOW + MONTH, True), (NOW + MONTH, False)):
            assert subscriptions.is_pause_over(session, now) is is_over
            assert subscriptions.end_pauses(session, now) == int(is_over)
        assert paused_until(session) is None


@pytest.mark.parametrize("state", [SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED])
def test_only_who_gets_a_list_can_pause_it(community: Community, state: SubscriptionState) -> None:
    with community.database.writing() as session:
        reader, list_ = joined(session, community, SubscriptionState.PENDING)
        if state is SubscriptionState.UNSUBSCRIBED:
            subscriptions.unsubscribe(session, reader, list_, NOW, evidence=FORM)
        assert not subscriptions.pause(session, reader, list_, NOW + MONTH)
        assert paused_until(session) is None


def test_who_leaves_and_comes_back_does_not_pause_any_more(community: Community) -> None:
    with community.database.writing() as session:
        reader, list_ = joined(session, community, SubscriptionState.CONFIRMED)
        subscriptions.pause(session, reader, list_, NOW + MONTH)
        subscriptions.unsubscribe(session, reader, list_, NOW, evidence=FORM)
        subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, NOW, evidence=FORM)
        subscriptions.confirm(session, reader, list_, NOW, evidence=FORM)
        assert paused_until(session) is None


def test_the_few_that_pause_are_found_without_reading_everybody(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.reading() as session:
        plan = session.execute(
            text("EXPLAIN QUERY PLAN UPDATE subscription SET paused_until = NULL WHERE paused_until <= '2026-12-02'")
        ).all()
    database.close()
    assert "ix_subscription_paused_until" in str(plan)


def pause_everybody(app: App, until: datetime) -> None:
    with app.database.writing() as session:
        list_ = session.get_one(List, 1)
        for reader in session.scalars(select(Subscriber)):
            subscriptions.pause(session, reader, list_, until)


def excluded(app: App) -> set[str | None]:
    with app.database.reading() as session:
        return set(session.scalars(select(Delivery.reason)))


def test_who_pauses_is_left_out_and_who_has_paused_is_not(app: App, clock: Clock) -> None:
    pause_everybody(app, clock.now() + DAY)
    a_scheduled_campaign(app)
    app.scheduler().tick()
    assert excluded(app) == {Exclusion.PAUSED}


def test_a_pause_that_ends_as_the_audience_is_fixed_leaves_nobody_out(app: App, clock: Clock) -> None:
    pause_everybody(app, clock.now() + DAY)
    campaign_id = a_scheduled_campaign(app)
    app.scheduler().fire()
    clock.offset += DAY
    app.scheduler().prepare_one(campaign_id)
    assert Exclusion.PAUSED not in excluded(app)


def test_the_tick_ends_pauses(app: App, clock: Clock) -> None:
    pause_everybody(app, clock.now() + DAY)
    app.scheduler().tick()
    with app.database.reading() as session:
        assert None not in set(session.scalars(select(Subscription.paused_until)))
    clock.offset += DAY
    app.scheduler().tick()
    with app.database.reading() as session:
        assert set(session.scalars(select(Subscription.paused_until))) == {None}
