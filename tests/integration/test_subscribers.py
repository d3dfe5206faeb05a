from datetime import timedelta
from pathlib import Path

import pytest

from subscribers import households, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.errors import NotFound
from subscribers.tables import (
    Role,
    SubscriptionState,
    SuppressionReason,
    Told,
)
from tests.support.imports import BANDS, JOSE, MARIA, NOW, ROLL_OVER, TODAY, Community, a_community, add

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


def test_a_reader_is_found_by_any_spelling_of_the_address(community: Community) -> None:
    with community.database.writing() as session:
        made = add(session, community)
        again = add(session, community, EmailAddress.parse("MARIA@School.example"))
        assert again is made
        assert subscribers.find(session, community.organization.id, EmailAddress.parse("maria@school.example")) is made
        assert subscribers.by_public_id(session, made.public_id) is made
        assert subscribers.by_public_id(session, "nobody") is None
        assert made.address == "Maria@school.example"


def test_what_is_told_later_is_taken_and_what_is_not_told_stays(community: Community) -> None:
    with community.database.writing() as session:
        add(session, community, name="Maria", language="es", roles=[Role.FAMILY], tags=["pta"])
    with community.database.writing() as session:
        reader = subscribers.add(
            session,
            community.organization,
            MARIA,
            time_zone="America/Chicago",
            roles=[Role.FAMILY, Role.EDUCATOR],
            tags=["pta", "band"],
            now=LATER,
        )
        assert (reader.name, reader.language, reader.time_zone) == ("Maria", "es", "America/Chicago")
        assert sorted(subscribers.roles_of(session, reader)) == [Role.EDUCATOR, Role.FAMILY]
        assert subscribers.tags_of(session, reader) == ["band", "pta"]
        assert (reader.created_at, reader.updated_at) == (NOW, LATER)


def test_a_stranger_is_said_to_be_one(community: Community) -> None:
    with community.database.reading() as session, pytest.raises(NotFound, match="no subscriber jose"):
        subscribers.get(session, community.organization.id, JOSE)


def test_a_reader_is_described_for_staff(community: Community) -> None:
    with community.database.writing() as session:
        reader = add(session, community, name="Maria", language="es", roles=[Role.FAMILY])
        children = households.parse_children("3; k, high", TODAY, ROLL_OVER, BANDS)
        households.set_children(session, reader, children, Told.FAMILY, NOW)
        subscriptions.subscribe(session, reader, community.list_(session), PENDING, NOW, evidence=FORM)
        suppressions.suppress(session, community.organization, MARIA, SuppressionReason.REQUEST, now=NOW)
    assert community.known("maria@school.example") == {
        "address": "Maria@school.example",
        "name": "Maria",
        "language": "es",
        "time_zone": "",
        "place": "",
        "roles": ["family"],
        "tags": [],
        "children": [
            child("3", 2036, "elementary"),
            child("K", 2039, "elementary"),
            child(None, None, "high"),
        ],
        "bands": ["elementary", "high"],
        "tracking": False,
        "suppressed": True,
        "lists": [
            {
                "list": "families",
                "state": "pending",
                "frequency": "every",
                "off_roster": False,
                "paused_until": None,
            }
        ],
        "attributes": {},
        "since": NOW.isoformat(),
    }


def child(grade: str | None, year: int | None, band: str) -> dict[str, object]:
    return {
        "grade": grade,
        "graduation_year": year,
        "told_year": None,
        "told_grade": None,
        "exception": None,
        "band": band,
        "school": "",
        "left": False,
        "stale": False,
        "mark": None,
        "told_by": "family",
    }
