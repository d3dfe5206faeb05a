"""An import that is killed goes on where it was; one that runs leaves others their turn."""

import json
import signal
import subprocess
import zipfile
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
from subscribers.errors import NewsletterError
from subscribers.importing import (
    ImportOptions,
    ImportResult,
    ImportRunning,
    School,
    import_file,
    imports,
    look_into,
    runs,
)
from subscribers.importing.bulk import ChangedMeanwhile
from subscribers.tables import Child, ConsentRecord, ImportRun, Subscriber, Subscription, SubscriptionState
from tests.support.imports import BANDS, NOW, OPTIONS, ROLL_OVER, TODAY, Community, a_community, counts
from tests.support.installation import Installation

FORM = Evidence(source="form")
IMPORT = ("subscribers", "import", "people.csv", "--list", "families", "--status", "confirmed")
PENDING = SubscriptionState.PENDING
LINES = 17_000


@pytest.fixture
def community(database: Database, tmp_path: Path) -> Community:
    return a_community(database, tmp_path)


def write_people(folder: Path) -> None:
    """Good lines, some of one child each, bad ones on every page, and addresses that stand on two pages."""
    lines = [
        f"reader{n}@school.example,Reader {n},{n % 12 + 1};K,family,{'yes' if n % 3 else ''}" for n in range(LINES)
    ]
    for n in range(14, LINES, 7):
        lines[n] += "\n" + lines[n].replace(f",{n % 12 + 1};K,", ",PK,")
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
        assert figures(whole)["joined"] > LINES // 8
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


NAMES = ("a.csv", "b.csv", "c.csv")


def an_archive(community: Community, prefix: str, more: str = "") -> Path:
    """Three lists of five, some of whom stand on each under another name, with a bad line."""
    path = community.folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(NAMES):
            people = [f"{prefix}{n}@school.example,{name}" for n in range(number * 3, number * 3 + 5)]
            archive.writestr(name, "\n".join(["email,name", *people, "nobody,x"]))
        archive.writestr("posts.csv", f"id\n{more}\n")
    return path


def load_archive(community: Community, path: Path, pages: int = 100) -> list[ImportResult]:
    """Import every file of an archive, as far as so many pages go."""
    left = iter(range(pages - 1, -1, -1))

    def count(_: int) -> None:
        if next(left) == 0:
            raise CutOff

    files = [look.file for look in look_into(path, OPTIONS).looks]
    return [import_file(community.database, community.organization, file, OPTIONS, count) for file in files]


def names(community: Community, prefix: str) -> list[tuple[str, str]]:
    with community.database.reading() as session:
        people = select(Subscriber.address, Subscriber.name).where(Subscriber.address.startswith(prefix))
        return sorted((address.removeprefix(prefix), name) for address, name in session.execute(people))


@pytest.mark.parametrize("pages", range(1, 5))
def test_an_archive_that_was_cut_off_twice_ends_as_one_that_was_not(  # F39
    community: Community, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    monkeypatch.setattr(imports, "_PAGE", 2)
    whole = load_archive(community, an_archive(community, "whole"))
    path = an_archive(community, "cut")
    for _ in range(2):
        with pytest.raises(CutOff):
            load_archive(community, path, pages)
    went_on = load_archive(community, path)
    assert went_on[0].resumed_at == min(pages * 4, 6)
    assert [result.written for result in went_on] == [result.written for result in whole]
    assert [(result.read, result.rejected) for result in went_on] == [(6, 1)] * 3
    assert names(community, "cut") == names(community, "whole")
    assert [result.written.created for result in load_archive(community, path)] == [0, 0, 0]


def test_an_archive_of_which_another_file_has_changed_is_imported_anew(community: Community) -> None:
    with pytest.raises(CutOff):
        load_archive(community, an_archive(community, "reader"), 2)
    results = load_archive(community, an_archive(community, "reader", more="1"))
    assert [result.resumed_at for result in results] == [None] * 3


def test_what_was_imported_after_an_archive_was_cut_off_has_it_imported_anew(community: Community) -> None:
    with pytest.raises(CutOff):
        load_archive(community, an_archive(community, "reader"), 2)
    community.load("email\nother@school.example\n")
    results = load_archive(community, an_archive(community, "reader"))
    assert [result.resumed_at for result in results] == [None] * 3


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
    with pytest.raises(NewsletterError, match="Import the file again"):
        community.load("email\na@school.example\n")
