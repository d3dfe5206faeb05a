"""Two at the same moment: the database decides, and nothing is written twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from subscribers import households, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Base, Database
from subscribers.households import ChildTold
from subscribers.importing import ImportResult
from subscribers.importing.bulk import races_told
from subscribers.tables import Child, ConsentRecord, Role, Subscriber, Subscription, SubscriptionState, Told
from tests.support.imports import HEADER, NOW, Community, a_community, counts, told
from tests.support.threads import wait_until_blocked

FORM = Evidence(source="form")
MARIA = EmailAddress.parse("maria@school.example")
CROWD = 8


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def crowd(community: Community, act: Callable[[Session], object]) -> list[object]:
    def one(_: int) -> object:
        with community.database.writing() as session:
            return act(session)

    with ThreadPoolExecutor(CROWD) as threads:
        return list(threads.map(one, range(CROWD)))


def join(community: Community, session: Session) -> Subscriber:
    reader = subscribers.add(
        session, community.organization, MARIA, name="Maria", roles=[Role.FAMILY], tags=["pta"], now=NOW
    )
    households.set_children(session, reader, [ChildTold(2036), ChildTold(2036)], Told.FAMILY, NOW)
    subscriptions.subscribe(session, reader, community.list_(session), SubscriptionState.PENDING, NOW, evidence=FORM)
    return reader


def rows(community: Community, table: type[Base]) -> int:
    with community.database.reading() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_a_crowd_of_sign_ups_makes_one_reader(community: Community) -> None:  # F32
    crowd(community, lambda session: join(community, session))
    assert [rows(community, table) for table in (Subscriber, Subscription, ConsentRecord, Child)] == [1, 1, 1, 2]


def test_of_a_crowd_of_confirmations_one_counts_and_of_a_crowd_of_goodbyes_one(community: Community) -> None:
    with community.database.writing() as session:
        reader, list_ = join(community, session), community.list_(session)
    confirmed = crowd(community, lambda session: subscriptions.confirm(session, reader, list_, NOW, evidence=FORM))
    assert sorted(map(bool, confirmed)) == [False] * (CROWD - 1) + [True]
    left = crowd(community, lambda session: subscriptions.unsubscribe(session, reader, None, NOW, evidence=FORM))
    assert sorted(map(bool, left)) == [False] * (CROWD - 1) + [True]
    assert rows(community, ConsentRecord) == 3


def test_who_signs_up_while_an_import_runs_is_one_reader(community: Community) -> None:
    file = f"{HEADER}\n{MARIA.mailed},Maria,,,3;9,,,,\njose@school.example,,,,,,,,\n"
    with ThreadPoolExecutor(1) as thread:
        with community.database.writing() as session:
            join(community, session)
            session.flush()
            running = thread.submit(community.load, file)
            wait_until_blocked(community.database)
        result: ImportResult = running.result()
    assert counts(result) == {"read": 2, "created": 1, "updated": 1}
    assert community.state(MARIA.mailed) == "confirmed"
    assert told(community.known(MARIA.mailed)) == ["3", "3", "9"]


def test_who_leaves_while_an_import_would_confirm_them_stays_out(community: Community) -> None:  # F40
    file = f"{HEADER}\n{MARIA.mailed},Maria,,,3;9,,,,\n"
    community.load(file, state=SubscriptionState.PENDING)
    with ThreadPoolExecutor(1) as thread:
        with community.database.writing() as session:
            reader = subscribers.get(session, community.organization.id, MARIA)
            subscriptions.unsubscribe(session, reader, None, NOW, evidence=FORM)
            running = thread.submit(community.load, file)
            wait_until_blocked(community.database)
        result: ImportResult = running.result()
    assert counts(result) == {"read": 1, "suppressed": 1}
    assert community.state(MARIA.mailed) == "unsubscribed"


def test_a_page_that_breaks_for_another_reason_is_not_tried_again(community: Community) -> None:
    with pytest.raises(DBAPIError), races_told(), community.database.writing() as session:
        session.execute(text("SELECT nothing FROM nowhere"))
