import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from subscribers import corrections, guardians, households, schools, subscribers
from subscribers.corrections import ChildNotFound, LevelMovedAway, OnlyLevelKnown
from subscribers.db import Database
from subscribers.grades import GradeInvalid
from subscribers.households import ChildTold
from subscribers.schools import SchoolInvalid
from subscribers.tables import Child, School, Told
from tests.support.imports import BANDS, JOSE, MARIA, NOW, ROLL_OVER, TODAY, Community, a_community, add, told

THIRD, NINTH = ChildTold(2036), ChildTold(2030)


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def children(community: Community) -> list[tuple[str | None, str | None, str]]:
    """Grade or band, exception and school of Maria's children."""
    known = community.known(MARIA.mailed)["children"]
    return sorted((one["grade"] or one["band"] or "gone", one["exception"], one["school"]) for one in known)


def test_a_child_that_repeats_is_corrected_in_everything_that_was_told_of_it(community: Community) -> None:
    with community.database.writing() as session:
        maria, jose = add(session, community), add(session, community, JOSE)
        for reader, source in ((maria, Told.FAMILY), (maria, Told.IMPORT), (jose, Told.FAMILY)):
            households.set_children(session, reader, [THIRD, NINTH], source, NOW)
        guardians.link(session, maria, jose, NOW)
        corrections.repeat(session, jose, THIRD)
    assert children(community) == [("2", "repeats", ""), ("9", None, "")]


def test_one_of_twins_repeats(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        for source in (Told.FAMILY, Told.IMPORT):
            households.set_children(session, maria, [THIRD, THIRD], source, NOW)
        corrections.repeat(session, maria, THIRD)
    assert children(community) == [("2", "repeats", ""), ("3", None, "")]


def test_a_source_that_says_the_same_again_does_not_undo_an_exception(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [THIRD, THIRD, NINTH], Told.FAMILY, NOW)
        corrections.repeat(session, maria, THIRD)
        corrections.move_away(session, maria, NINTH, 2027)
        before = [(child.id, child.graduation_year, child.told_year) for child in session.scalars(select(Child))]
        households.set_children(session, maria, [NINTH, THIRD, THIRD], Told.FAMILY, NOW)
        after = [(child.id, child.graduation_year, child.told_year) for child in session.scalars(select(Child))]
    assert sorted(after) == sorted(before)
    assert children(community) == [("2", "repeats", ""), ("3", None, ""), ("gone", "moved away", "")]


def test_a_source_that_agrees_ends_the_exception(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [THIRD, THIRD], Told.FAMILY, NOW)
        corrections.repeat(session, maria, THIRD)
        households.set_children(session, maria, [ChildTold(2037), THIRD], Told.FAMILY, NOW)
        assert session.scalars(select(Child.told_year)).all() == [None, None]
    assert children(community) == [("2", None, ""), ("3", None, "")]


def test_a_source_that_knows_no_more_of_a_child_that_moved_away_forgets_it(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [THIRD, NINTH], Told.FAMILY, NOW)
        corrections.move_away(session, maria, NINTH, 2027)
        households.set_children(session, maria, [THIRD], Told.FAMILY, NOW)
    assert children(community) == [("3", None, "")]


def test_siblings_a_year_apart_who_both_repeat_can_both_be_agreed_with(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [ChildTold(2036), ChildTold(2037)], Told.FAMILY, NOW)
        corrections.repeat(session, maria, ChildTold(2037))
        corrections.repeat(session, maria, ChildTold(2036))
        before = set(session.scalars(select(Child.id)))
        households.set_children(session, maria, [ChildTold(2037), ChildTold(2038)], Told.FAMILY, NOW)
        assert set(session.scalars(select(Child.id))) == before
        assert session.scalars(select(Child.told_year)).all() == [None, None]


def test_who_moved_away_has_left_school_in_every_rule_and_report(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [NINTH], Told.FAMILY, NOW)
        corrections.move_away(session, maria, NINTH, ROLL_OVER.end_year(TODAY))
    known = community.known(MARIA.mailed)
    assert known["bands"] == []
    (child,) = known["children"]
    assert (child["left"], child["mark"], child["told_year"], child["told_grade"]) == (True, "left", 2030, "9")


def test_a_child_that_comes_back_is_the_one_that_moved_away(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [NINTH], Told.IMPORT, NOW)
        corrections.move_away(session, maria, NINTH, 2027)
        corrections.add(session, maria, NINTH, NOW)
        assert session.scalar(select(func.count()).select_from(Child)) == 1
    assert children(community) == [("9", None, "")]


def test_a_child_that_repeats_and_then_moves_away_is_still_known_as_it_was_told(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [THIRD], Told.FAMILY, NOW)
        corrections.repeat(session, maria, THIRD)
        corrections.repeat(session, maria, ChildTold(2037))
        assert session.scalars(select(Child.told_year)).all() == [2036]
        corrections.move_away(session, maria, ChildTold(2038), 2027)
        households.set_children(session, maria, [THIRD], Told.FAMILY, NOW)
    assert children(community) == [("gone", "moved away", "")]


def test_staff_add_one_child_more_than_the_sources_told(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [THIRD], Told.IMPORT, NOW)
        corrections.add(session, maria, THIRD, NOW)
        corrections.add(session, maria, ChildTold(None, "high", 2027, "Lincoln High"), NOW)
    assert children(community) == [("3", None, ""), ("3", None, ""), ("high", None, "Lincoln High")]


def test_the_first_child_that_staff_add_makes_the_household(community: Community) -> None:
    with community.database.writing() as session:
        corrections.add(session, add(session, community), ChildTold(2036, school="Maple"), NOW)
    assert children(community) == [("3", None, "Maple")]


def test_staff_remove_a_child_that_two_sources_told_of(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        for source in (Told.FAMILY, Told.IMPORT):
            households.set_children(session, maria, [THIRD, NINTH], source, NOW)
        corrections.remove(session, maria, THIRD)
    assert children(community) == [("9", None, "")]


def test_twins_go_to_two_schools_one_after_the_other(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [THIRD, THIRD], Told.FAMILY, NOW)
        corrections.move_to(session, maria, THIRD, "Maple")
        corrections.move_to(session, maria, THIRD, "Maple")
        corrections.move_to(session, maria, THIRD, "Lincoln")
    assert children(community) == [("3", None, "Lincoln"), ("3", None, "Maple")]


def test_a_child_of_whom_only_the_level_is_known_can_change_school_and_be_removed(community: Community) -> None:
    level = ChildTold(None, "high", 2027)
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [level], Told.FAMILY, NOW)
        corrections.move_to(session, maria, level, "Lincoln")
        households.set_children(session, maria, [ChildTold(None, "high", 2028)], Told.FAMILY, NOW)
        assert session.scalars(select(Child.end_year)).all() == [2028]
        with pytest.raises(OnlyLevelKnown, match="remove it, and add it with its grade"):
            corrections.repeat(session, maria, level)
        with pytest.raises(LevelMovedAway, match="remove the child with --remove instead"):
            corrections.move_away(session, maria, level, 2028)
    assert children(community) == [("high", None, "Lincoln")]
    with community.database.writing() as session:
        corrections.remove(session, subscribers.get(session, community.organization.id, MARIA), level)
    assert children(community) == []


def test_a_child_that_nobody_told_of_cannot_be_corrected(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        with pytest.raises(ChildNotFound, match="households show"):
            corrections.remove(session, maria, THIRD)
        households.set_children(session, maria, [NINTH], Told.FAMILY, NOW)
        with pytest.raises(ChildNotFound):
            corrections.repeat(session, maria, THIRD)


@pytest.mark.parametrize(("correct", "left"), [(corrections.repeat, [("2", "repeats", "")]), (corrections.remove, [])])
def test_the_same_correction_twice_at_once_is_made_once(
    community: Community, correct: Callable[..., None], left: list[tuple[str, str, str]]
) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [THIRD], Told.FAMILY, NOW)
    together, done = threading.Barrier(2), list[bool]()

    def once() -> None:
        together.wait()
        try:
            with community.database.writing() as session:
                correct(session, subscribers.get(session, community.organization.id, MARIA), THIRD)
            done.append(True)
        except ChildNotFound:
            done.append(False)

    threads = [threading.Thread(target=once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, True]
    assert children(community) == left


def test_a_school_is_one_however_its_name_is_written(community: Community) -> None:
    text = "3 @ École  du Parc;9@Lincoln High;K"
    first = households.parse_children(text, TODAY, ROLL_OVER, BANDS)
    assert [child.school for child in first] == ["École du Parc", "Lincoln High", ""]
    again = households.parse_children("3 @ e\u0301COLE DU PARC; 9 @ lincoln high; K", TODAY, ROLL_OVER, BANDS)
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, first, Told.FAMILY, NOW)
        before = set(session.scalars(select(Child.id)))
        households.set_children(session, maria, again, Told.FAMILY, NOW)
        assert set(session.scalars(select(Child.id))) == before
        assert session.scalars(select(School.name).order_by(School.name)).all() == ["Lincoln High", "École du Parc"]
    assert children(community) == [("3", None, "École du Parc"), ("9", None, "Lincoln High"), ("K", None, "")]


def test_a_source_that_names_a_school_decides_it_and_one_that_does_not_leaves_it(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [ChildTold(2036, school="Maple")], Told.FAMILY, NOW)
        households.set_children(session, maria, [ChildTold(2036)], Told.FAMILY, NOW)
        assert session.scalars(select(School.name).join(Child, Child.school_id == School.id)).all() == ["Maple"]
        households.set_children(session, maria, [ChildTold(2036, school="Lincoln")], Told.FAMILY, NOW)
    assert children(community) == [("3", None, "Lincoln")]


def test_of_two_who_tell_of_a_child_the_one_who_names_its_school_is_believed(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [ChildTold(2036)], Told.IMPORT, NOW)
        households.set_children(session, maria, [ChildTold(2036, school="Maple")], Told.FAMILY, NOW)
    assert children(community) == [("3", None, "Maple")]


@pytest.mark.parametrize("name", ["", "  ", "Maple, 9 @ Lincoln", "x" * 201, "Maple\x07"])
def test_what_is_no_name_of_a_school_is_refused(name: str) -> None:
    with pytest.raises(SchoolInvalid, match="is not a school's name"):
        schools.parse_school(name)


def test_a_school_after_no_grade_is_refused() -> None:
    with pytest.raises(GradeInvalid, match="'13' is not a grade"):
        households.parse_children("13 @ Maple", TODAY, ROLL_OVER, BANDS)


def test_names_of_schools_are_told_by_id(community: Community) -> None:
    with community.database.writing() as session:
        ids = schools.ids_of(session, community.organization.id, ["Maple", "maple"])
        assert ids["Maple"] == ids["maple"]
        assert schools.names_of(session, [ids["Maple"], None]) == {None: "", ids["Maple"]: "Maple"}
        assert schools.ids_of(session, community.organization.id, []) == {}


def test_a_child_that_repeats_is_a_grade_behind_in_every_later_year(community: Community) -> None:
    with community.database.writing() as session:
        maria = add(session, community)
        households.set_children(session, maria, [THIRD], Told.FAMILY, NOW)
        corrections.repeat(session, maria, THIRD)
    assert told(community.known(MARIA.mailed, date(2027, 7, 1))) == ["3"]
