"""`newsletter doctor` says what is wrong, never with a secret or a traceback, and sends nothing."""

import base64
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter import app as wiring
from newsletter.campaigns import lifecycle
from newsletter.ledger.tables import Campaign, CampaignState
from newsletter.sending.journal import AttemptJournal
from newsletter.settings import load
from subscribers.tables import List
from tests.support.commands import CommandLine
from tests.support.school import a_scheduled_campaign, a_school
from tests.support.sendgrid.faults import Fault
from tests.support.sendgrid.server import KEY, SendGridServer
from tests.support.signatures import a_key
from tests.support.smtp_server import SmtpServer, refusing

SECRET = "3f9Qm1xLw7Zt0Rk5Vb8Nc2Yd6Hp4Js-aUeTgOi"


def public(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """The other half of a key, as SendGrid shows it."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.fixture
def newsletter(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """An installation that is well, with mail going into files."""
    with a_school(sqlite_url, "file:outbox", tmp_path):
        pass
    command_line = CommandLine(tmp_path, monkeypatch, capsys)
    for name, value in {
        "database_url": sqlite_url,
        "secret_key": SECRET,
        "transport": "file:outbox",
        "base_url": "https://news.maple.example",
        "from": "Maple Families <news@maple.example>",
        "postal_address": "Maple School, 1 Main Street",
        "state_folder": str(tmp_path / "state"),
    }.items():
        command_line.set(name, value)
    return command_line


def findings(newsletter: CommandLine) -> dict[str, dict[str, Any]]:
    """What it found, by what it looked at; the exit code must fit, and nothing secret be said."""
    said = newsletter("doctor", "--json")
    found = {finding["about"]: finding for finding in said.json()}
    assert said.code == (1 if "error" in {finding["level"] for finding in found.values()} else 0)
    assert not [secret for secret in (SECRET, KEY, "hidden") if secret in said.out + said.err]
    assert all((finding["level"] == "ok") == (not finding["remedy"]) for finding in found.values())
    return found


def levels(newsletter: CommandLine) -> set[str]:
    return {finding["level"] for finding in findings(newsletter).values()}


def test_an_installation_that_is_well_has_nothing_but_good_findings(newsletter: CommandLine) -> None:
    assert levels(newsletter) == {"ok"}
    assert "sender of families" in findings(newsletter)
    said = newsletter.do("doctor").out
    assert "database: The database answers" in said
    assert "0 errors, 0 warnings" in said


def test_for_a_person_each_finding_has_its_remedy_below(newsletter: CommandLine) -> None:
    newsletter.set("postal_address", "")
    said = newsletter("doctor").out
    assert "errors, 1 warning, " in said
    assert "warning postal address of families: The foot" in said
    assert "        Set NEWSLETTER_POSTAL_ADDRESS." in said


def test_settings_that_cannot_be_read_are_the_one_finding(newsletter: CommandLine) -> None:
    newsletter.set("timezone", "Nowhere")
    newsletter.set("secret_key", "hidden")
    (finding,) = findings(newsletter).values()
    assert finding["level"] == "error"
    assert "NEWSLETTER_TIMEZONE" in finding["sentence"]
    assert "NEWSLETTER_SECRET_KEY" in finding["sentence"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///missing.db", "newsletter init"),
        ("sqlite:///empty.db", "newsletter db upgrade"),
        ("sqlite:///garbage.db", "cannot be read"),
        ("postgresql://ana:hidden@127.0.0.1:1/newsletter", "cannot be reached"),
        ("mysql://ana:hidden@127.0.0.1/newsletter", "must look like"),
    ],
)
def test_a_database_that_cannot_be_used_is_an_error_and_the_rest_is_looked_at(
    newsletter: CommandLine, tmp_path: Path, url: str, said: str
) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "garbage.db").write_bytes(b"no database at all, " * 400)
    newsletter.set("database_url", url)
    found = findings(newsletter)
    assert found["database"]["level"] == "error"
    assert said in found["database"]["sentence"]
    assert found["transport"]["level"] == "ok"
    assert not (tmp_path / "missing.db").exists()


@pytest.mark.parametrize("url", ["hidden", "postgresql://ana:hidden@host:port/newsletter"])
def test_a_database_url_that_cannot_be_read_is_an_error(newsletter: CommandLine, url: str) -> None:
    newsletter.set("database_url", url)
    assert findings(newsletter)["database"]["level"] == "error"


@pytest.mark.parametrize(
    ("name", "value", "about"),
    [
        ("secret_key", "k" * 40, "secret key"),
        ("base_url", "http://localhost:8000", "base URL"),
        ("base_url", "http://127.0.0.1:8000", "base URL"),
        ("from", "Maple <maple@gmail.com>", "sender of families"),
        ("from", "Newsletter <newsletter@localhost>", "sender of families"),
        ("postal_address", " ", "postal address of families"),
    ],
)
def test_what_may_be_meant_so_is_a_warning(newsletter: CommandLine, name: str, value: str, about: str) -> None:
    newsletter.set(name, value)
    assert findings(newsletter)[about]["level"] == "warning"


@pytest.mark.parametrize(
    ("name", "value", "about"),
    [
        ("base_url", "http://localhost:8000", "base URL"),
        ("base_url", "http://news.maple.example", "base URL"),
        ("from", "Newsletter <newsletter@localhost>", "sender of families"),
        ("from", "nobody", "sender of families"),
        ("postal_address", "", "postal address of families"),
    ],
)
def test_where_mail_really_leaves_it_is_an_error(newsletter: CommandLine, name: str, value: str, about: str) -> None:
    with SmtpServer() as server:
        newsletter.set("transport", server.url)
        newsletter.set(name, value)
        assert findings(newsletter)[about]["level"] == "error"


def test_a_list_whose_sender_the_signature_does_not_speak_for_is_a_warning(newsletter: CommandLine) -> None:
    for name, value in a_key("ed25519").settings("maple.example").items():
        newsletter.set(name, value)
    assert findings(newsletter)["sender of families"]["level"] == "ok"
    app = wiring.build(load())
    with app.database.writing() as session:
        session.get_one(List, 1).from_address = "Oak Families <news@oak.example>"
    app.close()
    assert findings(newsletter)["sender of families"]["level"] == "ok"
    with SmtpServer() as server:
        newsletter.set("transport", server.url)
        found = findings(newsletter)["sender of families"]
    assert found["level"] == "warning"
    assert "Mail from oak.example is signed by maple.example" in found["sentence"]


def test_a_list_of_networks_is_read_and_what_is_wrong_with_it_named(newsletter: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "networks.txt").write_text("192.0.2.0/24 a hoster\n", encoding="utf-8")
    newsletter.set("machine_networks", "networks.txt")
    assert findings(newsletter)["networks of machines"]["level"] == "ok"
    (tmp_path / "networks.txt").write_text("192.0.2.0/24\n192.0.2.1/24\n", encoding="utf-8")
    found = findings(newsletter)["networks of machines"]
    assert found["level"] == "error"
    assert "networks.txt, line 2: '192.0.2.1/24' is not a network." in found["sentence"]


def test_refusals_that_nobody_reads_are_a_warning(newsletter: CommandLine) -> None:
    newsletter.set("transport", "smtp://127.0.0.1:9")
    newsletter.set("bounce_address", "")
    assert "has no key" in findings(newsletter)["returned mail"]["sentence"]
    newsletter.set("bounce_address", "bounce@maple.example")
    assert "nothing here reads them" in findings(newsletter)["returned mail"]["sentence"]
    newsletter.set("feedback", "maildir:box")
    assert findings(newsletter)["returned mail"]["level"] == "ok"
    newsletter.set("inbound_key", "a-key")
    assert "nobody reads them" in findings(newsletter)["returned mail"]["sentence"]
    newsletter.set("replies_to", "office@maple.example")
    assert findings(newsletter)["returned mail"]["level"] == "ok"


def test_a_webhook_key_that_is_none_is_an_error_and_a_missing_one_a_warning(newsletter: CommandLine) -> None:
    about = "SendGrid's events"
    assert findings(newsletter)[about]["level"] == "ok"
    with SendGridServer() as server:
        on_sendgrid(newsletter, server)
        found = findings(newsletter)[about]
        assert (found["level"], "is not taken" in found["sentence"]) == ("warning", True)
    newsletter.set("transport", "file:outbox")
    newsletter.set("sendgrid_webhook_key", public(ec.generate_private_key(ec.SECP256R1())))
    assert "can be read" in findings(newsletter)[about]["sentence"]
    others = public(ec.generate_private_key(ec.SECP384R1())), public(ed25519.Ed25519PrivateKey.generate())
    for wrong in ("no key at all", "bm8ga2V5", *others):
        newsletter.set("sendgrid_webhook_key", wrong)
        found = findings(newsletter)[about]
        assert (found["level"], "no verification key" in found["sentence"]) == ("error", True)
        assert wrong not in found["sentence"]


@pytest.mark.parametrize(
    ("key", "level", "said"),
    [
        ("", "ok", "No key is set"),
        (SECRET, "ok", "long enough"),
        ("hidden", "warning", "a person typed"),
        ("hidden@Qm1xLw7Zt0Rk5Vb8Nc2Yd6Hp", "warning", "do not stand in an address"),
        ("hidden Qm1xLw7Zt0Rk5Vb8Nc2Yd6Hp", "warning", "do not stand in an address"),
    ],
)
def test_an_inbound_key_that_can_be_guessed_or_does_not_fit_is_a_warning(
    newsletter: CommandLine, key: str, level: str, said: str
) -> None:
    newsletter.set("inbound_key", key)
    found = findings(newsletter)["inbound key"]
    assert (found["level"], said in found["sentence"]) == (level, True)


def test_a_maildir_that_is_none_or_cannot_be_written_is_an_error(newsletter: CommandLine, tmp_path: Path) -> None:
    box = tmp_path / "box"
    assert findings(newsletter)["mailbox"]["sentence"] == "No mailbox is looked into."
    newsletter.set("feedback", f"maildir:{box}")
    assert f"{box} is no Maildir" in findings(newsletter)["mailbox"]["sentence"]
    for name in ("new", "cur"):
        (box / name).mkdir(parents=True)
    (box / "new" / "1.host").write_bytes(b"Subject: Returned\r\n\r\n")
    assert findings(newsletter)["mailbox"]["level"] == "ok"
    assert [file.name for file in box.glob("*/*")] == ["1.host"]
    (box / "cur").rmdir()
    (box / "cur").symlink_to("/proc")  # where nobody can write, whoever runs this
    found = findings(newsletter)["mailbox"]
    assert (found["level"], f"{box / 'cur'} cannot be written" in found["sentence"]) == ("error", True)


def test_a_mailbox_whose_server_is_away_is_a_warning(newsletter: CommandLine) -> None:
    newsletter.set("feedback", "imaps://bounces@127.0.0.1:1/INBOX")
    newsletter.set("feedback_password", "hidden")
    found = findings(newsletter)["mailbox"]
    assert (found["level"], "bounces@127.0.0.1:1/INBOX cannot be read" in found["sentence"]) == ("warning", True)


def test_an_older_secret_is_counted(newsletter: CommandLine) -> None:
    newsletter.set("secret_key", f"{SECRET} {SECRET[::-1]}")
    assert "1 older" in findings(newsletter)["secret key"]["sentence"]


def test_a_configuration_that_everybody_may_read_is_a_warning(newsletter: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "newsletter.toml"
    file.touch(0o600)
    assert findings(newsletter)["settings"]["level"] == "ok"
    file.chmod(0o644)
    assert findings(newsletter)["settings"]["remedy"] == "Run: chmod 600 newsletter.toml"


def test_a_state_folder_that_cannot_be_written_is_an_error(newsletter: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    newsletter.set("state_folder", str(tmp_path / "file" / "state"))
    found = findings(newsletter)
    assert found["state folder"]["level"] == "error"
    assert found["disk of the state folder"]["level"] == "warning"


@pytest.mark.parametrize(("limit", "level"), [("_LITTLE_SPACE", "warning"), ("_NO_SPACE", "error")])
def test_a_disk_that_is_nearly_full_is_said(
    newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, level: str
) -> None:
    monkeypatch.setattr(f"newsletter.doctor.surroundings.{limit}", shutil.disk_usage(tmp_path).total * 2)
    found = findings(newsletter)
    assert {found["disk of the state folder"]["level"], found["disk of the database"]["level"]} == {level}


def test_an_outbox_that_cannot_be_written_is_an_error(newsletter: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "outbox").touch()
    assert findings(newsletter)["transport"]["level"] == "error"


def test_a_mail_server_is_logged_in_to_and_left(newsletter: CommandLine) -> None:
    with SmtpServer(extensions=("PIPELINING", "AUTH PLAIN")) as server:
        newsletter.set("transport", server.url.replace("//", "//ana:hidden@") + "?tls=none")
        assert findings(newsletter)["transport"]["level"] == "ok"
    assert server.connections == 1
    assert server.commands[-1] == "QUIT" or not [word for word in server.commands if word.startswith("MAIL")]
    assert server.record.recipients == []


def test_a_mail_server_that_refuses_or_is_away_is_an_error(newsletter: CommandLine) -> None:
    with SmtpServer(extensions=("AUTH PLAIN",), fault=refusing("AUTH", "", "535 no")) as server:
        newsletter.set("transport", server.url.replace("//", "//ana:hidden@") + "?tls=none")
        assert "refuses the user ana" in findings(newsletter)["transport"]["sentence"]
    found = findings(newsletter)["transport"]
    assert (found["level"], "cannot be reached" in found["sentence"]) == ("error", True)


def on_sendgrid(newsletter: CommandLine, server: SendGridServer) -> dict[str, Any]:
    newsletter.set("transport", "sendgrid://")
    newsletter.set("sendgrid_api_key", KEY)
    newsletter.set("sendgrid_url", server.url)
    return findings(newsletter)["transport"]


def test_sendgrid_checks_a_mail_and_sends_nothing(newsletter: CommandLine) -> None:
    with SendGridServer() as server:
        assert on_sendgrid(newsletter, server)["level"] == "ok"
    assert len(server.sandboxed) == 1
    assert server.accepted == []


@pytest.mark.parametrize(
    ("fault", "level", "said"),
    [
        (Fault(status=401), "error", "NEWSLETTER_SENDGRID_API_KEY"),
        (Fault(status=403), "error", "403"),
        (Fault(status=400), "error", "NEWSLETTER_FROM"),
        (Fault(status=429), "warning", "429"),
        (Fault(status=503), "warning", "503"),
        (Fault(status=202), "error", "202"),
    ],
)
def test_what_sendgrid_says_against_it_is_told(newsletter: CommandLine, fault: Fault, level: str, said: str) -> None:
    with SendGridServer(fault) as server:
        found = on_sendgrid(newsletter, server)
    assert found["level"] == level
    assert said in found["sentence"]


def test_sendgrid_without_a_key_or_without_tls_is_an_error(newsletter: CommandLine) -> None:
    newsletter.set("transport", "sendgrid://")
    assert "API_KEY is missing" in findings(newsletter)["transport"]["sentence"]
    newsletter.set("sendgrid_api_key", KEY)
    newsletter.set("sendgrid_url", "http://sendgrid.example")
    assert "unencrypted" in findings(newsletter)["transport"]["sentence"]


def test_what_dead_senders_left_is_a_warning_and_stays(newsletter: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "journals"
    living, dead = AttemptJournal(folder, "living"), AttemptJournal(folder, "dead")
    dead.close(keep=True)
    found = findings(newsletter)["dead senders"]
    assert found["level"] == "warning"
    assert found["sentence"].startswith("1 sender died")
    assert len(list(folder.iterdir())) == 2
    living.close(keep=False)


@pytest.mark.parametrize(("size", "level"), [(0, "ok"), (2_000_000, "warning"), (200_000_000, "error")])
def test_opens_and_clicks_that_wait_on_the_disk_are_said(
    newsletter: CommandLine, tmp_path: Path, size: int, level: str
) -> None:
    folder = tmp_path / "state" / "spools"
    folder.mkdir(parents=True)
    with (folder / "one.spool").open("wb") as spool:
        spool.truncate(size)
    found = findings(newsletter)["opens and clicks"]
    assert found["level"] == level
    assert size == 0 or f"{size / 1_000_000:,.1f} MB wait" in found["sentence"]


def test_campaigns_that_wait_for_a_person_are_named(newsletter: CommandLine) -> None:  # F17
    app = wiring.build(load())
    stopped, held = a_scheduled_campaign(app), a_scheduled_campaign(app)
    with app.database.writing() as session:
        session.get_one(Campaign, stopped).state = CampaignState.SENDING
        session.get_one(Campaign, held).state = CampaignState.HELD
        lifecycle.stop(session, stopped, "401 no")
    app.close()
    found = findings(newsletter)
    assert "401 no" in found[f"campaign {stopped}"]["sentence"]
    assert f"campaigns resume {stopped}" in found[f"campaign {stopped}"]["remedy"]
    assert f"campaigns schedule {held} --now" in found[f"campaign {held}"]["remedy"]
    assert "campaigns" not in found


def test_without_a_list_the_settings_speak_for_those_to_come(newsletter: CommandLine, tmp_path: Path) -> None:
    newsletter.set("database_url", f"sqlite:///{tmp_path / 'new.db'}")
    newsletter.do("init")
    assert findings(newsletter)["sender of new lists"]["level"] == "ok"
