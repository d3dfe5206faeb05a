from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from subscribers import consent, households, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Base, Database
from subscribers.households import ChildTold
from subscribers.tables import (
    Child,
    ConsentRecord,
    Household,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
    Tag,
    Told,
)
from tests.support.imports import HEADER, NOW, Community, a_community, counts, told

FORM, MAIL = Evidence(source="form"), Evidence(source="mail")
MARIA = "maria@school.example"
ROW = f"{MARIA},María Pérez,es,America/Chicago,2;9,family;educator,pta;band,perez,yes"
FILE = f"{HEADER}\n{ROW}\n"


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def rows(community: Community, table: type[Base]) -> int:
    with community.database.reading() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_every_column_of_the_plain_header_is_kept(community: Community) -> None:
    assert counts(community.load(FILE, consent="I want the newsletter")) == {"read": 1, "created": 1}
    known = community.known(MARIA)
    assert (known["name"], known["language"], known["time_zone"]) == ("María Pérez", "es", "America/Chicago")
    assert (known["roles"], known["tags"]) == (["educator", "family"], ["band", "pta"])
    assert told(known) == ["2", "9"]
    assert known["bands"] == ["elementary", "high"]
    assert known["tracking"] is True
    (on,) = known["lists"]
    assert (on["list"], on["state"], on["frequency"]) == ("families", "confirmed", "every")
    with community.database.reading() as session:
        records = session.scalars(select(ConsentRecord).order_by(ConsentRecord.purpose)).all()
    assert [(r.purpose, r.given, r.wording, r.source) for r in records] == [
        (Purpose.LIST, True, "I want the newsletter", "import"),
        (Purpose.TRACKING, True, "Imported from people.csv", "import"),
    ]


def test_lines_of_one_child_each_are_one_person(community: Community) -> None:
    lines = [
        "ana@school.example,Ana,3 @ Oak",
        "ana@school.example,Ana,9 @ Lincoln",
        "ana@school.example,Ana,K @ Oak",
        "ben@school.example,Ben,2",
        "ana@school.example,Ana,5",  # not right after hers
        "cy@school.example,Cy,4",
        "cy@school.example,Cy,4",  # the same child, or a twin?
        "dee@school.example,Dee,4",
        "dee@school.example,Dora,5",  # somebody else
        "eve@school.example,Eve,1",
        "eve@school.example,Eve,2",
    ]
    text = "\n".join(["email,name,grades", *lines])
    for _ in range(2):
        result = community.load(text)
        assert (result.read, result.joined, [error.line for error in result.errors]) == (11, 3, [6, 8, 10])
        written = result.written
        assert written.created + written.unchanged == 5
    assert told(community.known("ana@school.example")) == ["3", "9", "K"]
    assert told(community.known("eve@school.example")) == ["1", "2"]
    assert told(community.known("cy@school.example")) == ["4"]


def test_a_cell_may_say_that_there_is_no_child_in_school(community: Community) -> None:
    for number, words in enumerate(("-", "N/A", "None", "3;-")):
        community.load(f"email,grades\na{number}@school.example,{words}\n")
    assert [told(community.known(f"a{number}@school.example")) for number in range(4)] == [[], [], [], ["3"]]


def test_only_an_address_is_needed(community: Community) -> None:
    assert counts(community.load(f"email\n{MARIA}\n")) == {"read": 1, "created": 1}
    assert community.known(MARIA)["children"] == []
    assert rows(community, Household) == 0
    with community.database.reading() as session:
        assert session.scalars(select(ConsentRecord.wording)).all() == ["Imported from people.csv"]


def test_a_second_run_changes_nothing(community: Community) -> None:
    community.load(FILE)
    before = community.known(MARIA)
    assert counts(community.load(FILE)) == {"read": 1, "unchanged": 1}
    assert community.known(MARIA) == before
    assert rows(community, ConsentRecord) == 2
    assert rows(community, Child) == 2


NEWS = (
    ROW.replace("María Pérez", "Maria"),
    ROW.replace(",es,", ",en,"),
    ROW.replace("America/Chicago", "America/Denver"),
    ROW.replace("2;9", "2;10"),
    ROW.replace("2;9", "2;9;9"),
    ROW.replace("2;9", ""),
    ROW.replace("family;educator", "organization"),
    ROW.replace("pta;band", "chess"),
    ROW.replace("perez", "smith"),
    ROW.replace("yes", "no"),
)


def test_a_new_fact_updates_once(community: Community) -> None:
    for row in NEWS:
        community.load(FILE)
        assert counts(community.load(f"{HEADER}\n{row}\n")) == {"read": 1, "updated": 1}, row
        assert counts(community.load(f"{HEADER}\n{row}\n")) == {"read": 1, "unchanged": 1}, row


def test_an_empty_cell_forgets_nothing_but_grades(community: Community) -> None:
    community.load(FILE)
    before = community.known(MARIA)
    assert counts(community.load(f"{HEADER}\n{MARIA},,,,2;9,,,,\n")) == {"read": 1, "unchanged": 1}
    assert community.known(MARIA) == before
    assert counts(community.load(f"email\n{MARIA}\n")) == {"read": 1, "unchanged": 1}
    assert told(community.known(MARIA)) == ["2", "9"]
    assert counts(community.load(f"{HEADER}\n{MARIA},,,,,,,,\n")) == {"read": 1, "updated": 1}
    assert told(community.known(MARIA)) == []


def test_pending_people_are_not_confirmed_and_gave_no_consent(community: Community) -> None:
    community.load(FILE.replace("yes", ""), state=SubscriptionState.PENDING)
    assert community.state(MARIA) == "pending"
    assert rows(community, ConsentRecord) == 0
    assert counts(community.load(FILE.replace("yes", ""))) == {"read": 1, "updated": 1}
    assert community.state(MARIA) == "confirmed"
    community.load(FILE.replace("yes", ""), state=SubscriptionState.PENDING)
    assert community.state(MARIA) == "confirmed"
    assert rows(community, ConsentRecord) == 1


def test_a_dry_run_counts_the_same_and_writes_nothing(community: Community) -> None:
    text = f"{FILE}nobody,,,,,,,,\njose@school.example,,,,2,,,perez,\n"
    rehearsed = community.load(text, dry_run=True)
    for table in (Subscriber, Subscription, ConsentRecord, Household, Child, Tag):
        assert rows(community, table) == 0
    assert rehearsed == community.load(text)


def test_a_household_is_shared_by_its_name(community: Community) -> None:
    community.load(f"{HEADER}\n{MARIA},,,,2,,,perez,\njose@school.example,,,,2;9,,,perez,\n")
    for address in (MARIA, "jose@school.example"):
        assert told(community.known(address)) == ["2", "9"]
    assert rows(community, Household) == 1


def test_who_joins_a_household_brings_their_children(community: Community) -> None:
    community.load(f"{HEADER}\n{MARIA},,,,2,,,,\njose@school.example,,,,9,,,,\n")
    assert rows(community, Household) == 2
    community.load(f"{HEADER}\n{MARIA},,,,2,,,perez,\njose@school.example,,,,9,,,perez,\n")
    assert rows(community, Household) == 1
    assert told(community.known(MARIA)) == ["2", "9"]


def test_children_the_family_typed_stay(community: Community) -> None:
    community.load(FILE)
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, EmailAddress.parse(MARIA))
        households.set_children(session, reader, [ChildTold(2039), ChildTold(2037)], Told.FAMILY, NOW)
    community.load(FILE.replace("2;9", "K"))
    assert told(community.known(MARIA)) == ["2", "K"]


def test_grades_are_of_the_day_they_were_right(community: Community) -> None:
    community.load(FILE.replace("2;9", "2;12;elementary"), day=date(2026, 6, 30))
    children = community.known(MARIA)["children"]
    assert [(c["grade"], c["left"], c["stale"]) for c in children] == [
        ("3", False, False),
        (None, True, False),
        (None, False, True),
    ]
    assert community.known(MARIA)["bands"] == ["elementary"]


def leave(community: Community, *, comes_back_as: SubscriptionState | None = None) -> None:
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, EmailAddress.parse(MARIA))
        list_ = community.list_(session)
        subscriptions.unsubscribe(session, reader, list_, NOW, evidence=FORM)
        if comes_back_as:
            subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, NOW, evidence=FORM)
        if comes_back_as is SubscriptionState.CONFIRMED:
            subscriptions.confirm(session, reader, list_, NOW, evidence=MAIL)


def test_who_left_stays_out_and_unchanged(community: Community) -> None:  # F40
    community.load(FILE)
    leave(community)
    assert counts(community.load(FILE.replace("María Pérez", "Maria"))) == {"read": 1, "suppressed": 1}
    assert community.state(MARIA) == "unsubscribed"
    assert community.known(MARIA)["name"] == "María Pérez"


def test_a_form_that_anybody_can_send_does_not_open_the_way_back(community: Community) -> None:  # F40
    community.load(FILE)
    leave(community, comes_back_as=SubscriptionState.PENDING)
    assert counts(community.load(FILE)) == {"read": 1, "suppressed": 1}
    assert community.state(MARIA) == "pending"


def test_who_came_back_is_imported_again(community: Community) -> None:
    community.load(FILE)
    leave(community, comes_back_as=SubscriptionState.CONFIRMED)
    assert counts(community.load(FILE)) == {"read": 1, "unchanged": 1}


@pytest.mark.parametrize("on_this_list", [True, False])
def test_the_suppressed_are_not_even_created(community: Community, *, on_this_list: bool) -> None:  # F40
    with community.database.writing() as session:
        suppressions.suppress(
            session,
            community.organization,
            EmailAddress.parse(MARIA.upper()),
            SuppressionReason.BOUNCE,
            now=NOW,
            list_id=community.list_id if on_this_list else None,
        )
    assert counts(community.load(FILE)) == {"read": 1, "suppressed": 1}
    assert rows(community, Subscriber) == 0


def test_a_readers_own_answer_about_tracking_holds(community: Community) -> None:
    community.load(FILE)
    with community.database.writing() as session:
        reader = subscribers.get(session, community.organization.id, EmailAddress.parse(MARIA))
        consent.record(session, reader, Purpose.TRACKING, False, evidence=FORM, now=NOW)
    assert counts(community.load(FILE)) == {"read": 1, "unchanged": 1}
    assert community.known(MARIA)["tracking"] is False


def test_an_import_may_take_back_what_an_import_said_of_tracking(community: Community) -> None:
    community.load(FILE)
    community.load(FILE.replace("yes", "no"))
    assert community.known(MARIA)["tracking"] is False
    with community.database.reading() as session:
        of_tracking = select(ConsentRecord.given).where(ConsentRecord.purpose == Purpose.TRACKING)
        assert session.scalars(of_tracking.order_by(ConsentRecord.id)).all() == [True, False]


def test_an_import_that_was_cut_off_is_finished_by_running_it_again(community: Community) -> None:  # F39
    lines = [f"reader{n}@school.example,{n % 12 + 1}" for n in range(2_500)]
    text = "\n".join(["email,grades", *lines])
    community.load("\n".join(["email,grades", *lines[:1_000]]))
    assert counts(community.load(text)) == {"read": 2_500, "created": 1_500, "unchanged": 1_000}
    assert counts(community.load(text)) == {"read": 2_500, "unchanged": 2_500}
