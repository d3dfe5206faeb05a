"""A disk that is full stops the sending cleanly, and what was sent is not forgotten."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from newsletter.app import App
from newsletter.engine.embedded import Crew
from newsletter.ledger.tables import CampaignState, DeliveryState
from newsletter.sending.journal import AttemptJournal
from newsletter.sending.outcomes import accepted
from newsletter.sending.sender import DatabaseLost, JournalUnwritable, Sender
from tests.support.databases import a_new_database
from tests.support.disks import no_file_longer_than
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school, add_family, send, step_until_nothing
from tests.support.smtp_server import SmtpServer, when_it_arrives

MORE = 60
SIZE = 16 * 2**20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of sixteen megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk to fill cannot be mounted here: it takes root on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Nothing more fits on the disk."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        free = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)
    yield
    filler.unlink()


def check_everybody_once(app: App, campaign_id: int, server: SmtpServer) -> None:
    ending = send(app, campaign_id)
    assert ending.state == CampaignState.SENT
    assert ending.found.counts[DeliveryState.ACCEPTED] == MORE + len(FAMILIES)
    assert len(server.record.recipients) == len(set(server.record.recipients)) == MORE + len(FAMILIES)


def test_a_full_disk_under_the_database_stops_sending_and_forgets_nothing(
    small_disk: Path, migrated_sqlite: Path, tmp_path: Path
) -> None:  # F15
    (small_disk / "newsletter.db").write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{small_disk / 'newsletter.db'}"
    with SmtpServer() as server, a_school(url, server.url, tmp_path) as app:
        for n in range(MORE):
            add_family(app, f"more{n}@families.example", grades="7")
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        sender, filling = Sender(app.sending()), filled(small_disk)

        def fill() -> None:
            with closing(sqlite3.connect(small_disk / "newsletter.db")) as ledger:
                ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the log has room of its own
            filling.__enter__()

        server.fault = when_it_arrives("more20@families.example", fill)
        with pytest.raises(DatabaseLost):
            step_until_nothing(sender)
        sent = len(server.record.recipients)
        assert sent > 0
        with pytest.raises(DatabaseLost):
            sender.step()
        assert len(server.record.recipients) == sent
        filling.__exit__(None, None, None)
        step_until_nothing(sender)
        sender.close()
        check_everybody_once(app, campaign_id, server)


def test_a_full_disk_under_the_journal_stops_sending_and_forgets_nothing(
    postgresql_url: str, migrated_postgresql: str, tmp_path: Path
) -> None:  # F15
    with (
        a_new_database(postgresql_url, migrated_postgresql) as url,
        SmtpServer() as server,
        a_school(url, server.url, tmp_path) as app,
    ):
        for n in range(MORE):
            add_family(app, f"more{n}@families.example", grades="7")
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        sender = Sender(app.sending())
        with no_file_longer_than(600), pytest.raises(JournalUnwritable, match="free space"):
            step_until_nothing(sender)
        sent = len(server.record.recipients)
        assert 0 < sent < MORE
        step_until_nothing(sender)
        sender.close()
        check_everybody_once(app, campaign_id, server)


def test_where_no_journal_can_be_opened_nobody_sends_and_nobody_waits(database_url: str, tmp_path: Path) -> None:  # F15
    with SmtpServer() as server, a_school(database_url, server.url, tmp_path) as app:
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().tick()
        journals = tmp_path / "journals"
        journals.write_text("in the way")
        with pytest.raises(JournalUnwritable, match="journals cannot be written: File exists"):
            Crew(app.sending(), campaign_id=campaign_id).start()
        journals.unlink()
        assert send(app, campaign_id).state == CampaignState.SENT


def test_half_a_line_in_a_journal_is_taken_back(tmp_path: Path) -> None:  # F15
    journal = AttemptJournal(tmp_path, "full")
    journal.begin_group(7, {1: 1, 2: 1})
    size = (tmp_path / "full.journal").stat().st_size
    journal.replied(1, accepted("queue 9"))
    with no_file_longer_than(size + 20), pytest.raises(OSError, match="No space"):
        journal.begun([2])
    assert (tmp_path / "full.journal").stat().st_size == size
    known = journal.records()
    assert known.verdict(7, 1, 1).state == DeliveryState.ACCEPTED
    assert known.verdict(7, 2, 1).state == DeliveryState.PENDING
    journal.close(keep=False)


def test_a_journal_that_has_no_room_for_its_first_line_leaves_nothing_behind(tmp_path: Path) -> None:  # F15
    with no_file_longer_than(20), pytest.raises(OSError, match="No space"):
        AttemptJournal(tmp_path, "full")
    assert list(tmp_path.iterdir()) == []
