import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import migrations
from newsletter.clock import Clock
from newsletter.engine.embedded import send_campaign
from newsletter.ledger.claims import LEASE
from newsletter.ledger.tables import CampaignState, DeliveryState
from subscribers.db import Database
from tests.support.databases import PostgresqlOfOnesOwn, a_new_database, a_postgresql_of_ones_own
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school, add_family
from tests.support.smtp_server import SmtpServer

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
