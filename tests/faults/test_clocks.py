"""Clocks that are wrong: a host's own, and the database's that was."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from newsletter.clock import Clock
from newsletter.ledger import claims, sweeping
from newsletter.ledger.attempts import LeaseLost, attempt
from newsletter.ledger.claims import LEASE
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, Chunk, ScheduleRun
from newsletter.sending.sender import Sender
from subscribers.db import Database
from tests.support.databases import a_new_database
from tests.support.installation import Installation
from tests.support.people import a_sending_campaign
from tests.support.school import a_scheduled_campaign, a_school
from tests.support.smtp_server import SmtpServer, SmtpServerProcess

AN_HOUR, A_YEAR = timedelta(hours=1), timedelta(days=365)


class HostsOwnClock(Clock):
    """A host whose clock is wrong; the database's is right."""

    def __init__(self, by: timedelta) -> None:
        super().__init__()
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


@pytest.mark.parametrize("by", [-A_YEAR, -AN_HOUR, AN_HOUR, A_YEAR])
def test_leases_and_schedules_go_by_the_databases_clock(
    database_url: str, tmp_path: Path, by: timedelta
) -> None:  # F16
    with (
        SmtpServer() as server,
        a_school(database_url, server.url, tmp_path) as app,
    ):
        campaign_id = a_scheduled_campaign(app)
        strange = HostsOwnClock(by)
        elsewhere = type(app)(app.settings, app.database, strange, app.signer, app.organization)
        elsewhere.scheduler().tick()
        with app.database.reading() as session:
            assert get(session, campaign_id).state == CampaignState.SENDING
            assert session.scalar(select(func.count()).select_from(ScheduleRun)) == 1
        with app.database.writing() as session:
            held = claims.claim(session, app.clock, "right", campaign_id)
            assert held is not None
            taken = attempt(session, app.clock, held, 10)
            assert sweeping.expire(session, strange) == 0
        with app.database.writing() as session:
            claims.release(session, app.clock, held)
        assert taken
        sender = Sender(elsewhere.sending(), campaign_id)
        sender.step()
        sender.close()


@pytest.mark.parametrize("by", [AN_HOUR, A_YEAR])
def test_a_lease_given_while_the_databases_clock_was_ahead_ends_all_the_same(database: Database, by: timedelta) -> None:
    # F16
    a_sending_campaign(database, 3)
    clock = Clock(by)
    with database.writing() as session:
        ahead = claims.claim(session, clock, "ahead")
        assert ahead is not None
        attempt(session, clock, ahead, 2)
    clock.offset = timedelta()
    with database.writing() as session:
        assert claims.is_overdue(session, clock)
        assert sweeping.expire(session, clock) == 2
        assert claims.claim(session, clock, "other") is not None
    with pytest.raises(LeaseLost), database.writing() as session:
        attempt(session, clock, ahead, 1)
    with database.writing() as session:
        session.execute(update(Chunk).values(lease_until=clock.sql(LEASE)))
        assert not claims.is_overdue(session, clock)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("faketime") is None, reason="libfaketime is missing: `apt-get install faketime`")
def test_senders_on_hosts_whose_clocks_are_wrong_send_each_mail_once(
    postgresql_url: str, migrated_postgresql: str, tmp_path: Path
) -> None:  # F16
    with (
        a_new_database(postgresql_url, migrated_postgresql) as url,
        SmtpServerProcess(tmp_path / "received.jsonl") as server,
    ):
        installation = Installation(tmp_path, url, server.url, connections="4")
        installation.set_up(300)
        campaign_id = str(installation.schedule_campaign())
        senders = [installation.start("send", campaign_id)]
        senders += [
            installation.start_under(["faketime", "--exclude-monotonic", "-f", by], "send", campaign_id)
            for by in ("-1h", "+365d")
        ]
        for sender in senders:
            output, errors = sender.communicate(timeout=60)
            assert sender.returncode == 0, output + errors
        recipients = server.recipients()
    assert len(recipients) == len(set(recipients)) == 300
