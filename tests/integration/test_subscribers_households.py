from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from subscribers import households
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.grades import GradeInvalid
from subscribers.households import ChildTold
from subscribers.tables import (
    Child,
    SubscriptionState,
    Told,
)
from tests.support.imports import BANDS, JOSE, MARIA, NOW, ROLL_OVER, TODAY, Community, a_community, add, told

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


def test_a_source_replaces_its_own_children_only(community: Community) -> None:
    with community.database.writing() as session:
        reader = add(session, community)
        households.set_children(session, reader, [ChildTold(2036), ChildTold(2036)], Told.IMPORT, NOW)
        households.set_children(session, reader, [ChildTold(2030)], Told.FAMILY, NOW)
        before = session.scalars(select(Child.id).order_by(Child.id)).all()
        households.set_children(session, reader, [ChildTold(2036), ChildTold(2036)], Told.IMPORT, LATER)
        assert session.scalars(select(Child.id).order_by(Child.id)).all() == before
        households.set_children(session, reader, [ChildTold(2036)], Told.IMPORT, LATER)
    assert told(community.known(MARIA.mailed)) == ["3", "9"]


def test_no_children_need_no_household(community: Community) -> None:
    with community.database.writing() as session:
        reader = add(session, community)
        households.set_children(session, reader, [], Told.FAMILY, NOW)
        assert reader.household_id is None
        assert households.children_of(session, reader) == []


def test_a_child_two_readers_or_sources_tell_of_is_one(community: Community) -> None:
    with community.database.writing() as session:
        maria, jose = add(session, community), add(session, community, JOSE)
        households.set_children(session, maria, [ChildTold(2036), ChildTold(2030)], Told.IMPORT, NOW)
        households.set_children(session, maria, [ChildTold(2036)], Told.FAMILY, NOW)
        jose.household_id = maria.household_id
        households.set_children(session, jose, [ChildTold(2036), ChildTold(2036)], Told.FAMILY, NOW)
    assert told(community.known(MARIA.mailed)) == ["3", "3", "9"]
    assert told(community.known(JOSE.mailed)) == ["3", "3", "9"]


def test_a_level_told_again_is_as_fresh_as_the_last_time(community: Community) -> None:
    with community.database.writing() as session:
        reader = add(session, community)
        households.set_children(session, reader, [ChildTold(None, "high", 2026)], Told.IMPORT, NOW)
        households.set_children(session, reader, [ChildTold(None, "high", 2027)], Told.FAMILY, NOW)
    (known,) = community.known(MARIA.mailed)["children"]
    assert (known["band"], known["stale"]) == ("high", False)


def test_who_left_school_has_no_band(community: Community) -> None:
    with community.database.writing() as session:
        reader = add(session, community)
        households.set_children(session, reader, [ChildTold(2027)], Told.FAMILY, NOW)
    (known,) = community.known(MARIA.mailed, date(2027, 7, 1))["children"]
    assert (known["grade"], known["band"], known["left"]) == (None, None, True)
    assert community.known(MARIA.mailed, date(2027, 6, 30))["bands"] == ["high"]


def test_a_level_that_is_no_band_any_more_matches_none() -> None:
    retired = Child(graduation_year=None, band="kindergarten", end_year=2027)
    lasting = Child(graduation_year=None, band="high", end_year=None)
    assert households.bands_of([retired, lasting], TODAY, ROLL_OVER, BANDS) == {"high"}


def test_grades_nobody_knows_are_refused_with_what_is_known() -> None:
    with pytest.raises(GradeInvalid, match="'13' is not a grade: use PK, K, 1 to 12, or elementary, middle, high"):
        households.parse_children("3;13", TODAY, ROLL_OVER, BANDS)
