"""What a file tells of people beside their address, and what it may not replace."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from subscribers import households, lapses, subscribers
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.households import ChildTold
from subscribers.importing import ImportFileInvalid
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import (
    Child,
    ChildMark,
    OwnField,
    Part,
    Participation,
    School,
    Subscriber,
    Subscription,
    SubscriptionState,
    Told,
)
from tests.support.imports import BANDS, NOW, ROLL_OVER, TODAY, Community, a_community, counts

MARIA = "maria@school.example"


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def told(community: Community, header: str, row: str) -> dict[str, int]:
    found = counts(community.load(f"email,{header}\n{MARIA},{row}\n"))
    found.pop("read")
    return found


def reader(community: Community) -> Subscriber:
    with community.database.reading() as session:
        return subscribers.get(session, community.organization.id, EmailAddress.parse(MARIA))


def children(community: Community) -> list[tuple[str | int | None, ...]]:
    """Graduation year, the year told where an exception changed it, and school."""
    with community.database.reading() as session:
        rows = select(Child.graduation_year, Child.told_year, School.name)
        rows = rows.outerjoin(School, School.id == Child.school_id).order_by(Child.graduation_year, School.name)
        return [tuple(row) for row in session.execute(rows)]


def change(community: Community, **values: Any) -> None:
    """Change every child, as a correction or a roll-over does."""
    with community.database.writing() as session:
        session.execute(update(Child).values(**values))


def test_the_school_of_a_line_is_that_of_its_children(community: Community) -> None:
    told(community, "grades,school", "3;9 @ Lincoln High,Maple Elementary")
    assert children(community) == [(2030, None, "Lincoln High"), (2036, None, "Maple Elementary")]
    assert reader(community).school_id is None


def test_files_and_rules_read_grades_alike_as_people_write_them(community: Community) -> None:
    community.load("email,Grade\nmaria@school.example,3rd grade @ Maple;Kindergarten\n")
    assert {child["grade"] for child in community.known(MARIA)["children"]} == {"3", "K"}
    rule = Rule.parse('grade has "Gr. 3" and grade has Kinder')
    context = RuleContext(community.organization.id, TODAY, ROLL_OVER, BANDS)
    with community.database.reading() as session:
        assert session.scalars(select(Subscriber.address).where(rule.where(context))).all() == [MARIA]


def test_the_school_of_a_line_without_children_is_where_the_reader_works(community: Community) -> None:
    assert told(community, "grades,school,roles", ",Maple Elementary,educator") == {"created": 1}
    assert told(community, "school", "Maple Elementary") == {"unchanged": 1}
    with community.database.reading() as session:
        assert session.scalars(select(School.name).where(School.id == reader(community).school_id)).all() == [
            "Maple Elementary"
        ]
    assert told(community, "school", "Lincoln High") == {"updated": 1}


def test_a_child_changes_school_and_stays_the_same_child(community: Community) -> None:
    told(community, "grades,school", "3,Maple Elementary")
    with community.database.reading() as session:
        before = session.scalars(select(Child.id)).all()
    assert told(community, "grades,school", "3,Lincoln High") == {"updated": 1}
    assert told(community, "grades", "3") == {"unchanged": 1}
    assert children(community) == [(2036, None, "Lincoln High")]
    with community.database.reading() as session:
        assert session.scalars(select(Child.id)).all() == before


def test_twins_at_two_schools_stay_apart(community: Community) -> None:
    row = "3 @ Maple Elementary;3 @ Oak Elementary"
    assert told(community, "grades", row) == {"created": 1}
    assert told(community, "grades", row) == {"unchanged": 1}
    assert told(community, "grades", "3 @ Oak Elementary;3 @ Maple Elementary") == {"unchanged": 1}


def test_an_exception_outlasts_the_file_that_does_not_know_of_it(community: Community) -> None:
    told(community, "grades", "3")
    change(community, graduation_year=2037, told_year=2036)
    assert told(community, "grades", "3") == {"unchanged": 1}
    assert children(community) == [(2037, 2036, None)]


def test_an_exception_ends_when_the_school_agrees(community: Community) -> None:
    told(community, "grades", "3")
    change(community, graduation_year=2037, told_year=2036)
    assert told(community, "grades", "2") == {"updated": 1}
    assert children(community) == [(2037, None, None)]
    assert told(community, "grades", "2") == {"unchanged": 1}


def test_a_level_told_again_in_a_later_year_is_believed_again(community: Community) -> None:
    told(community, "grades", "elementary")
    change(community, end_year=2026, mark=ChildMark.STALE)
    assert told(community, "grades", "elementary") == {"updated": 1}
    with community.database.reading() as session:
        child = session.scalars(select(Child)).one()
        assert (child.band, child.end_year, child.mark) == ("elementary", 2027, None)


def test_children_the_family_told_of_are_not_touched(community: Community) -> None:
    told(community, "grades", "3;3")
    with community.database.writing() as session:
        owner = subscribers.get(session, community.organization.id, EmailAddress.parse(MARIA))
        households.set_children(session, owner, [ChildTold(2036)], Told.FAMILY, NOW)
    assert told(community, "grades", "K") == {"updated": 1}
    with community.database.reading() as session:
        found = session.execute(select(Child.told_by, Child.graduation_year).order_by(Child.graduation_year)).all()
    assert [tuple(row) for row in found] == [(Told.FAMILY, 2036), (Told.IMPORT, 2039)]


OWN = {OwnField.NAME: "name", OwnField.LANGUAGE: "language", OwnField.TIME_ZONE: "time_zone", OwnField.PLACE: "place"}
SAID = {"name": "Maria", "language": "es", "time_zone": "America/Chicago", "place": "60601"}


@pytest.mark.parametrize("own", list(OWN))
def test_what_a_reader_wrote_themself_is_not_replaced(community: Community, own: OwnField) -> None:
    header, first, second = "name,language,timezone,place", "Maria,es,America/Chicago,60601", "M,en,UTC,Springfield"
    told(community, header, first)
    with community.database.writing() as session:
        session.execute(update(Subscriber).values(own_fields=int(own)))
    assert told(community, header, second) == {"updated": 1}
    found = {name: getattr(reader(community), name) for name in OWN.values()}
    new = {"name": "M", "language": "en", "time_zone": "UTC", "place": "Springfield"}
    assert found == new | {OWN[own]: SAID[OWN[own]]}
    assert told(community, header, second) == {"unchanged": 1}


def test_attributes_are_added_and_numbers_are_numbers(community: Community) -> None:
    header = "attribute:shirt,attribute:volunteer_hours,attribute:code,attribute:ratio"
    assert told(community, header, "M,12,007,2.50") == {"created": 1}
    assert reader(community).attributes == {"shirt": "M", "volunteer_hours": 12, "code": "007", "ratio": "2.50"}
    assert told(community, header, "M,12,007,2.50") == {"unchanged": 1}
    assert told(community, "attribute:ratio,attribute:shirt", "2.5,") == {"updated": 1}
    assert reader(community).attributes["ratio"] == 2.5
    assert reader(community).attributes["shirt"] == "M"


def test_an_attribute_has_a_plain_name(community: Community) -> None:
    with pytest.raises(ImportFileInvalid, match="cannot be called"):
        told(community, "attribute:7 up", "1")


def test_of_a_subject_only_the_last_day_is_kept(community: Community) -> None:
    header = "attended,interests"
    assert told(community, header, "Homework help (2026-03-04);Reading night,Tutoring;Tutoring") == {"created": 1}
    assert told(community, header, "Homework help (2026-02-01);Reading night,Tutoring") == {"unchanged": 1}
    assert told(community, header, "Homework help (2026-04-01);Homework help,Hosting") == {"updated": 1}
    with community.database.reading() as session:
        rows = select(Participation.kind, Participation.subject, Participation.on_day)
        found = [tuple(row) for row in session.execute(rows.order_by(Participation.kind, Participation.subject))]
    assert found == [
        (Part.ATTENDED, "Homework help", date(2026, 4, 1)),
        (Part.ATTENDED, "Reading night", None),
        (Part.INTEREST, "Hosting", None),
        (Part.INTEREST, "Tutoring", None),
    ]


@pytest.mark.parametrize(
    ("header", "cell", "problem"),
    [
        ("attended", "Homework help (2026-02-30)", "not a day of the calendar"),
        ("attended", "(2026-02-03)", "names no subject"),
        ("interests", ";".join(f"s{n}" for n in range(101)), "more than 100 subjects"),
        ("attribute:note", "x" * 2_001, "is longer than 2,000 characters"),
        ("school", "Maple @ Oak", "is not a school's name"),
        ("grades", "3 @", "is not a school's name"),
        ("place", "x" * 201, "is longer than 200 characters"),
        ("confirmed", "2024-13-01", "is not a time"),
        ("joined", "31/12/2025", "'31/12/2025' does not say which is the day and which the month: write year, month"),
        ("joined", "4.3.25 08:30", "like 2024-09-01 for the first of September"),
    ],
)
def test_a_bad_cell_is_refused_in_a_sentence(community: Community, header: str, cell: str, problem: str) -> None:
    [error] = community.load(f"email,{header}\n{MARIA},{cell}\n").errors
    assert problem in error.error


def test_who_joined_elsewhere_is_here_since_then(community: Community) -> None:
    community.load(f"email,joined\n{MARIA},2019-04-21\n")
    assert reader(community).created_at == datetime(2019, 4, 21, tzinfo=UTC)
    with community.database.reading() as session:
        assert session.scalars(select(Subscription.created_at)).one() == datetime(2019, 4, 21, tzinfo=UTC)


def test_who_is_imported_as_pending_waits_from_that_day_on(community: Community) -> None:
    community.load(f"email,joined\n{MARIA},2019-04-21\n", state=SubscriptionState.PENDING)
    with community.database.reading() as session:
        assert session.execute(lapses.unconfirmed(NOW)).all() == []
        assert len(session.execute(lapses.unconfirmed(NOW + timedelta(seconds=1))).all()) == 1


def test_changes_are_counted_by_field_in_a_dry_run_too(community: Community) -> None:
    header = "email,name,grades,school,roles,tags,attended\n"
    community.load(f"{header}a@school.example,Ana,3,,,,\nb@school.example,Bo,4,,,,\n")
    text = f"{header}a@school.example,Ann,5,,,,\nb@school.example,Bo,6,,family,pta,Reading\nc@school.example,,,,,,\n"
    rehearsed = community.load(text, dry_run=True)
    assert rehearsed.facts()["changes"] == {"attended": 1, "grades": 2, "name": 1, "roles": 1, "tags": 1}
    assert community.load(text) == rehearsed
