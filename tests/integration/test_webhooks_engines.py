"""Calls are made by whichever engine there is, and each at least once, also where a worker is killed in the middle."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.support.databases import a_new_database
from tests.support.installation import Installation
from tests.support.receivers import HOUSE, Receiver, a_receiver
from tests.support.waiting import await_truth

PEOPLE = 120
RUN = (("run", "--port", "0"),)
WORKERS = (("scheduler",), ("worker",))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


@pytest.fixture(params=["sqlite", "postgresql", "procrastinate"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """One process over either database, and workers that take tickets."""
    if request.param == "sqlite":
        yield Installation(tmp_path, f"sqlite:///{tmp_path / 'a.db'}", "file:out", webhook_networks=HOUSE)
        return
    engine = "procrastinate" if request.param == "procrastinate" else "embedded"
    with a_new_database(request.getfixturevalue("postgresql_url")) as url:
        yield Installation(tmp_path, url, "file:out", webhook_networks=HOUSE, engine=engine)


def running(installation: Installation) -> AbstractContextManager[list[subprocess.Popen[str]]]:
    """What makes calls in this installation, the one that does it last."""
    is_one = installation.environment.get("NEWSLETTER_ENGINE") != "procrastinate"
    return installation.running(*(RUN if is_one else WORKERS))


def end_leases(installation: Installation) -> None:
    """As if the time of every claim were over."""
    url = make_url(installation.environment["NEWSLETTER_DATABASE_URL"])
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE webhook_call SET next_at = created_at WHERE state = 'waiting'"))
    engine.dispose()


def people_come(installation: Installation) -> None:
    rows = "".join(f"new{n}@families.example\n" for n in range(PEOPLE))
    (installation.folder / "more.csv").write_text("email\n" + rows)
    installation.do("subscribers", "import", "more.csv", "--list", "families", "--status", "confirmed")


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_loses_no_call(installation: Installation, receiver: Receiver) -> None:
    installation.do("init")
    installation.do("lists", "create", "families", "--name", "Family newsletter")
    made = installation.ask("webhooks", "create", receiver.url, "--on", "subscriber.confirmed")
    receiver.statuses = ["moment"] * PEOPLE
    people_come(installation)
    with running(installation) as processes:
        await_truth(lambda: len(receiver.heard) >= PEOPLE // 4)
        processes[-1].send_signal(signal.SIGKILL)
        processes[-1].wait()
    heard_before = len(receiver.heard)
    assert heard_before < PEOPLE
    end_leases(installation)
    with running(installation):
        await_truth(lambda: len(set(receiver.names())) == PEOPLE)
    assert installation.ask("webhooks", "show", str(made["id"]))["done"] == PEOPLE
    people = {heard.verify(made["secret"])["data"]["subscriber"]["id"] for heard in receiver.heard}
    assert (len(people), len(set(receiver.names()))) == (PEOPLE, PEOPLE)
    assert len(receiver.heard) <= PEOPLE + 8  # no more than were in the air


def test_what_fails_is_made_again_by_the_engine_itself(installation: Installation, receiver: Receiver) -> None:
    installation.do("init")
    installation.do("lists", "create", "families", "--name", "Family newsletter")
    installation.do("webhooks", "create", receiver.url, "--on", "subscriber.subscribed")
    receiver.statuses = [500]
    with running(installation):
        installation.do("subscribers", "add", "new@families.example", "--list", "families")
        await_truth(lambda: len(receiver.heard) == 2)
    assert len(set(receiver.names())) == 1
    assert installation.ask("webhooks", "calls", "1", "--state", "done")[0]["tries"][0]["status"] == 500
