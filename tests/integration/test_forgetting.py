"""Forgetting beside what others do: a new consent survives it, who left stays out after it, staff's words are kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from newsletter.clock import Clock
from newsletter.events import persons, retention
from subscribers import consent, households, importing, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.households import ChildTold
from subscribers.tables import (
    ConsentRecord,
    Part,
    Participation,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    Told,
)
from tests.support.imports import counts
from tests.support.threads import wait_until_blocked
from tests.support.web_world import World, new_world

MARIA = EmailAddress.parse("maria@school.example")
FILE = f"email\n{MARIA.mailed}\n"
FORM, BEHIND_A_LINK = Evidence("form"), Evidence("mail")
GONE = {"people who left": 1}
PENDING, CONFIRMED, UNSUBSCRIBED = SubscriptionState


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock, ("monthly", "workshops"))


def load(
    world: World, folder: Path, text: str = FILE, state: SubscriptionState = CONFIRMED, *, roster: bool = False
) -> dict[str, int]:
    file, settings = folder / "people.csv", world.app.settings
    file.write_text(text)
    school = importing.School(world.app.today(), settings.roll_over, settings.grade_bands)
    options = importing.ImportOptions("monthly", school, world.app.clock.now(), state=state, roster=roster)
    return counts(importing.import_file(world.database, world.app.organization, file, options))


def purge(world: World) -> dict[str, int]:
    went, _ = retention.purge(world.database, retention.clocks(world.app.settings), world.app.clock.now())
    return {name: count for name, count in went.items() if count}


def after(world: World, days: int) -> None:
    world.app.clock.offset += timedelta(days=days)


def leave(world: World) -> None:
    with world.database.writing() as session:
        reader = subscribers.get(session, world.app.organization.id, MARIA)
        subscriptions.unsubscribe(session, reader, None, world.app.clock.now(), evidence=FORM)


def standing(world: World) -> list[tuple[int, SubscriptionState]]:
    with world.database.reading() as session:
        found = select(Subscription.list_id, Subscription.state).join(Subscriber)
        return [(row.list_id, row.state) for row in session.execute(found.order_by(Subscription.list_id))]


def count_people(world: World) -> int:
    with world.database.reading() as session:
        return session.scalars(select(func.count()).select_from(Subscriber)).one()


@pytest.mark.parametrize("state", [PENDING, UNSUBSCRIBED])
def test_who_joins_another_list_while_they_are_forgotten_stays(world: World, state: SubscriptionState) -> None:
    reader = world.reader(MARIA.mailed, state=PENDING)
    if state is UNSUBSCRIBED:
        leave(world)
    after(world, 400)
    now = world.app.clock.now()
    with ThreadPoolExecutor(1) as thread:
        with world.database.writing() as session:
            known = session.get_one(Subscriber, reader.id)
            subscriptions.subscribe(session, known, world.list_(session, "workshops"), CONFIRMED, now, evidence=FORM)
            forgetting = thread.submit(purge, world)
            wait_until_blocked(world.database)
        forgetting.result()
    assert (world.list_ids["workshops"], CONFIRMED) in standing(world)


def test_no_import_brings_back_who_left_and_was_forgotten_in_time(world: World, tmp_path: Path) -> None:  # F40
    load(world, tmp_path)
    leave(world)
    after(world, 366)
    assert purge(world) == {"people who left": 1}
    assert load(world, tmp_path) == {"read": 1, "suppressed": 1}
    assert count_people(world) == 0


def test_no_import_brings_back_who_left_and_was_erased(world: World, tmp_path: Path) -> None:  # F40
    load(world, tmp_path)
    leave(world)
    with world.database.writing() as session:
        reader = subscribers.get(session, world.app.organization.id, MARIA)
        facts = persons.erase(session, world.app.organization, reader, now=world.app.clock.now(), never_again=False)
    assert (facts["kept_off_lists"], facts["never_mailed_again"]) == (1, False)
    assert load(world, tmp_path) == {"read": 1, "suppressed": 1}
    assert count_people(world) == 0
    with world.database.reading() as session:
        kept = session.execute(select(Suppression.list_id, Suppression.reason, Suppression.detail)).all()
    assert kept == [(world.list_ids["monthly"], SuppressionReason.REQUEST, "")]


def test_who_left_and_did_not_confirm_anew_is_kept_out_as_well(world: World, tmp_path: Path) -> None:
    load(world, tmp_path)
    leave(world)
    with world.database.writing() as session:
        reader, now = subscribers.get(session, world.app.organization.id, MARIA), world.app.clock.now()
        subscriptions.subscribe(session, reader, world.list_(session), PENDING, now, evidence=FORM)
        persons.erase(session, world.app.organization, reader, now=now, never_again=False)
    assert load(world, tmp_path) == {"read": 1, "suppressed": 1}


def test_who_had_left_nothing_leaves_nothing(world: World, tmp_path: Path) -> None:
    load(world, tmp_path)
    with world.database.writing() as session:
        reader = subscribers.get(session, world.app.organization.id, MARIA)
        facts = persons.erase(session, world.app.organization, reader, now=world.app.clock.now(), never_again=False)
    assert facts["kept_off_lists"] == 0
    assert load(world, tmp_path) == {"read": 1, "created": 1}


def test_a_pending_person_waits_from_the_last_roster_that_named_them(world: World, tmp_path: Path) -> None:
    for _ in range(4):
        load(world, tmp_path, state=PENDING, roster=True)
        after(world, 20)
    assert purge(world) == {}
    after(world, 11)
    assert purge(world) == {"unconfirmed sign-ups": 1}
    assert count_people(world) == 0


@pytest.mark.parametrize(
    ("evidence", "went"), [(None, {"people who left": 1}), (BEHIND_A_LINK, {}), (FORM, {"people who left": 1})]
)
def test_whom_no_roster_names_any_more_has_left_unless_they_said_yes_themselves(
    world: World, tmp_path: Path, evidence: Evidence | None, went: dict[str, int]
) -> None:
    load(world, tmp_path, f"{FILE}jose@school.example\n", roster=True)
    load(world, tmp_path, "email\njose@school.example\n", roster=True)
    if evidence:
        with world.database.writing() as session:
            reader, now = subscribers.get(session, world.app.organization.id, MARIA), world.app.clock.now()
            on_list = world.list_ids["monthly"]
            consent.record(session, reader, Purpose.LIST, True, evidence=evidence, now=now, list_id=on_list)
    after(world, 364)
    assert purge(world) == {}
    after(world, 2)
    assert purge(world) == went
    if went:
        assert load(world, tmp_path) == {"read": 1, "created": 1}


@pytest.mark.parametrize("told", ["a workshop", "a child", "a name"])
def test_of_whom_staff_told_only_the_sign_up_goes(world: World, tmp_path: Path, told: str) -> None:
    load(world, tmp_path, state=PENDING)
    with world.database.writing() as session:
        reader, now = subscribers.get(session, world.app.organization.id, MARIA), world.app.clock.now()
        match told:
            case "a workshop":
                session.add(Participation(subscriber_id=reader.id, kind=Part.ATTENDED, subject="Reading", on_day=None))
            case "a child":
                households.set_children(session, reader, [ChildTold(2036)], Told.FAMILY, now)
            case _:
                reader.own_fields = 1
    after(world, 31)
    assert purge(world) == {"unconfirmed sign-ups": 1}
    assert (count_people(world), standing(world)) == (1, [])


def test_what_an_unconfirmed_form_told_goes_with_it(world: World) -> None:
    """Anybody can write any address, and anything about it."""
    reader = world.reader(MARIA.mailed, lists=())
    with world.database.writing() as session:
        known, now = session.get_one(Subscriber, reader.id), world.app.clock.now()
        known.own_fields = 1
        households.set_children(session, known, [ChildTold(2036)], Told.FAMILY, now)
        subscriptions.subscribe(session, known, world.list_(session), PENDING, now, evidence=FORM)
    after(world, 31)
    assert purge(world) == {"unconfirmed sign-ups": 1}
    with world.database.reading() as session:
        assert session.scalars(select(ConsentRecord.subscriber_id)).all() == [None]
    assert count_people(world) == 0
