import socket
import stat
from pathlib import Path

import pytest

from tests.support.commands import CommandLine
from tests.support.installation import ROOT, write_families
from tests.support.smtp_server import SmtpServer

EXAMPLE = str(ROOT / "examples" / "2026-12.md")


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def ready(newsletter: CommandLine, database_url: str) -> CommandLine:
    """An installation with eight families and the sample issue."""
    newsletter.set("database_url", database_url)
    newsletter.set("from", "Maple <news@maple.example>")
    newsletter.set("postal_address", "1 Main Street")
    newsletter.do("init", "--organization", "Maple Families")
    newsletter.do("lists", "create", "families", "--name", "Family newsletter")
    write_families(newsletter.folder / "families.csv", 8)
    newsletter.do("subscribers", "import", "families.csv", "--list", "families", "--status", "confirmed")
    newsletter.do("issues", "import", EXAMPLE)
    return newsletter


def test_init_writes_a_private_config_and_makes_the_database_once(newsletter: CommandLine) -> None:
    said = newsletter.do("init", "--organization", 'The "Maple" families')
    config = newsletter.folder / "newsletter.toml"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    secret = config.read_text().split('secret_key = "')[1].split('"')[0]
    assert len(secret) >= 32
    assert secret not in said.out + said.err
    again = newsletter("init")
    assert again.code == 1
    assert "set up already" in again.err
    assert newsletter.do("db", "check").out.startswith("The database answers")
    assert newsletter.do("db", "upgrade").code == 0
    assert newsletter.do("version").out.startswith("newsletter ")


def test_before_init_every_command_says_what_to_do(newsletter: CommandLine) -> None:
    said = newsletter("lists", "list")
    assert said.code == 1
    assert "newsletter init" in said.err
    newsletter.set("secret_key", "k" * 40)
    said = newsletter("lists", "list")
    assert said.code == 1
    assert "newsletter init" in said.err
    assert "Traceback" not in said.err


def test_a_database_that_was_there_or_is_mistyped_is_named_before_a_new_one_is_offered(newsletter: CommandLine) -> None:
    assert "holds your settings and a new secret key" in newsletter.do("init").out
    file = newsletter.folder / "var" / "newsletter.db"
    file.rename(newsletter.folder / "lost.db")
    said = newsletter("lists", "list")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert f"There is no database at {file}. If there was one, restore it or mend NEWSLETTER_DATABASE_URL;" in said.err
    assert said.err.endswith("`newsletter init` makes a new, empty one.\n")
    assert f"There is no database at {file}." in newsletter("doctor").out
    assert not file.exists()
    newsletter.set("database_url", "sqlite:///lots.db")
    assert f"There is no database at {newsletter.folder / 'lots.db'}." in newsletter("lists", "list").err
    newsletter.set("database_url", "sqlite:///lost.db")
    assert newsletter.do("lists", "list").code == 0
    newsletter.set("database_url", "sqlite://")
    assert newsletter("lists", "list").err == "Error: SQLite needs a file: sqlite:///var/newsletter.db\n"
    newsletter.set("database_url", "sqlite:///new.db")
    assert "newsletter.toml is as it was; the database is made, new and empty." in newsletter.do("init").out
    (newsletter.folder / "newsletter.toml").unlink()
    assert "a new secret key; the database was there and is kept." in newsletter.do("init").out


def test_a_database_that_is_away_is_one_sentence(newsletter: CommandLine) -> None:  # F4
    newsletter.set("secret_key", "k" * 40)
    newsletter.set("database_url", "postgresql://nobody:hidden@127.0.0.1:1/none")
    said = newsletter("campaigns", "list")
    assert said.code == 1
    assert "cannot be reached" in said.err
    assert "hidden" not in said.err
    assert said.err.count("\n") == 1


def test_the_whole_job_by_its_commands(ready: CommandLine) -> None:
    with SmtpServer() as server:
        ready.set("transport", server.url)
        made = ready.do("campaigns", "create", "--issue", "1", "--list", "families", "--json").json()
        assert made == {"id": 1, "state": "draft", "issue": 1, "audience": 8}
        assert "Next: newsletter send 1" in ready.do("campaigns", "schedule", "1", "--now").out
        assert ready.do("campaigns", "list", "--json").json()[0]["state"] == "scheduled"
        said = ready.do("send", "1")
        assert "Campaign 1 is sent." in said.out
        assert "8 = 8 accepted" in said.out
        status = ready.do("campaigns", "status", "1", "--json").json()
        assert (status["state"], status["audience"], status["accepted"]) == ("sent", 8, 8)
        assert "accepted" in ready.do("campaigns", "status", "1").out
        rows = ready.do("campaigns", "deliveries", "1", "--state", "accepted", "--json").json()
        assert {row["to"] for row in rows} == set(server.record.recipients)
        assert "8 deliveries" in ready.do("campaigns", "deliveries", "1").out
        assert "0 deliveries" in ready.do("campaigns", "deliveries", "1", "--state", "unknown").out
        again = ready("send", "1")
        assert again.code == 0
    assert len(server.record.recipients) == 8


def test_a_campaign_can_be_aimed_by_a_segment_or_a_rule(ready: CommandLine) -> None:
    ready.do("segments", "create", "Spanish", "language = es")
    made = ready.do("campaigns", "create", "--issue", "1", "--list", "families", "--segment", "Spanish", "--json")
    assert made.json()["audience"] == 1
    said = ready.do("campaigns", "create", "--issue", "1", "--list", "families", "--rule", "band = high")
    assert "a draft for" in said.out
    for arguments, sentence in (
        (("--rule", "band = hihg"), "did you mean high"),
        (("--segment", "Nobody"), "There is no segment"),
        (("--rule", "x"), "rule"),
    ):
        refused = ready("campaigns", "create", "--issue", "1", "--list", "families", *arguments)
        assert refused.code == 1
        assert sentence in refused.err
    both = ready("campaigns", "create", "--issue", "1", "--list", "families", "--rule", "a", "--segment", "b")
    assert both.code == 2
    assert "There is no issue 9" in ready("campaigns", "create", "--issue", "9", "--list", "families").err
    assert "There is no list" in ready("campaigns", "create", "--issue", "1", "--list", "nowhere").err


def test_segments_are_saved_shown_and_counted(ready: CommandLine) -> None:
    assert ready.do("segments", "create", "High", "band = high", "--json").json()["rule"] == "band = high"
    assert "it chooses" in ready.do("segments", "create", "Little", "band = elementary").out
    assert {row["name"] for row in ready.do("segments", "list", "--json").json()} == {"High", "Little"}
    assert "band = high" in ready.do("segments", "list").out
    shown = ready.do("segments", "show", "High")
    assert "High: band = high" in shown.out
    high = ready.do("segments", "count", "High", "--json").json()["count"]
    assert (
        ready.do("segments", "count", "--rule", "band = high", "--list", "families", "--json").json()["count"] == high
    )
    assert f"chosen today: {high}" in ready.do("segments", "count", "High").out
    assert ready("segments", "count").code == 2
    assert ready("segments", "create", "High", "band = high").code == 1


def test_approval_pause_resume_and_cancel(ready: CommandLine) -> None:
    ready.set("approval", "on")
    ready.do("campaigns", "create", "--issue", "1", "--list", "families")
    refused = ready("campaigns", "schedule", "1", "--now")
    assert refused.code == 1
    assert "newsletter campaigns approve" in refused.err
    assert "is approved" in ready.do("campaigns", "approve", "1").out
    said = ready.do("campaigns", "schedule", "1", "--at", "2030-12-01 09:00", "--timezone", "America/Chicago")
    assert "Sunday 1 December 2030, 09:00 CST" in said.out
    assert "2030-12-01 09:00 CST" in ready.do("campaigns", "list").out
    waiting = ready("send", "1")
    assert waiting.code == 1
    assert "is scheduled, so nothing is sent" in waiting.err
    assert ready("campaigns", "pause", "1").code == 1
    assert "is cancelled" in ready.do("campaigns", "cancel", "1").out
    assert "is cancelled, so nothing is sent" in ready("send", "1").err


def test_a_paused_campaign_goes_on_when_resumed(ready: CommandLine) -> None:
    with SmtpServer(fault=lambda verb, _: "451 later" if verb == "RCPT" else None) as server:
        ready.set("transport", server.url)
        ready.do("campaigns", "create", "--issue", "1", "--list", "families")
        ready.do("campaigns", "schedule", "1", "--now")
        later = ready("send", "1")
        assert later.code == 3
        assert "Not finished yet: 8 deferred, next try" in later.out
        ready.do("campaigns", "pause", "1")
        assert "newsletter campaigns resume 1" in ready("send", "1").err
        ready.do("campaigns", "resume", "1")
        assert "8 copies" in ready.do("campaigns", "cancel", "1").out


def test_a_number_larger_than_any_there_is_is_one_sentence(ready: CommandLine) -> None:
    for arguments in (("reports", "campaign"), ("campaigns", "status")):
        said = ready(*arguments, "99999999999999999999")
        assert (said.code, said.out) == (1, "")
        assert said.err == "Error: There is no number as large as the one that you gave.\n"


def test_a_damaged_database_is_one_sentence(newsletter: CommandLine) -> None:
    newsletter.do("init", "--organization", "Maple Families")
    next(newsletter.folder.rglob("newsletter.db")).write_bytes(b"<!DOCTYPE html>" * 1000)
    for log in newsletter.folder.rglob("newsletter.db-*"):
        log.unlink()
    said = newsletter("reports", "growth")
    assert said.code == 1
    assert "damaged" in said.err
    assert said.err.count("\n") == 1


def test_a_time_that_cannot_be_is_refused(ready: CommandLine) -> None:
    ready.do("campaigns", "create", "--issue", "1", "--list", "families")
    assert ready("campaigns", "schedule", "1").code == 2
    assert "2026-12-01 09:00" in ready("campaigns", "schedule", "1", "--at", "soon").err
    assert "time zone" in ready("campaigns", "schedule", "1", "--at", "2030-01-01 9:00", "--timezone", "Mars").err
    assert "no such campaign" in ready("campaigns", "schedule", "7", "--now").err
    assert "no such campaign" in ready("send", "7").err


def test_a_mail_server_that_refuses_is_one_sentence_and_nothing_is_lost(ready: CommandLine) -> None:
    with SmtpServer() as gone:
        url = gone.url
    ready.set("transport", url)
    ready.do("campaigns", "create", "--issue", "1", "--list", "families")
    ready.do("campaigns", "schedule", "1", "--now")
    said = ready("send", "1")
    assert said.code == 1
    assert "cannot be reached" in said.err.splitlines()[-1]
    assert "Traceback" not in said.err
    status = ready.do("campaigns", "status", "1", "--json").json()
    assert status["pending"] == 8
    ready.set("transport", "file:outbox")
    assert ready.do("send", "1").code == 0
    assert len(list((ready.folder / "outbox").glob("*.eml"))) == 8


def test_a_taken_port_is_one_sentence(ready: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = ready("run", "--port", str(taken.getsockname()[1]))
    assert said.code == 1
    assert "is in use" in said.err
    assert "Cannot listen" in ready("run", "--host", "192.0.2.1", "--port", "0").err
