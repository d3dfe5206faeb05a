import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from newsletter import migrations
from newsletter.app import App
from newsletter.clock import Clock
from newsletter.engine.embedded import send_campaign
from newsletter.ledger import sweeping
from newsletter.ledger.claims import LEASE
from newsletter.ledger.tables import CampaignState, DeliveryState
from newsletter.sending.sender import DatabaseLost, Sender
from subscribers.db import Database
from tests.support.databases import PostgresqlOfOnesOwn, a_new_database, a_postgresql_of_ones_own
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school, add_family, send, step_until_nothing
from tests.support.smtp_server import SmtpServer, when_it_arrives

MORE = 40


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlOfOnesOwn]:
    with a_postgresql_of_ones_own() as server:
        yield server


@pytest.mark.parametrize("outage", [timedelta(), LEASE + timedelta(seconds=1)], ids=["short", "longer-than-a-lease"])
def test_a_database_that_is_restarted_while_mails_flow_loses_nothing_that_was_answered(
    postgresql: PostgresqlOfOnesOwn, tmp_path: Path, outage: timedelta
) -> None:  # F4
    clock, restarts = Clock(), threading.Semaphore(1)

    def restart_once(command: str, recipient: str) -> str | None:
        if command == "." and recipient == "more20@families.example" and restarts.acquire(blocking=False):
            postgresql.stop()
            clock.offset += outage
            postgresql.start()
        return None

    with (
        a_new_database(postgresql.url) as url,
        SmtpServer(fault=restart_once) as server,
    ):
        with closing(Database(url)) as database:
            migrations.upgrade(database)
        with a_school(url, server.url, tmp_path, clock) as app:
            for n in range(MORE):
                add_family(app, f"more{n}@families.example", grades="7")
            shared = app.sending()
            alone = replace(shared, transport=replace(shared.transport, connections=1))  # type: ignore[type-var]
            ending = send_campaign(app.scheduler(), alone, a_scheduled_campaign(app), stop=threading.Event())
    assert not restarts.acquire(blocking=False)
    assert ending.state == CampaignState.SENT
    assert ending.found.counts[DeliveryState.ACCEPTED] == MORE + len(FAMILIES)
    assert len(server.record.recipients) == len(set(server.record.recipients)) == MORE + len(FAMILIES)


def hide_the_ledger(app: App) -> None:
    with app.database.writing() as session:
        session.execute(text("ALTER TABLE delivery RENAME TO hidden"))


def bring_it_back(app: App) -> None:
    with app.database.writing() as session:
        session.execute(text("ALTER TABLE hidden RENAME TO delivery"))


@pytest.mark.parametrize("dies", [False, True], ids=["lives", "dies"])
def test_answers_are_not_forgotten_where_the_lease_ran_out_before_the_ledger_heard_them(
    sqlite_url: str, tmp_path: Path, *, dies: bool
) -> None:  # F1 F4 F7
    clock = Clock()
    with SmtpServer() as server, a_school(sqlite_url, server.url, tmp_path, clock) as app:
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        sender = Sender(app.sending())
        server.fault = when_it_arrives("both@families.example", lambda: hide_the_ledger(app))
        with pytest.raises(DatabaseLost):
            step_until_nothing(sender)
        if dies:
            sender.close()
        bring_it_back(app)
        clock.offset += LEASE
        with app.database.writing() as session:
            assert sweeping.expire(session, clock) > 0
        if not dies:
            sender.step()
            sender.close()
        ending = send(app, campaign_id)
    assert ending.state == CampaignState.SENT
    assert ending.found.counts[DeliveryState.ACCEPTED] == len(FAMILIES)
    assert sorted(server.record.recipients) == sorted(FAMILIES)
