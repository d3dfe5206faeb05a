"""`subscribers import` as it is called: files of every kind, archives, rosters, and asking to confirm."""

import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from newsletter.commands.root import root
from newsletter.ledger.tables import Delivery
from subscribers import lists
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.errors import NewsletterError
from subscribers.subscriptions import subscribe, unsubscribe
from subscribers.suppressions import suppress
from subscribers.tables import Subscriber, Subscription, SubscriptionState, SuppressionReason
from tests.support.imports import JOSE, MARIA, NOW, Community, a_community, add

FORM = Evidence(source="form")
PEOPLE = "email,name\nmaria@school.example,Maria\njose@school.example,José\n"
GHOST = (
    "email,name,subscribed_to_emails,complimentary_plan,note\nana@school.example,Ana,true,false,x\nbad,,true,false,\n"
)


@pytest.fixture
def community(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Community]:
    monkeypatch.chdir(tmp_path)
    database = Database(database_url)
    yield a_community(database, tmp_path)
    database.close()


def load(community: Community, file: Path, *options: str) -> Result:
    url = community.database.engine.url.render_as_string()
    environment = {"NEWSLETTER_DATABASE_URL": url, "NEWSLETTER_SECRET_KEY": "k" * 40, "NEWSLETTER_TIMEZONE": "UTC"}
    arguments = ("subscribers", "import", str(file), "--list", "families", *options)
    return CliRunner().invoke(root, arguments, env=environment)


def a_zip(community: Community, **members: str) -> Path:
    file = community.folder / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return file


def mailed(community: Community) -> list[str]:
    with community.database.reading() as session:
        return list(session.scalars(select(Delivery.to_address).order_by(Delivery.seq)))


def test_a_dry_run_shows_two_people_as_they_are_understood(community: Community) -> None:
    lines = load(community, community.write(GHOST), "--dry-run").stdout.splitlines()
    assert (
        lines[0] == "people.csv: 1 of 2 people would be imported to families. This was a dry run: nothing is written."
    )
    assert lines[1] == "Read as Ghost, in UTF-8."
    shown = [line.split() for line in lines]
    assert ["email", "ana@school.example"] in shown
    assert ["standing", "subscribed"] in shown
    assert not [line for line in lines if line.startswith("Pending")]
    assert lines[-1] == "Next: import again without --dry-run"
    assert community.known("ana@school.example") == {}


def test_whom_a_service_calls_subscribed_is_confirmed_unless_you_say_otherwise(community: Community) -> None:
    file = community.write(GHOST)
    assert "Pending people get no mail." in load(community, file, "--status", "pending").stdout
    assert community.state("ana@school.example") == "pending"
    assert "Pending" not in load(community, file).stdout
    assert community.state("ana@school.example") == "confirmed"


def test_of_a_plain_file_nobody_is_confirmed_unless_you_say_so(community: Community) -> None:
    load(community, community.write("email,standing\nana@school.example,subscribed\n"))
    assert community.state("ana@school.example") == "pending"


def test_a_dry_run_of_nobody_shows_nobody(community: Community) -> None:
    assert "as they are understood" not in load(community, community.write("email\nnobody\n"), "--dry-run").stdout


def test_a_file_that_is_not_utf8_is_read_and_said_to_be(community: Community) -> None:  # F38
    file = community.write("email;name\nmaria@school.example;María\n".encode("cp1252"))
    assert "Read as plain CSV, in Windows-1252." in load(community, file).stdout
    assert community.known(MARIA.mailed)["name"] == "María"


def test_the_files_of_an_archive_are_told_one_by_one_and_together(community: Community) -> None:
    file = a_zip(community, a=GHOST, b=GHOST.replace("ana", "bea"), posts="id\n1\n")
    answer = load(community, file, "--json")
    facts = json.loads(answer.stdout)
    assert (facts["read"], facts["created"], facts["rejected"]) == (4, 2, 2)
    assert [(error["file"], error["line"]) for error in facts["errors"]] == [("a.csv", 3), ("b.csv", 3)]
    assert [(part["file"], part["created"]) for part in facts["files"]] == [("a.csv", 1), ("b.csv", 1)]
    assert (facts["format"], facts["encoding"], list(facts["left_out"])) == ("Ghost", "UTF-8", ["posts.csv"])
    assert "Columns of a.csv not imported: complimentary_plan, note" in answer.stderr
    assert "posts.csv is left out. The file has no column email." in answer.stderr
    lines = load(community, file).stdout.splitlines()
    assert "a.csv: Read as Ghost, in UTF-8." in lines
    assert any(line.startswith("  b.csv, line 3: 'bad' is not an email address") for line in lines)
    assert ["2", "as", "they", "were"] in [line.split() for line in lines]


def test_a_roster_is_one_file(community: Community) -> None:
    answer = load(community, a_zip(community, a=PEOPLE, b=PEOPLE), "--sync")
    assert isinstance(answer.exception, NewsletterError)
    assert "A roster is one file" in str(answer.exception)
    assert load(community, a_zip(community, a=PEOPLE), "--sync", "--allow-leavers", "3").exit_code == 0
    assert "only with --sync" in load(community, community.write(PEOPLE), "--allow-leavers", "3").stderr


def test_a_roster_that_is_refused_is_told_in_full_before_the_reason(community: Community) -> None:
    load(community, community.write(PEOPLE), "--sync")
    half = community.write("email\nana@school.example\nbad\n")
    answer = load(community, half, "--sync")
    assert "Nobody is marked as left" in str(answer.exception)
    lines = answer.stdout.splitlines()
    assert lines[0] == "people.csv: 1 of 2 people are imported to families."
    assert any(line.startswith("  line 3: 'bad' is not an email address") for line in lines)
    assert not [line for line in lines if line.startswith("Nobody is marked")]
    facts = json.loads(load(community, half, "--sync", "--json").stdout)
    assert (facts["read"], facts["rejected"], facts["left"]) == (2, 1, 2)
    assert facts["leaving_refused"] in str(answer.exception)
    assert load(community, half, "--sync", "--allow-leavers", "2").exit_code == 0


def test_who_is_confirmed_without_words_is_warned_of(community: Community) -> None:
    file = community.write("email\nana@school.example\n")
    warning = "No --consent says to what these people agreed. Kept with each of them as confirmed: "
    answer = load(community, file, "--status", "confirmed", "--json")
    assert json.loads(answer.stdout)["warnings"] == [f"{warning}'Imported from people.csv'."]
    assert warning in answer.stderr
    for options in (("--status", "confirmed", "--consent", "Monthly news"), ("--status", "pending"), ()):
        assert json.loads(load(community, file, *options, "--json").stdout)["warnings"] == []


def test_a_field_and_a_column_are_mapped_once(community: Community) -> None:
    file = community.write("a,b\nana@school.example,Ana\n")
    for twice in (("email=a", "email=b"), ("email=a", "name=a")):
        answer = load(community, file, *(word for pair in twice for word in ("--map", pair)))
        assert answer.exit_code == 2
        assert f"'{twice[1]}' maps what another --map does." in answer.stderr


def test_a_file_without_people_says_so(community: Community) -> None:
    for options in ((), ("--dry-run",)):
        answer = load(community, community.write("email,name\n"), *options)
        assert answer.stdout.splitlines()[-1] == "The file has a header and no people."


def test_the_reason_in_our_own_export_is_no_column_that_is_lost(community: Community) -> None:
    header = "email,standing,suppressed\nana@school.example,bounced,bounce\n"
    assert json.loads(load(community, community.write(header), "--json").stdout)["warnings"] == []
    alone = json.loads(load(community, community.write("email,suppressed\n"), "--json").stdout)
    assert alone["warnings"] == ["Columns of people.csv not imported: suppressed"]


def test_pending_people_of_the_file_are_asked_to_confirm_once(community: Community) -> None:
    with community.database.writing() as session:
        other = add(session, community)
        subscribe(session, other, community.list_(session), SubscriptionState.PENDING, NOW, evidence=FORM)
    file = community.write("email\njose@school.example\nJOSE@school.example\nnobody\n")
    assert "--send-confirmations asks them" in load(community, file).stdout
    assert mailed(community) == []
    answer = load(community, file, "--send-confirmations")
    assert "Asked by mail to confirm: 1. `newsletter run` sends the mails." in answer.stdout
    assert mailed(community) == ["jose@school.example"]
    facts = json.loads(load(community, file, "--send-confirmations", "--json").stdout)
    assert facts["asked"] == 0
    assert mailed(community) == ["jose@school.example"]


def pass_a_night(community: Community) -> None:
    """Let every mail be a day older."""
    with community.database.writing() as session:
        for mail in session.scalars(select(Delivery)):
            mail.updated_at -= timedelta(days=1)
            mail.dedupe = f"{mail.dedupe}, a night ago"


def test_a_roster_of_every_night_asks_each_pending_reader_once(community: Community) -> None:
    for night in range(5):
        file = community.write(f"email,language\njose@school.example,{('en', 'es')[night % 2]}\n")
        facts = json.loads(load(community, file, "--sync", "--send-confirmations", "--json").stdout)
        assert facts["asked"] == (1 if night == 0 else 0)
        pass_a_night(community)
    assert mailed(community) == ["jose@school.example"]


def test_who_was_asked_about_another_list_is_asked_about_this_one_after_the_window(community: Community) -> None:
    file = community.write("email\njose@school.example\n")
    with community.database.writing() as session:
        lists.create(session, community.organization.id, "teachers", "Teachers", now=NOW)
    for asked in (1, 0):
        load(community, file, "--list", "teachers", "--send-confirmations")
        facts = json.loads(load(community, file, "--send-confirmations", "--json").stdout)
        assert facts["asked"] == 1 - asked
        pass_a_night(community)
    assert mailed(community) == ["jose@school.example"] * 2


def test_nobody_is_asked_who_has_left_or_is_suppressed_or_confirmed_or_off_the_roster(community: Community) -> None:
    people = [f"reader{n}@school.example" for n in range(4)]
    text = "\n".join(["email", *people, "maria@school.example"])
    load(community, community.write(text))
    with community.database.writing() as session:
        list_ = community.list_(session)
        suppress(session, community.organization, JOSE, SuppressionReason.REQUEST, now=NOW)
        by_address = {row.address: row for row in session.scalars(select(Subscriber))}
        unsubscribe(session, by_address[people[0]], list_, NOW, evidence=FORM)
        subscribe(session, by_address[people[0]], list_, SubscriptionState.PENDING, NOW, evidence=FORM)
        subscribe(session, by_address[people[1]], list_, SubscriptionState.CONFIRMED, NOW, evidence=FORM)
        of_third = Subscription.subscriber_id == by_address[people[2]].id
        session.execute(update(Subscription).where(of_third).values(off_roster_at=NOW))
        suppress(session, community.organization, MARIA, SuppressionReason.REQUEST, now=NOW)
    load(community, community.write(text), "--send-confirmations")
    assert mailed(community) == [people[3]]


def test_a_dry_run_asks_nobody(community: Community) -> None:
    answer = load(community, community.write(PEOPLE), "--dry-run", "--send-confirmations", "--json")
    assert "asked" not in json.loads(answer.stdout)
    assert mailed(community) == []


def test_more_than_a_page_is_asked(community: Community) -> None:
    people = [f"reader{n}@school.example" for n in range(250)]
    load(community, community.write("\n".join(["email", *people])), "--send-confirmations")
    assert mailed(community) == people
