from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from subscribers import audience, lists, organizations, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.errors import NotFound
from subscribers.lists import ListExists, SlugInvalid
from subscribers.organizations import OrganizationMissing
from subscribers.tables import (
    List,
    Subscriber,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.support.imports import JOSE, MARIA, NOW, Community, a_community, add

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


def test_lists_are_found_by_their_short_name(community: Community) -> None:
    with community.database.writing() as session:
        made = lists.create(
            session,
            community.organization.id,
            "a-1",
            "  After   school ",
            now=NOW,
            double_opt_in=False,
        )
        assert (made.name, made.double_opt_in, made.description) == ("After school", False, "")
        assert [list_.slug for list_ in lists.all_of(session, community.organization.id)] == ["a-1", "families"]
        with pytest.raises(NotFound, match="Lists: a-1, families"):
            lists.get(session, community.organization.id, "nix")
        with pytest.raises(ListExists, match="'a-1' already"):
            lists.create(session, community.organization.id, "a-1", "Again", now=NOW)


@pytest.mark.parametrize("slug", ["", "A", "a b", "-a", "a-", "a" * 64, "ä"])
def test_a_short_name_is_plain(community: Community, slug: str) -> None:
    with community.database.writing() as session, pytest.raises(SlugInvalid, match="lower-case"):
        lists.create(session, community.organization.id, slug, "Name", now=NOW)


def test_a_list_counts_its_readers_by_state_and_who_of_them_is_mailed(community: Community) -> None:
    with community.database.writing() as session:
        here, organization = community.list_(session), community.organization
        for n, state in enumerate((PENDING, *[CONFIRMED] * 5)):
            reader = add(session, community, EmailAddress.parse(f"reader{n}@school.example"))
            standing = subscriptions.subscribe(session, reader, here, state, NOW, evidence=FORM)
            standing.off_roster_at = NOW if n == 3 else None
            standing.paused_until = LATER if n == 4 else None
        for n in (0, 5):
            address = EmailAddress.parse(f"reader{n}@school.example")
            suppressions.suppress(session, organization, address, SuppressionReason.STAFF, now=NOW)
        empty = lists.create(session, organization.id, "empty", "Empty", now=NOW)
        counts = audience.counts(session, organization.id)
        assert counts[here.id] == {
            "pending": 1,
            "confirmed": 5,
            "unsubscribed": 0,
            "mailed": 2,
            "paused": 1,
            "off_roster": 1,
            "suppressed": 1,
        }
        assert counts[empty.id] == dict.fromkeys(counts[here.id], 0)


def test_there_is_one_organization_and_it_is_made_once(database: Database) -> None:
    with database.writing() as session:
        with pytest.raises(OrganizationMissing, match="newsletter init"):
            organizations.the(session)
        assert organizations.ensure(session, "Maple Families", NOW)
        assert not organizations.ensure(session, "Other", NOW)
        assert organizations.the(session).name == "Maple Families"
        assert len(organizations.the(session).salt) > 30


def test_a_suppression_counts_everywhere_or_on_one_list(community: Community) -> None:
    organization, here = community.organization, community.list_id
    with community.database.writing() as session:
        assert suppressions.suppress(session, organization, MARIA, SuppressionReason.BOUNCE, now=NOW, list_id=here)
        assert not suppressions.suppress(session, organization, MARIA, SuppressionReason.STAFF, now=NOW, list_id=here)
        assert suppressions.is_suppressed(session, organization, MARIA, here)
        assert not suppressions.is_suppressed(session, organization, MARIA)
        assert suppressions.suppress(session, organization, JOSE, SuppressionReason.COMPLAINT, now=NOW, detail="x")
        assert suppressions.is_suppressed(session, organization, JOSE, here)
        assert suppressions.is_suppressed(session, organization, JOSE)
        with pytest.raises(suppressions.AddressSuppressed, match="is suppressed and never mailed"):
            suppressions.refuse(session, organization, JOSE)
        suppressions.refuse(session, organization, MARIA)


def test_a_lifted_suppression_stays_as_a_record(community: Community) -> None:
    organization, here = community.organization, community.list_id
    with community.database.writing() as session:
        for list_id in (None, here):
            suppressions.suppress(session, organization, MARIA, SuppressionReason.STAFF, now=NOW, list_id=list_id)
        assert suppressions.lift(session, organization, MARIA, now=LATER)
        assert not suppressions.lift(session, organization, MARIA, now=LATER)
        assert not suppressions.is_suppressed(session, organization, MARIA)
        assert suppressions.is_suppressed(session, organization, MARIA, here)
        assert suppressions.suppress(session, organization, MARIA, SuppressionReason.BOUNCE, now=LATER)
        assert [row.lifted_at for row in session.scalars(select(Suppression).order_by(Suppression.id))] == [
            LATER,
            None,
            None,
        ]


def test_a_select_can_ask_who_is_suppressed(community: Community) -> None:
    with community.database.writing() as session:
        for address in (MARIA, JOSE):
            add(session, community, address)
        other = lists.create(session, community.organization.id, "other", "Other", now=NOW)
        suppressions.suppress(
            session, community.organization, MARIA, SuppressionReason.STAFF, now=NOW, list_id=community.list_id
        )
        suppressions.suppress(session, community.organization, JOSE, SuppressionReason.STAFF, now=NOW)

        def silent(list_id: int | None) -> list[str]:
            clause = suppressions.active_for(list_id, Subscriber.address_hash)
            return list(session.scalars(select(Subscriber.address_key).where(clause).order_by(Subscriber.id)))

        assert silent(community.list_id) == [MARIA.key, JOSE.key]
        assert silent(other.id) == [JOSE.key]
        assert silent(None) == [JOSE.key]
        assert session.scalars(select(List.slug).order_by(List.id)).all() == ["families", "other"]
