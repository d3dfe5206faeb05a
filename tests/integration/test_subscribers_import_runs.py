"""An import that is killed goes on where it was; one that runs leaves others their turn."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import func, select, update

from subscribers import lists, organizations, subscribers, subscriptions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.importing import ImportOptions, ImportRunning, School, import_file, runs
from subscribers.importing.bulk import ChangedMeanwhile
from subscribers.tables import Child, ConsentRecord, ImportRun, Subscriber, Subscription, SubscriptionState
from tests.support.imports import BANDS, NOW, ROLL_OVER, TODAY, Community, a_community, counts
from tests.support.installation import Installation

FORM = Evidence(source="form")
IMPORT = ("subscribers", "import", "people.csv", "--list", "families", "--status", "confirmed")
PENDING = SubscriptionState.PENDING
LINES = 17_000


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def write_people(folder: Path) -> None:
    """Good lines, bad ones on every page, and addresses that stand on two pages."""
    lines = [
        f"reader{n}@school.example,Reader {n},{n % 12 + 1};K,family,{'yes' if n % 3 else ''}" for n in range(LINES)
    ]
    for n in range(0, LINES, 1_000):
        lines[n] = f"reader{n}@school.example,,13,,"
        lines[n + 1] = f"reader{n // 2 + 7}@SCHOOL.example,,,,"
    (folder / "people.csv").write_text("\n".join(["email,name,grades,roles,tracking", *lines]))


def an_installation(folder: Path, url: str) -> Installation:
    folder.mkdir(exist_ok=True)
    installation = Installation(folder, url, "file:outbox")
    installation.do("init")
    installation.do("lists", "create", "families", "--name", "Families")
    write_people(folder)
    return installation


def wait_for_lines(database: Database, process: subprocess.Popen[str], more_than: int) -> int:
    """Until a running import has committed another page."""
    until = monotonic() + 300
    while True:
        with database.reading() as session:
            done = session.scalar(select(func.max(ImportRun.lines))) or 0
        if done > more_than:
            return done
        assert process.poll() is None, process.communicate()
        assert monotonic() < until


def everything(database: Database) -> list[Any]:
    """What an import leaves, without ids."""
    with database.reading() as session:
        people = select(Subscriber.address, Subscriber.name, Subscriber.tracking, Subscription.state)
        people = people.join(Subscription, Subscription.subscriber_id == Subscriber.id)
        children = select(Subscriber.address, Child.graduation_year).join(Child, Child.subscriber_id == Subscriber.id)
        consents = select(Subscriber.address, ConsentRecord.purpose, ConsentRecord.given)
        consents = consents.join(ConsentRecord, ConsentRecord.subscriber_id == Subscriber.id)
        return [sorted(tuple(row) for row in session.execute(rows)) for rows in (people, children, consents)]


def figures(said: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said)
    return {name: value for name, value in found.items() if name != "resumed_at"}


@pytest.mark.slow
def test_a_killed_import_ends_as_one_that_was_not(database_url: str, tmp_path: Path) -> None:  # F39
    killed = an_installation(tmp_path / "killed", database_url)
    with closing(Database(database_url)) as database:
        done = 0
        for _ in range(2):
            process = killed.start(*IMPORT)
            done = wait_for_lines(database, process, done)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        went_on = killed.do(*IMPORT, "--json")
        whole_url = f"sqlite:///{tmp_path / 'whole.db'}"
        whole = an_installation(tmp_path / "whole", whole_url).do(*IMPORT, "--json")
        assert json.loads(went_on)["resumed_at"] >= done
        assert figures(went_on) == figures(whole)
        assert figures(whole)["rejected"] == 2 * LINES // 1_000
        with closing(Database(whole_url)) as other:
            assert everything(database) == everything(other)
        again = figures(killed.do(*IMPORT, "--json"))
        assert (again["created"], again["unchanged"]) == (0, figures(whole)["created"])


@pytest.mark.slow
def test_sign_ups_get_their_turn_while_an_import_runs(database_url: str, tmp_path: Path) -> None:  # F39
    installation = an_installation(tmp_path / "busy", database_url)
    with closing(Database(database_url)) as database:
        process = installation.start(*IMPORT)
        wait_for_lines(database, process, 0)
        taken = list(sign_ups(database, process))
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        assert len(taken) >= 3, output
        assert max(taken) < 15
        with database.reading() as session:
            assert session.scalar(select(func.count()).select_from(Subscriber)) == LINES - 2 * LINES // 1_000 + len(
                taken
            )


def sign_ups(database: Database, process: subprocess.Popen[str]) -> Iterator[float]:
    """Seconds that each sign-up takes, from here, while another process imports."""
    with database.reading() as session:
        organization = organizations.the(session)
        list_ = lists.get(session, organization.id, "families")
    while process.poll() is None:
        begin = monotonic()
        with database.writing() as session:
            address = EmailAddress.parse(f"parent{begin}@families.example")
            reader = subscribers.add(session, organization, address, now=NOW)
            subscriptions.subscribe(session, reader, list_, PENDING, NOW, evidence=FORM)
        yield monotonic() - begin


def a_file(community: Community, count: int) -> Path:
    return community.write("\n".join(["email", *(f"reader{n}@school.example" for n in range(count))]))


OPTIONS = ImportOptions("families", School(TODAY, ROLL_OVER, BANDS), NOW)


def test_a_finished_run_does_not_keep_the_file_from_being_imported_again(community: Community) -> None:
    assert counts(community.load("email\na@school.example\n")) == {"read": 1, "created": 1}
    assert counts(community.load("email\na@school.example\n")) == {"read": 1, "unchanged": 1}
    with community.database.reading() as session:
        found = session.execute(select(ImportRun.lines, ImportRun.finished_at).order_by(ImportRun.id)).all()
    assert [tuple(row) for row in found] == [(1, NOW), (1, NOW)]


class CutOff(Exception):
    """Ends an import after its first page, as a lost database does."""


def cut_off(_: int) -> None:
    raise CutOff


def test_an_import_that_means_something_else_does_not_go_on(community: Community) -> None:
    file = a_file(community, 5_500)
    with pytest.raises(CutOff):
        import_file(community.database, community.organization, file, OPTIONS, cut_off)
    changed = ImportOptions("families", School(TODAY, ROLL_OVER, BANDS), NOW, consent="Yes")
    assert import_file(community.database, community.organization, file, changed).resumed_at is None


def test_an_older_run_does_not_go_on_after_a_newer_one(community: Community) -> None:
    file = a_file(community, 5_500)
    with pytest.raises(CutOff):
        import_file(community.database, community.organization, file, OPTIONS, cut_off)
    community.load("email\nother@school.example\n")
    result = import_file(community.database, community.organization, a_file(community, 5_500), OPTIONS)
    assert counts(result) == {"read": 5_500, "created": 500, "unchanged": 5_000}


def test_the_same_file_is_not_imported_by_two_at_once(community: Community) -> None:
    def another_went_on(_: int) -> None:
        with community.database.writing() as session:
            session.execute(update(ImportRun).values(lines=ImportRun.lines + 1))

    with pytest.raises(ImportRunning):
        import_file(community.database, community.organization, a_file(community, 5_500), OPTIONS, another_went_on)
    with community.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 5_000


def test_who_is_always_too_late_gives_up(community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_late(*_: object) -> None:
        raise ChangedMeanwhile

    monkeypatch.setattr(runs, "write", too_late)
    with pytest.raises(ChangedMeanwhile):
        community.load("email\na@school.example\n")
