"""The reports on lists as commands: for a person, as JSON, as CSV and as a page, on a made-up school's year."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsletter.commands.root import root
from newsletter.errors import NewsletterError
from subscribers.db import Database
from subscribers.errors import NotFound
from subscribers.tables import List, Organization
from tests.support.people import LONG_AGO
from tests.support.school_year import SchoolYear


@pytest.fixture(scope="module")
def year(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a small school's year, which the reports only read."""
    file = tmp_path_factory.mktemp("year") / "newsletter.db"
    shutil.copy(migrated_sqlite, file)
    database = Database(f"sqlite:///{file}")
    with database.writing() as session:
        SchoolYear(session, scale=0.3)
    database.close()
    return f"sqlite:///{file}"


@pytest.fixture(autouse=True)
def _in_a_folder_without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(url: str, *arguments: object) -> Result:
    environment = {"NEWSLETTER_DATABASE_URL": url, "NEWSLETTER_SECRET_KEY": "k" * 40, "NEWSLETTER_TIMEZONE": "UTC"}
    return CliRunner().invoke(root, ["reports", *(str(argument) for argument in arguments)], env=environment)


def test_growth_says_first_how_many_there_are_and_last_what_to_try_next(year: str) -> None:
    lines = call(year, "growth", "--list", "families", "--from", "2026-01-01", "--to", "2026-10-31").stdout.splitlines()
    assert lines[0].startswith("Family newsletter: ")
    assert lines[0].endswith("readers on 31 October 2026: 155 more than before 1 January 2026.")
    assert lines[2].split() == ["Month", "Signed", "up", "Confirmed", "Joined", "Left", "Net", "Readers"]
    assert [line[:8] for line in lines[3:13]][::9] == ["Jan 2026", "Oct 2026"]
    assert lines[-1] == "Next: newsletter reports growth --list families --html growth.html"
    assert "█" not in "".join(lines), "bars are for terminals"


def test_growth_adds_up_in_every_form(year: str) -> None:
    asked = ("growth", "--from", "2025-12-01", "--to", "2026-10-31", "--by", "week")
    facts = json.loads(call(year, *asked, "--json").stdout)
    standing = 0
    for period in facts["periods"]:
        standing += period["net"]
        assert period["readers"] == standing
        assert period["net"] == period["joined"] - period["left"]["all"]
    rows = list(csv.DictReader(io.StringIO(call(year, *asked, "--csv").stdout)))
    assert [int(row["readers"]) for row in rows] == [period["readers"] for period in facts["periods"]]
    assert sum(int(row["signed_up_form"]) for row in rows) == facts["total"]["signed_up"]["form"]


def test_health_says_first_how_the_list_is(year: str) -> None:
    lines = call(year, "health").stdout.splitlines()
    assert lines[0].startswith("All lists: This list is well")
    said = {line.split(maxsplit=1)[1] for line in lines if line.split(maxsplit=1)[:1] in (["good"], ["watch"])}
    assert said >= {
        "complaints",
        "bounces",
        "copies refused at hand-over",
        "refusals",
        "sign-ups that wait",
        "addresses of offices",
    }
    assert lines[-1] == "Next: newsletter reports health --html health.html"


def test_health_says_the_same_to_programs(year: str) -> None:
    facts = json.loads(call(year, "health", "--list", "families", "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(call(year, "health", "--list", "families", "--csv").stdout)))
    told = {(row["part"], row["name"], row["figure"]): row["value"] for row in rows}
    assert told["list", "", "readers"] == str(facts["readers"])
    for issue in facts["issues"]:
        assert told["issue", issue["month"], "accepted"] == str(issue["accepted"])
    assert told["refused", "", "handed"] == str(facts["refused"]["handed"]) > "0"
    assert told["refused", "", "copies"] == str(facts["refused"]["copies"])
    assert told["finding", "complaints", facts["findings"][0]["level"]] == facts["findings"][0]["sentence"]


def test_engagement_shows_a_row_for_each_month_of_joining(year: str) -> None:
    said = call(year, "engagement", "--months", "3").stdout
    facts = json.loads(call(year, "engagement", "--months", "3", "--json").stdout)
    assert "Opened, of the copies of who agreed (%)" in said
    assert len(facts["cohorts"]) == 3
    rows = list(csv.DictReader(io.StringIO(call(year, "engagement", "--months", "3", "--csv").stdout)))
    assert len(rows) == sum(len(cohort["months"]) for cohort in facts["cohorts"])


@pytest.mark.parametrize("name", ["growth", "health", "engagement"])
def test_a_page_is_written_and_said_where(year: str, tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.html"
    said = call(year, name, "--list", "families", "--html", file).stdout
    assert said == f"The report is in {file}.\nNext: open it in a browser, or print it\n"
    assert "Family newsletter" in file.read_text(encoding="utf-8")


def test_a_campaign_is_shown_with_its_mail_in_the_language_asked_for(year: str, tmp_path: Path) -> None:
    english, spanish = tmp_path / "en.html", tmp_path / "es.html"
    call(year, "campaign", "10", "--html", english)
    call(year, "campaign", "10", "--html", spanish, "--language", "es")
    assert 'lang="en">' in english.read_text(encoding="utf-8").partition('class="sheet"')[2][:20]
    assert 'lang="es">' in spanish.read_text(encoding="utf-8").partition('class="sheet"')[2][:20]
    refused = call(year, "campaign", "10", "--html", spanish, "--language", "fr").exception
    assert str(refused) == "No copy of this campaign was accepted in 'fr': there are en, es, ar."


def test_only_one_form_is_put_out_at_once(year: str) -> None:
    assert call(year, "growth", "--json", "--csv").exit_code == 2
    assert call(year, "health", "--json", "--html", "health.html").exit_code == 2


def test_what_is_not_there_or_cannot_be_is_a_sentence(year: str, tmp_path: Path) -> None:
    assert isinstance(call(year, "growth", "--list", "nobody").exception, NotFound)
    backwards = call(year, "growth", "--from", "2026-12-01", "--to", "2026-11-01").exception
    assert str(backwards) == "The report ends before it begins. Give --from a day before --to."
    nowhere = call(year, "health", "--html", tmp_path / "no" / "health.html").exception
    assert isinstance(nowhere, NewsletterError)
    assert "cannot be written" in str(nowhere)


def test_an_installation_without_anybody_gets_reports_of_zeros(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        organization = Organization(name="<b>New</b> & small", salt="s", created_at=LONG_AGO)
        session.add(organization)
        session.flush()
        slug = List(organization_id=organization.id, slug="new", name="<i>New</i>", created_at=LONG_AGO)
        session.add(slug)
    database.close()
    for name in ("growth", "health", "engagement"):
        assert call(sqlite_url, name, "--list", "new").exit_code == 0
        assert call(sqlite_url, name, "--list", "new", "--html", tmp_path / "new.html").exit_code == 0
        html = (tmp_path / "new.html").read_text(encoding="utf-8")
        assert "&lt;i&gt;New&lt;/i&gt;" in html
        assert "&lt;b&gt;New&lt;/b&gt; &amp; small" in html
        assert "<i>New" not in html
