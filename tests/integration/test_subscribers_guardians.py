import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from subscribers import guardians, households, subscribers
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.guardians import SamePerson, SharesNoHousehold
from subscribers.households import ChildTold
from subscribers.tables import Child, Household, Subscriber, Told
from tests.support.imports import BANDS, JOSE, MARIA, NOW, ROLL_OVER, TODAY, Community, a_community, add, told


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def two_homes(community: Community) -> None:
    with community.database.writing() as session:
        maria, jose = add(session, community), add(session, community, JOSE, language="es")
        households.set_children(session, maria, [ChildTold(2036), ChildTold(2030)], Told.FAMILY, NOW)
        households.set_children(session, jose, [ChildTold(2036), ChildTold(2032)], Told.FAMILY, NOW)


def link(community: Community) -> bool:
    with community.database.writing() as session:
        maria, jose = (subscribers.get(session, community.organization.id, one) for one in (MARIA, JOSE))
        return guardians.link(session, maria, jose, NOW)


def test_linked_guardians_share_their_children_and_none_is_doubled(community: Community) -> None:
    two_homes(community)
    assert link(community)
    assert told(community.known(MARIA.mailed)) == told(community.known(JOSE.mailed)) == ["3", "7", "9"]
    with community.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Household)) == 1
    assert not link(community)


def test_unlinked_guardians_each_keep_the_children_they_told_of(community: Community) -> None:
    two_homes(community)
    link(community)
    with community.database.writing() as session:
        guardians.unlink(session, subscribers.get(session, community.organization.id, JOSE), NOW)
    assert told(community.known(MARIA.mailed)) == ["3", "9"]
    assert told(community.known(JOSE.mailed)) == ["3", "7"]


def test_a_guardian_who_told_of_no_child_leaves_with_none(community: Community) -> None:
    with community.database.writing() as session:
        maria, jose = add(session, community), add(session, community, JOSE)
        households.set_children(session, maria, [ChildTold(2036)], Told.FAMILY, NOW)
        guardians.link(session, jose, maria, NOW)
        assert told(subscribers.describe(session, jose, TODAY, ROLL_OVER, BANDS)) == ["3"]
        guardians.unlink(session, jose, NOW)
        assert jose.household_id is None
        with pytest.raises(SharesNoHousehold, match=r"shares a household with Maria@school\.example"):
            guardians.unlink(session, maria, NOW)


def test_everybody_of_both_households_comes_together(community: Community) -> None:
    two_homes(community)
    with community.database.writing() as session:
        third = EmailAddress.parse("grandmother@school.example")
        jose = subscribers.get(session, community.organization.id, JOSE)
        guardians.link(session, jose, add(session, community, third), NOW)
    link(community)
    with community.database.reading() as session:
        reader = subscribers.get(session, community.organization.id, third)
        together = [guardian.address for guardian in guardians.of_household(session, reader)]
    assert together == ["grandmother@school.example", "jose@school.example", "Maria@school.example"]


def test_readers_without_children_can_share_a_household(community: Community) -> None:
    with community.database.writing() as session:
        maria, jose = add(session, community), add(session, community, JOSE)
        assert guardians.link(session, maria, jose, NOW)
        assert maria.household_id == jose.household_id is not None
        with pytest.raises(SamePerson):
            guardians.link(session, maria, maria, NOW)
        facts = guardians.describe(session, maria, TODAY, ROLL_OVER, BANDS)
        assert facts == {
            "household": None,
            "guardians": [
                {"address": "jose@school.example", "name": "", "language": ""},
                {"address": "Maria@school.example", "name": "", "language": ""},
            ],
            "children": [],
            "bands": [],
        }


def test_the_household_that_a_file_names_stays(community: Community) -> None:
    community.load("email,grades,household\njose@school.example,3,H-7\n")
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [ChildTold(2030)], Told.FAMILY, NOW)
    link(community)
    with community.database.reading() as session:
        assert session.scalars(select(Household.key)).all() == ["H-7"]
        reader = subscribers.get(session, community.organization.id, MARIA)
        assert guardians.describe(session, reader, TODAY, ROLL_OVER, BANDS)["household"] == "H-7"
    assert told(community.known(MARIA.mailed)) == ["3", "9"]


def test_two_who_link_at_once_make_one_household(community: Community) -> None:
    two_homes(community)
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(link(community))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, False, False, True]
    with community.database.reading() as session:
        assert len(set(session.scalars(select(Subscriber.household_id)))) == 1
        assert session.scalar(select(func.count()).select_from(Child)) == 4
