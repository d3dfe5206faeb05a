from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers import consent, lists, subscriptions
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.tables import (
    ConsentRecord,
    Purpose,
    Subscription,
    SubscriptionState,
)
from tests.support.imports import NOW, Community, a_community, add

PENDING, CONFIRMED, UNSUBSCRIBED = (
    SubscriptionState.PENDING,
    SubscriptionState.CONFIRMED,
    SubscriptionState.UNSUBSCRIBED,
)
FORM = Evidence("form", "Yes, please", "3", "en", "192.0.2.1", "Browser")
LATER = NOW + timedelta(days=1)


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def given(session: Session) -> list[tuple[Purpose, bool, str]]:
    records = session.scalars(select(ConsentRecord).order_by(ConsentRecord.id))
    return [(record.purpose, record.given, record.source) for record in records]


def test_a_sign_up_waits_until_it_is_confirmed_once(community: Community) -> None:
    with community.database.writing() as session:
        reader, list_ = add(session, community), community.list_(session)
        made = subscriptions.subscribe(session, reader, list_, PENDING, NOW, evidence=FORM)
        assert (made.state, made.confirmed_at) == (PENDING, None)
        assert subscriptions.confirm(session, reader, list_, LATER, evidence=Evidence("mail"))
        assert not subscriptions.confirm(session, reader, list_, LATER, evidence=Evidence("mail"))
        again = subscriptions.subscribe(session, reader, list_, PENDING, LATER, evidence=FORM)
        assert (again.state, again.confirmed_at) == (CONFIRMED, LATER)
        assert given(session) == [(Purpose.LIST, True, "form"), (Purpose.LIST, True, "mail")]


def test_a_pending_reader_may_be_confirmed_by_who_knows_of_their_consent(community: Community) -> None:
    with community.database.writing() as session:
        reader, list_ = add(session, community), community.list_(session)
        subscriptions.subscribe(session, reader, list_, PENDING, NOW, evidence=FORM)
        now_confirmed = subscriptions.subscribe(session, reader, list_, CONFIRMED, LATER, evidence=Evidence("staff"))
        assert (now_confirmed.state, now_confirmed.confirmed_at) == (CONFIRMED, LATER)


def test_a_single_opt_in_confirms_at_once(community: Community) -> None:
    with community.database.writing() as session:
        reader = add(session, community)
        made = subscriptions.subscribe(session, reader, community.list_(session), CONFIRMED, NOW, evidence=FORM)
        assert (made.state, made.confirmed_at) == (CONFIRMED, NOW)


def test_only_a_confirmation_brings_back_who_left(community: Community) -> None:
    with community.database.writing() as session:
        reader, list_ = add(session, community), community.list_(session)
        subscriptions.subscribe(session, reader, list_, CONFIRMED, NOW, evidence=FORM)
        assert subscriptions.unsubscribe(session, reader, list_, NOW, evidence=FORM) == [list_.id]
        assert subscriptions.unsubscribe(session, reader, list_, NOW, evidence=FORM) == []
        assert not subscriptions.confirm(session, reader, list_, NOW, evidence=FORM)
        for _ in range(2):
            back = subscriptions.subscribe(session, reader, list_, CONFIRMED, LATER, evidence=FORM)
            assert back.state is PENDING
        assert subscriptions.confirm(session, reader, list_, LATER, evidence=FORM)
        assert (back.state, back.unsubscribed_at) == (CONFIRMED, None)
        assert [is_given for _, is_given, _ in given(session)] == [True, False, True, True]


def test_one_list_or_all_can_be_left(community: Community) -> None:
    with community.database.writing() as session:
        reader, first = add(session, community), community.list_(session)
        second = lists.create(session, community.organization.id, "workshops", "Workshops", now=NOW)
        third = lists.create(session, community.organization.id, "staff", "Staff", now=NOW)
        for list_ in (first, second):
            subscriptions.subscribe(session, reader, list_, CONFIRMED, NOW, evidence=FORM)
        assert subscriptions.unsubscribe(session, reader, third, NOW, evidence=FORM) == []
        assert subscriptions.unsubscribe(session, reader, first, NOW, evidence=FORM) == [first.id]
        assert subscriptions.unsubscribe(session, reader, None, NOW, evidence=FORM) == [second.id]
        states = session.scalars(select(Subscription.state)).all()
    assert states == [UNSUBSCRIBED, UNSUBSCRIBED]


def test_a_consent_keeps_its_words_and_where_it_came_from(community: Community) -> None:
    with community.database.writing() as session:
        reader = add(session, community)
        consent.record(session, reader, Purpose.TRACKING, True, evidence=FORM, now=NOW)
        assert reader.tracking
        kept = session.scalars(select(ConsentRecord)).one()
        assert (kept.wording, kept.wording_version, kept.language) == ("Yes, please", "3", "en")
        assert (kept.network_address, kept.user_agent, kept.recorded_at) == ("192.0.2.1", "Browser", NOW)
        consent.record(session, reader, Purpose.TRACKING, False, evidence=FORM, now=LATER)
        assert not reader.tracking
