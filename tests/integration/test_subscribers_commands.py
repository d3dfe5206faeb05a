import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from newsletter.commands.root import root
from newsletter.ledger.tables import Delivery
from subscribers.db import Database
from subscribers.errors import NewsletterError
from subscribers.tables import ConsentRecord, Suppression
from tests.support.imports import Community, a_community

MARIA = "maria@school.example"
FILE = f"email,name,grades,phone\n{MARIA},Maria [b]Pérez,2;9,1\nnobody,,,\njose@school.example,,high,\n"


@pytest.fixture
def community(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Community]:
    monkeypatch.chdir(tmp_path)
    database = Database(sqlite_url)
    yield a_community(database, tmp_path)
    database.close()


def call(community: Community, *arguments: str) -> Result:
    url = community.database.engine.url.render_as_string()
    environment = {"NEWSLETTER_DATABASE_URL": url, "NEWSLETTER_SECRET_KEY": "k" * 40, "NEWSLETTER_TIMEZONE": "UTC"}
    return CliRunner().invoke(root, arguments, env=environment)


def ask(community: Community, *arguments: str) -> Any:
    answer = call(community, *arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def load(community: Community, *options: str, text: str = FILE) -> Result:
    file = community.write(text)
    return call(community, "subscribers", "import", str(file), "--list", "families", *options)


def sentence(answer: Result) -> str:
    assert isinstance(answer.exception, NewsletterError), answer.output
    return str(answer.exception)


def test_an_import_says_what_happened_then_figures_then_what_next(community: Community) -> None:
    answer = load(community)
    assert answer.exit_code == 0
    assert answer.stderr == "Columns of people.csv not imported: phone\n"
    lines = answer.stdout.splitlines()
    assert lines[0] == "people.csv: 2 of 3 people are imported to families."
    assert lines[1] == "Read as plain CSV, in UTF-8."
    assert ["2", "new"] in [line.split() for line in lines]
    assert "  line 3: 'nobody' is not an email address: An email address must have an @-sign." in lines
    assert "Pending people get no mail." in lines[-2]
    assert lines[-1].startswith("Next: newsletter ")


def test_an_import_gives_its_counts_as_json_and_nothing_else(community: Community) -> None:
    answer = load(community, "--status", "confirmed", "--consent", "I agree", "--json")
    facts = json.loads(answer.stdout)
    told = {
        "read": 3,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "suppressed": 0,
        "rejected": 1,
        "errors": [{"line": 3, "error": "'nobody' is not an email address: An email address must have an @-sign."}],
        "format": "plain CSV",
        "encoding": "UTF-8",
    }
    assert {name: facts[name] for name in told} == told
    assert community.state(MARIA) == "confirmed"
    with community.database.reading() as session:
        assert set(session.scalars(select(ConsentRecord.wording))) == {"I agree"}


def test_a_dry_run_says_that_it_was_one(community: Community) -> None:
    answer = load(community, "--dry-run")
    assert "2 of 3 people would be imported to families. This was a dry run: nothing is written." in answer.stdout
    assert community.known(MARIA) == {}


def test_a_dry_run_shows_people_as_they_are_understood(community: Community) -> None:
    text = f"email,grades\nbad@school.example,Freshman\n{MARIA},3rd grade\n"
    shown = load(community, "--dry-run", text=text).stdout.partition("as they are understood:")[2]
    assert MARIA in shown
    assert "Freshman" not in shown.partition("Next:")[0]


def test_an_import_without_a_good_line_fails_and_still_says_why(community: Community) -> None:
    answer = load(community, "--json", text="email\n" + "nobody\n" * 30)
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["rejected"] == 30
    plain = load(community, text="email\n" + "nobody\n" * 30)
    assert plain.exit_code == 1
    assert "  and 10 more; --json names them all" in plain.stdout.splitlines()


def test_confirmed_people_need_no_word_about_pending_ones(community: Community) -> None:
    assert "Pending" not in load(community, "--status", "confirmed").stdout


def test_columns_are_mapped_and_grades_read_as_of_a_day(community: Community) -> None:
    text = f"Address,Grade\n{MARIA},3\n"
    options = ("--map", "email=Address", "--map", "grades=Grade", "--grades-as-of", "2020-09-01")
    assert load(community, *options, text=text).exit_code == 0
    assert community.known(MARIA)["children"][0]["graduation_year"] == 2030
    answer = load(community, "--map", "Address", text=text)
    assert answer.exit_code == 2
    assert "write it like --map email=Address" in answer.stderr


def test_a_file_that_is_not_there_is_said(community: Community) -> None:
    answer = call(community, "subscribers", "import", "nix.csv", "--list", "families")
    assert sentence(answer) == "nix.csv cannot be read: No such file or directory."


def test_who_is_added_to_a_double_opt_in_list_is_asked_to_confirm(community: Community) -> None:
    arguments = ("subscribers", "add", MARIA, "--list", "families")
    facts = ask(community, *arguments, "--grade", "3", "--grade", "3", "--language", "ES")
    assert (facts["language"], [child["grade"] for child in facts["children"]]) == ("es", ["3", "3"])
    (on,) = facts["lists"]
    assert (on["list"], on["state"], on["frequency"]) == ("families", "pending", "every")
    answer = call(community, *arguments)
    assert answer.stdout.splitlines() == [
        f"{MARIA} is pending on families. They are asked by mail to confirm, once `newsletter run` sends it.",
        f"Next: newsletter subscribers show {MARIA}",
    ]
    with community.database.reading() as session:
        assert session.scalars(select(Delivery.to_address)).all() == [MARIA]


def test_who_is_added_to_a_single_opt_in_list_is_on_it(community: Community) -> None:
    ask(community, "lists", "create", "open", "--name", "Open", "--single-opt-in")
    answer = call(community, "subscribers", "add", MARIA, "--list", "open")
    assert answer.stdout.splitlines()[0] == f"{MARIA} is confirmed on open."


def test_a_person_is_shown(community: Community) -> None:
    load(community)
    call(community, "subscribers", "suppress", MARIA, "--reason", "request")
    lines = call(community, "subscribers", "show", MARIA).stdout.splitlines()
    assert lines[0] == (
        f"{MARIA} (Maria [b]Pérez) is on families (pending). The address is suppressed: it is never mailed."
    )
    assert ["children", "grade", "2;", "grade", "9"] in [line.split() for line in lines]
    assert ask(community, "subscribers", "show", MARIA)["suppressed"] is True
    assert "no subscriber" in sentence(call(community, "subscribers", "show", "nobody@school.example"))


def test_children_are_told_as_far_as_they_are_known(community: Community) -> None:
    load(community, "--grades-as-of", "2025-09-01", text=f"email,grades\n{MARIA},12;high;3\njose@school.example,high\n")
    shown = call(community, "subscribers", "show", MARIA).stdout
    assert "left school in 2026; high (asked again); grade 4" in shown
    load(community, "--grades-as-of", "2020-09-01", text="email,grades\njose@school.example,high\n")
    assert "a band no longer known" in call(community, "subscribers", "show", "jose@school.example").stdout


def test_a_person_leaves_one_list_or_all(community: Community) -> None:
    load(community)
    call(community, "lists", "create", "workshops", "--name", "Workshops")
    call(community, "subscribers", "add", MARIA, "--list", "workshops")
    assert ask(community, "subscribers", "unsubscribe", MARIA, "--list", "workshops")["left"] == ["workshops"]
    answer = call(community, "subscribers", "unsubscribe", MARIA)
    assert answer.stdout.splitlines()[0] == f"{MARIA} has left families."
    answer = call(community, "subscribers", "unsubscribe", MARIA)
    assert answer.stdout.splitlines()[0] == f"{MARIA} is on no such list now; nothing changed."


def test_an_address_is_suppressed_once_and_not_added_again(community: Community) -> None:
    for nothing in ("", "  "):
        refused = call(community, "subscribers", "suppress", MARIA, "--reason", nothing)
        assert "Say why the address is never mailed again" in sentence(refused)
    first = ask(community, "subscribers", "suppress", MARIA, "--reason", " asked by phone ")
    assert first == {"address": MARIA, "reason": "staff", "detail": "asked by phone", "new": True}
    with community.database.reading() as session:
        assert session.scalars(select(Suppression.detail)).all() == ["asked by phone"]
    again = call(community, "subscribers", "suppress", MARIA, "--reason", "bounce")
    assert again.stdout.splitlines()[0] == f"{MARIA} was suppressed already."
    other = call(community, "subscribers", "suppress", "jose@school.example", "--reason", "bounce")
    assert other.stdout.splitlines()[0] == "jose@school.example is never mailed again."
    refused = call(community, "subscribers", "add", MARIA, "--list", "families")
    assert "suppressed and never mailed" in sentence(refused)


def test_lists_are_made_and_counted(community: Community) -> None:
    made = ask(community, "lists", "create", "workshops", "--name", "Workshops [b]")
    assert made == {"list": "workshops", "name": "Workshops [b]", "double_opt_in": True, "public": True}
    answer = call(community, "lists", "create", "open", "--name", "Open", "--single-opt-in")
    assert answer.stdout.splitlines()[0] == "The list open is made: Open. Who signs up is on it at once."
    load(community)
    rows = {row["list"]: row for row in ask(community, "lists", "list")}
    assert rows["families"] == {
        "list": "families",
        "name": "Family newsletter",
        "double_opt_in": True,
        "public": True,
        "confirmed": 0,
        "pending": 2,
        "unsubscribed": 0,
        "mailed": 0,
        "paused": 0,
        "off_roster": 0,
        "suppressed": 0,
    }
    lines = call(community, "lists", "list").stdout.splitlines()
    assert lines[0] == "3 lists"
    assert ["workshops", "Workshops", "[b]", "double", "public", "0", "0", "0", "0"] in [line.split() for line in lines]


def test_a_new_installation_is_told_how_to_make_a_list(community: Community) -> None:
    with community.database.writing() as session:
        session.delete(community.list_(session))
    lines = call(community, "lists", "list").stdout.splitlines()
    assert lines == ["0 lists", 'Next: newsletter lists create families --name "Family newsletter"']
