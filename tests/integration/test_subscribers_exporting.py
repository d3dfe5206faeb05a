"""An export holds what the import reads."""

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from subscribers import exporting, households, lists, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.exporting import COLUMNS, Exported, Form, people
from subscribers.formulas import restored
from subscribers.tables import (
    Child,
    Household,
    Part,
    Participation,
    Role,
    School,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
    Told,
)
from tests.support.exports import chosen, export
from tests.support.imports import BANDS, MARIA, NOW, ROLL_OVER, TODAY, Community, a_community, add

EVIDENCE = Evidence("form", "I agree.")
THIRD_GRADER = 2036


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def lines(community: Community, **more: Any) -> dict[str, dict[str, str]]:
    """The lines of a CSV export by address, as the import will see them."""
    text, _ = export(community, **more)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return {restored(row["email"]): {name: restored(cell) for name, cell in row.items()} for row in rows}


def objects(community: Community, **more: Any) -> dict[str, dict[str, Any]]:
    text, _ = export(community, Form.JSONL, **more)
    return {one["email"]: one for one in map(json.loads, text.splitlines())}


def enrich(community: Community, address: EmailAddress = MARIA) -> int:
    """Put a person on the list of whom everything is known; their id."""
    with community.database.writing() as session:
        reader = add(
            session, community, address, name="=Maria", language="es", time_zone="America/Chicago",
            roles=(Role.FAMILY, Role.EDUCATOR), tags=("pta", "-band"),
        )  # fmt: skip
        reader.place, reader.attributes, reader.tracking = "@Home", {"bus": 7, "shirt": "M", "-odd": True}, True
        home = Household(organization_id=community.organization.id, key="perez", created_at=NOW)
        school = School(organization_id=community.organization.id, name="Lincoln")
        session.add_all((home, school))
        session.flush()
        reader.household_id = home.id
        told = households.parse_children("3;high", TODAY, ROLL_OVER, BANDS)
        households.set_children(session, reader, told, Told.FAMILY, NOW)
        at_school = update(Child).where(Child.graduation_year == THIRD_GRADER).values(school_id=school.id)
        session.execute(at_school, execution_options={"synchronize_session": False})
        session.add_all(
            (
                Participation(subscriber_id=reader.id, kind=Part.ATTENDED, subject="Homework", on_day=TODAY),
                Participation(subscriber_id=reader.id, kind=Part.ATTENDED, subject="Reading night"),
                Participation(subscriber_id=reader.id, kind=Part.INTEREST, subject="Tutoring"),
            )
        )
        list_ = community.list_(session)
        subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, NOW, evidence=EVIDENCE)
        subscriptions.confirm(session, reader, list_, NOW + timedelta(hours=1), evidence=EVIDENCE)
        return reader.id


def test_a_line_has_all_that_is_known_of_a_person(community: Community) -> None:
    enrich(community)
    assert lines(community)[MARIA.mailed] == {
        "email": "Maria@school.example",
        "name": "=Maria",
        "language": "es",
        "timezone": "America/Chicago",
        "grades": "3 @ Lincoln;high",
        "school": "",
        "roles": "educator;family",
        "tags": "-band;pta",
        "household": "perez",
        "tracking": "yes",
        "place": "@Home",
        "joined": "2026-12-02T12:00:00Z",
        "confirmed": "2026-12-02T13:00:00Z",
        "standing": "subscribed",
        "attended": "Homework (2026-12-02);Reading night",
        "interests": "Tutoring",
        "suppressed": "",
        "attribute:-odd": "true",
        "attribute:bus": "7",
        "attribute:shirt": "M",
    }


def test_an_object_has_lists_where_a_person_has_several(community: Community) -> None:
    enrich(community)
    found = objects(community)[MARIA.mailed]
    assert [*found] == [*COLUMNS, "attributes"]
    assert (found["grades"], found["tags"], found["tracking"]) == (["3 @ Lincoln", "high"], ["-band", "pta"], True)
    assert found["attended"] == [
        {"subject": "Homework", "on": "2026-12-02"},
        {"subject": "Reading night", "on": ""},
    ]
    assert found["attributes"] == {"bus": 7, "shirt": "M", "-odd": True}


def test_no_cell_is_a_formula_to_a_spreadsheet(community: Community) -> None:  # F41
    enrich(community, EmailAddress.parse("+plus@school.example"))
    text, _ = export(community)
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {"'+plus@school.example", "'=Maria", "'-band;pta", "'@Home"} <= set(cells)


def test_where_an_educator_works_is_told_if_no_child_would_be_sent_there(community: Community) -> None:
    enrich(community)
    with community.database.writing() as session:
        session.execute(update(Subscriber).values(school_id=session.scalars(select(School.id)).one()))
    assert lines(community)[MARIA.mailed]["school"] == ""
    with community.database.writing() as session:
        session.execute(delete(Child))
    assert lines(community)[MARIA.mailed]["school"] == "Lincoln"


@pytest.mark.parametrize(
    ("day", "grades"),
    [
        (date(2026, 12, 2), "3;high"),
        (date(2027, 12, 2), "4;high"),
        (date(2028, 12, 2), "5"),  # nobody knows any more whether the level is right
        (date(2036, 12, 2), ""),
    ],
)
def test_grades_are_those_of_the_day(community: Community, day: date, grades: str) -> None:
    community.load(f"email,grades\n{MARIA.mailed},3;high\n")
    assert lines(community, day=day)[MARIA.mailed]["grades"] == grades


def test_a_child_told_of_by_a_form_and_an_import_is_one_child(community: Community) -> None:
    community.load(f"email,grades\n{MARIA.mailed},3;3;9\n")
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, MARIA)
        told = households.parse_children("3;elementary", TODAY, ROLL_OVER, BANDS)
        households.set_children(session, reader, told, Told.FAMILY, NOW)
    assert sorted(lines(community)[MARIA.mailed]["grades"].split(";")) == ["3", "3", "9", "elementary"]


def test_children_alike_are_those_that_everything_else_counts(community: Community) -> None:
    with community.database.writing() as session:
        reader = add(session, community)
        for words, told_by in (("3;3", Told.FAMILY), ("3 @ Lincoln", Told.IMPORT)):
            told = households.parse_children(words, TODAY, ROLL_OVER, BANDS)
            households.set_children(session, reader, told, told_by, NOW)
        subscriptions.subscribe(
            session, reader, community.list_(session), SubscriptionState.CONFIRMED, NOW, evidence=EVIDENCE
        )
        assert len(households.children_of(session, reader)) == 2
    assert sorted(lines(community)[MARIA.mailed]["grades"].split(";")) == ["3", "3 @ Lincoln"]


def test_who_is_off_the_roster_is_no_subscriber_in_it_and_who_pauses_is_one(community: Community) -> None:
    community.load("email\na@school.example\nb@school.example\n", roster=True)
    community.load("email\na@school.example\n", roster=True)
    with community.database.writing() as session:
        staying = Subscription.off_roster_at.is_(None)
        session.execute(update(Subscription).where(staying).values(paused_until=NOW + timedelta(days=9)))
    for list_id in (community.list_id, None):
        standings = {address: line["standing"] for address, line in lines(community, list_id=list_id).items()}
        assert standings == {"a@school.example": "subscribed", "b@school.example": "unsubscribed"}


def test_standing_is_that_of_the_list(community: Community) -> None:
    community.load("email\nin@school.example\nout@school.example\n")
    community.load("email\nwaits@school.example\n", state=SubscriptionState.PENDING)
    leave(community, "out@school.example")
    with community.database.writing() as session:
        add(session, community, EmailAddress.parse("none@school.example"))
        other = lists.create(session, community.organization.id, "teachers", "Teachers", now=NOW)
        reader = subscribers.get(session, community.organization.id, EmailAddress.parse("out@school.example"))
        subscriptions.subscribe(session, reader, other, SubscriptionState.CONFIRMED, NOW, evidence=EVIDENCE)
    of_list = {address.partition("@")[0]: row["standing"] for address, row in lines(community).items()}
    assert of_list == {"in": "subscribed", "out": "unsubscribed", "waits": "pending"}
    everybody = {address.partition("@")[0]: row for address, row in lines(community, list_id=None).items()}
    assert {name: row["standing"] for name, row in everybody.items()} == {
        "in": "subscribed",
        "out": "subscribed",
        "waits": "pending",
        "none": "",
    }
    assert {name for name, row in everybody.items() if row["confirmed"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"} == {"in", "out"}


def leave(community: Community, address: str) -> None:
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, EmailAddress.parse(address))
        subscriptions.unsubscribe(session, reader, community.list_(session), NOW, evidence=EVIDENCE)


@pytest.mark.parametrize(
    ("reason", "standing"),
    [
        (SuppressionReason.BOUNCE, "bounced"),
        (SuppressionReason.COMPLAINT, "complained"),
        (SuppressionReason.REQUEST, "suppressed"),
        (SuppressionReason.STAFF, "suppressed"),
    ],
)
def test_who_is_never_to_be_mailed_is_left_out_or_marked(
    community: Community, reason: SuppressionReason, standing: str
) -> None:
    community.load("email\nin@school.example\nnever@school.example\n")
    with community.database.writing() as session:
        never = EmailAddress.parse("never@school.example")
        suppressions.suppress(session, community.organization, never, reason, now=NOW)
    assert list(lines(community)) == ["in@school.example"]
    assert export(community)[1] == Exported(1, 1)
    marked = lines(community, with_suppressed=True)["never@school.example"]
    assert (marked["standing"], marked["suppressed"]) == (standing, reason.value)
    with community.database.writing() as session:
        suppressions.lift(session, community.organization, never, now=NOW)
    assert export(community)[1] == Exported(2, 0)


def test_a_rule_chooses_and_many_pages_are_one_file(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PAGE", 2)
    rows = "".join(f"p{n}@school.example,{'K' if n % 5 == 0 else 9},t{n}\n" for n in range(30))
    community.load(f"email,grades,tags\n{rows}")
    chosen_by_rule = lines(community, rule="grade = K")
    assert [*chosen_by_rule] == [f"p{n}@school.example" for n in range(0, 30, 5)]
    assert {row["grades"] for row in chosen_by_rule.values()} == {"K"}
    assert [row["tags"] for row in chosen_by_rule.values()] == [f"t{n}" for n in range(0, 30, 5)]
    told: list[int] = []
    with community.database.reading() as session:
        exporting.export(session, chosen(community), Form.CSV, io.StringIO(), told.append)
        assert exporting.count(session, chosen(community)) == sum(told) == 30
    assert set(told) == {2}


def test_a_household_without_a_name_gets_one_if_several_share_it(community: Community) -> None:
    community.load("email,grades\na@school.example,3\nb@school.example,\nc@school.example,9\n")
    with community.database.writing() as session:
        shared = session.scalars(select(Subscriber.household_id).where(Subscriber.address == "a@school.example")).one()
        of_b = update(Subscriber).where(Subscriber.address == "b@school.example")
        session.execute(of_b.values(household_id=shared))
    names = [row["household"] for row in lines(community).values()]
    assert names[0] == names[1] != ""
    assert names[2] == ""
