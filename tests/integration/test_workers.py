"""Several machines: workers and schedulers as processes of their own, over one PostgreSQL."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from newsletter.clock import Clock
from newsletter.engine.choosing import EngineNeedsPostgresql
from newsletter.engine.tickets import Tickets, TicketsNotReady
from newsletter.ledger.jobs import Job, JobKind, open_work
from newsletter.settings import Engine
from subscribers.db import Database
from tests.support.databases import a_new_database
from tests.support.installation import Installation
from tests.support.school import a_scheduled_campaign, a_school
from tests.support.smtp_server import SmtpServerProcess
from tests.support.waiting import await_truth

FAMILIES = 1_500
SCHEDULER, WORKER = ("scheduler",), ("worker",)
_WAIT_SECONDS = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmtpServerProcess]:
    with SmtpServerProcess(tmp_path / "received.jsonl") as server:
        yield server


@pytest.fixture
def installation(postgresql_url: str, tmp_path: Path, server: SmtpServerProcess) -> Iterator[Installation]:
    with a_new_database(postgresql_url) as url:
        yield Installation(tmp_path, url, server.url, engine="procrastinate", connections="4")


def wait_for_state(installation: Installation, campaign_id: int, state: str) -> dict[str, int]:
    pause = threading.Event()
    for _ in range(_WAIT_SECONDS * 2):
        status: dict[str, int] = installation.ask("campaigns", "status", str(campaign_id))
        if status["state"] == state:  # type: ignore[comparison-overlap]  # one of its values is a word
            return status
        pause.wait(0.2)
    raise AssertionError(status)


def test_two_schedulers_and_two_workers_send_each_copy_once(
    installation: Installation, server: SmtpServerProcess
) -> None:  # F5, F6
    installation.set_up(FAMILIES)
    campaign_id = installation.schedule_campaign()
    with installation.running(SCHEDULER, SCHEDULER, WORKER, WORKER) as processes:
        status = wait_for_state(installation, campaign_id, "sent")
        for process in processes:
            process.terminate()
        assert [process.wait(timeout=30) for process in processes] == [0, 0, 0, 0]
    assert status["accepted"] == status["audience"] == FAMILIES
    assert set(Counter(server.recipients()).values()) == {1}


def test_a_worker_that_is_killed_is_replaced_by_another(
    installation: Installation, server: SmtpServerProcess
) -> None:  # F1
    installation.set_up(FAMILIES)
    campaign_id = installation.schedule_campaign()
    with installation.running(SCHEDULER, WORKER) as (_, doomed):
        await_truth(lambda: server.received() >= FAMILIES // 4)
        doomed.send_signal(signal.SIGKILL)
        doomed.wait()
        with installation.running(WORKER):
            status = wait_for_state(installation, campaign_id, "sent")
    arrived = Counter(server.recipients())
    assert max(arrived.values()) == 1
    assert status["unknown"] <= 4
    assert status["accepted"] + status["unknown"] == FAMILIES
    assert len(arrived) >= status["accepted"]


def test_a_worker_told_to_stop_leaves_nothing_unknown(installation: Installation, server: SmtpServerProcess) -> None:
    installation.set_up(FAMILIES)
    campaign_id = installation.schedule_campaign()
    with installation.running(SCHEDULER, WORKER) as (scheduler, worker):
        await_truth(lambda: server.received() >= FAMILIES // 5)
        scheduler.terminate()
        worker.terminate()
        assert worker.wait(timeout=30) == 0
    status = installation.ask("campaigns", "status", str(campaign_id))
    assert (status["unknown"], status["attempting"]) == (0, 0)
    assert status["accepted"] == server.received()


def jobs(database: Database) -> Counter[Job]:
    with database.reading() as session:
        rows = session.execute(text("SELECT task_name, (args->>'campaign_id')::int FROM procrastinate_jobs"))
        return Counter(Job(JobKind(kind), campaign_id) for kind, campaign_id in rows)


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[str]:
    with a_new_database(postgresql_url) as url:
        yield url


def test_a_job_is_there_only_if_its_transaction_commits(postgresql: str) -> None:
    tickets, job = Tickets(postgresql), Job(JobKind.PREPARE, 7)
    with closing(Database(postgresql)) as database:
        with pytest.raises(TicketsNotReady, match="newsletter db upgrade"):
            tickets.ensure(database)
        tickets.set_up(database)
        tickets.set_up(database)
        tickets.ensure(database)
        with database.writing() as session:
            tickets.enqueue(session, job)
            session.rollback()
        assert not jobs(database)
        with database.writing() as session:
            tickets.enqueue(session, job)
        assert jobs(database) == {job: 1}


@pytest.fixture
def migrated(postgresql_url: str, tmp_path: Path) -> Iterator[str]:
    with a_new_database(postgresql_url) as url:
        Installation(tmp_path, url, "file:out", engine="procrastinate").do("init")
        with closing(Database(url)) as database, database.writing() as session:
            session.execute(text("DELETE FROM organization"))
        yield url


def test_lost_and_doubled_tickets_are_made_good(migrated: str, tmp_path: Path, clock: Clock) -> None:
    with a_school(migrated, "file:out", tmp_path, clock, engine=Engine.PROCRASTINATE) as app:
        assert app.tickets is not None
        campaign_id = a_scheduled_campaign(app)
        app.scheduler().fire()
        assert jobs(app.database) == {Job(JobKind.PREPARE, campaign_id): 1}
        with app.database.writing() as session:
            session.execute(text("DELETE FROM procrastinate_jobs"))
            for _ in range(2):
                app.tickets.top_up(session, clock)
        assert jobs(app.database) == {Job(JobKind.PREPARE, campaign_id): 1}
        for _ in range(2):
            app.scheduler().prepare_one(campaign_id)
        with app.database.writing() as session:
            assert open_work(session, clock, 16)[Job(JobKind.SEND, campaign_id)] == 3
            app.tickets.top_up(session, clock)
        assert jobs(app.database)[Job(JobKind.SEND, campaign_id)] == 4


def test_a_worker_needs_the_engine_and_the_engine_postgresql(tmp_path: Path) -> None:
    alone = Installation(tmp_path, f"sqlite:///{tmp_path / 'a.db'}", "file:out")
    alone.do("init")
    refused = alone.run("worker")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "NEWSLETTER_ENGINE=procrastinate" in refused.stderr
    wrong = Installation(tmp_path, f"sqlite:///{tmp_path / 'a.db'}", "file:out", engine="procrastinate").run("worker")
    assert (wrong.returncode, wrong.stderr) == (1, f"Error: {EngineNeedsPostgresql.__doc__}\n")
