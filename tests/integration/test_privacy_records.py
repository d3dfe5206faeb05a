"""What keeps records of people to the rules: of a consent, of its place, of every table that names a person."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.clock import Clock
from subscribers import lists, subscriptions
from subscribers.addresses import without_addresses
from subscribers.db import Base, Database
from subscribers.tables import (
    ConsentRecord,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from tests.support.persons import ADDRESS, EVIDENCE, a_known_person
from tests.support.school import a_school
from tests.support.web_server import visiting
from tests.support.web_world import new_world

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[App]:
    with a_school(database_url, f"file:{tmp_path}/outbox", tmp_path / "state", clock) as app:
        yield app


def test_addresses_are_left_out_of_what_a_server_said() -> None:
    assert without_addresses("550 5.1.1 <a.b@c.example>: x@y, 'ü@z.example' @") == "550 5.1.1 <...>: ..., '...' @"


def test_where_a_consent_came_from_is_not_written_if_it_is_to_be_kept_no_day(database: Database, clock: Clock) -> None:
    world = new_world(database, clock, keep_evidence_days=0)
    with visiting(world.app) as client:
        client.post("/subscribe", data={"email": ADDRESS.mailed, "lists": "monthly"})
    with database.reading() as session:
        [record] = session.scalars(select(ConsentRecord))
    assert (record.source, record.network_address, record.user_agent) == ("form", "", "")
    assert record.wording


def test_every_table_of_a_subscriber_is_emptied_by_the_database_or_named_by_the_erasure() -> None:
    kept = {"delivery", "consent_record"}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name == "subscriber_id" and table.name not in kept:
                assert {key.ondelete for key in column.foreign_keys} == {"CASCADE"}, table.name


def test_only_the_ledger_itself_changes_a_record_of_consent() -> None:
    changing = {"update", "delete", "update_rows", "session.delete"}
    found = set[Path]()
    for file in [*ROOT.glob("subscribers/**/*.py"), *ROOT.glob("newsletter/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in changing:
                found |= {file.relative_to(ROOT) for given in node.args if ast.unparse(given) == "ConsentRecord"}
    assert found == {Path("subscribers/consent.py")}


def test_every_yes_and_no_is_one_more_record_and_changes_none_before(app: App) -> None:
    reader_id = a_known_person(app)
    columns = list(ConsentRecord.__table__.columns)

    def records() -> list[tuple[Any, ...]]:
        with app.database.reading() as session:
            of_reader = select(*columns).where(ConsentRecord.subscriber_id == reader_id)
            return [tuple(row) for row in session.execute(of_reader.order_by(ConsentRecord.id))]

    before = records()
    for step in ("leave", "ask", "confirm"):
        with app.database.writing() as session:
            reader, now = session.get_one(Subscriber, reader_id), app.clock.now()
            list_ = lists.get(session, app.organization.id, "families")
            if step == "leave":
                subscriptions.unsubscribe(session, reader, list_, now, evidence=EVIDENCE)
            elif step == "ask":
                subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, now, evidence=EVIDENCE)
            else:
                subscriptions.confirm(session, reader, list_, now, evidence=EVIDENCE)
        after = records()
        assert len(after) == len(before) + 1
        assert after[:-1] == before
        before = after
    with app.database.reading() as session:
        assert session.scalars(select(Subscription.state).where(Subscription.subscriber_id == reader_id)).all() == [
            SubscriptionState.CONFIRMED
        ]
