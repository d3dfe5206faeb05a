import io
import random
import threading
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP, SMTPServerDisconnected
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from rich.console import Console

from newsletter.app import App
from newsletter.commands.root import root
from newsletter.demo import families, inboxes, places, readers, serving
from newsletter.demo.story import StoryBroken, play
from newsletter.reports.status import status
from newsletter.settings import Tracking


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A demonstration that was run by its command: its folder, and what it said."""
    folder = tmp_path_factory.mktemp("demo") / "var" / "demo"
    result = CliRunner().invoke(root, ["demo", "--folder", str(folder)], env={"NEWSLETTER_TRACKING": "off"})
    assert result.exit_code == 0, result.output
    return folder, result.stdout


def test_it_tells_of_every_step_and_ends_with_where_to_look(played: tuple[Path, str]) -> None:
    folder, said = played
    assert [line for line in said.splitlines() if line[:2] in {f"{n}." for n in range(1, 9)}] == [
        "1. An installation: newsletter init, newsletter lists create",
        "2. Families come in: newsletter subscribers import",
        "3. The December issue: newsletter issues import, check, preview",
        "4. A campaign: newsletter campaigns create, schedule --now",
        "5. Sending by SMTP: newsletter send",
        "6. Families read: opens and clicks over HTTP",
        "7. What became of it: newsletter reports campaign",
        "8. Look around",
    ]
    assert str(folder / "high-spanish.html") in said
    assert said.endswith("nothing is left running.\n")


def test_bad_lines_of_its_file_are_told_and_cost_no_other_line(played: tuple[Path, str]) -> None:
    _, said = played
    assert "304 lines read, 300 families new." in said
    assert "line 92: '14' is not a grade" in said


def test_every_copy_is_accounted_for_and_each_accepted_one_is_in_the_inbox(played: tuple[Path, str]) -> None:
    folder, said = played
    assert "300 = 297 accepted + 1 rejected + 2 excluded." in said
    assert len(list((folder / "inbox").glob("*.eml"))) == 297


def test_each_family_gets_its_own_letter(played: tuple[Path, str]) -> None:
    folder, _ = played
    elementary = (folder / "elementary-english.html").read_text(encoding="utf-8")
    high = (folder / "high-spanish.html").read_text(encoding="utf-8")
    assert "A note in the school bag" in elementary
    assert "Let your teen write first" not in elementary
    assert "Deje que su hijo o hija escriba primero" in high
    assert "mochila" not in high
    both = readers.read(inboxes.file_of(folder / "inbox", families.BOTH_BANDS.address)).html
    assert "A note in the school bag" in both
    assert "Let your teen write first" in both


def test_one_family_leaves_by_the_button_of_its_mail_program(played: tuple[Path, str]) -> None:
    _, said = played
    assert "Grace Okafor presses the mail program's unsubscribe button: 200; once more: 200." in said
    assert ["unsubscribed", "1"] in [line.split()[:2] for line in said.splitlines()]


def test_the_demonstration_hears_no_settings_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_TRACKING", "off")
    assert places.fresh(tmp_path / "demo").settings("file:outbox").tracking is Tracking.CONSENT


def test_it_replaces_an_earlier_one_and_leaves_nothing_running(tmp_path: Path) -> None:
    places.fresh(tmp_path / "demo")
    (tmp_path / "demo" / "inbox" / "earlier.eml").touch()
    before = set(threading.enumerate())
    facts: dict[str, Any] = {}

    def report(console: Console, app: App, campaign_id: int) -> None:
        console.print("reported")
        with app.database.reading() as session:
            facts.update(status(session, campaign_id))

    play(tmp_path / "demo", Console(file=io.StringIO()), report)
    opened = facts["opened"]
    assert opened["human"] > 50
    assert opened["machine"] > 0
    assert opened["total"] > opened["human"] + opened["machine"]
    assert facts["unsubscribed"] == 1
    assert set(threading.enumerate()) == before


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(places.FolderInUse, match="holds something else"):
        places.fresh(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_file_is_not_taken_for_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "demo"
    file.touch()
    with pytest.raises(places.FolderInUse):
        places.fresh(file)


def test_a_mail_that_nobody_counted_breaks_the_story(tmp_path: Path) -> None:
    class Meddler(io.StringIO):
        """Drops a mail into the inbox when it reads of the sending."""

        def write(self, text: str) -> int:
            if "Sending by SMTP" in text:
                (tmp_path / "demo" / "inbox" / "stray.eml").write_bytes(b"")
            return super().write(text)

    with pytest.raises(StoryBroken, match="298 mails arrived"):
        play(tmp_path / "demo", Console(file=Meddler()), lambda *_: None)


def test_the_families_are_the_same_each_time(tmp_path: Path) -> None:
    random.seed()
    families.write_families(tmp_path / "first.csv")
    families.write_families(tmp_path / "second.csv")
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


def test_the_inbox_keeps_a_second_mail_to_one_address_apart(tmp_path: Path) -> None:
    with inboxes.listening(tmp_path, ()) as transport, _client(transport) as client:
        for _ in range(3):
            client.sendmail("a@school.example", ["b@home.example"], _a_mail())
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "b@home.example-2.eml",
        "b@home.example-3.eml",
        "b@home.example.eml",
    ]


def test_a_client_that_stays_does_not_keep_the_inbox_open(tmp_path: Path) -> None:
    with inboxes.listening(tmp_path, ()) as transport:
        client = _client(transport)
    with client, pytest.raises(SMTPServerDisconnected):
        client.noop()


def test_a_mail_without_a_page_has_nothing_to_open(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(_a_mail())
    mail = readers.read(tmp_path / "a.eml")
    assert (mail.pixel, mail.links, mail.leave) == ("", (), "https://school.example/u")


def test_a_page_that_refuses_is_told() -> None:
    with serving.served(FastAPI()) as port, pytest.raises(readers.PageRefused, match="answered 404"):
        readers.Visitor("http://here", port).ask("GET", "http://here/c/forged")


def test_pages_that_do_not_start_are_told() -> None:
    class Broken(FastAPI):
        async def __call__(self, scope: Any, receive: Any, send: Callable[[dict[str, str]], Awaitable[None]]) -> None:
            del scope, receive
            await send({"type": "lifespan.startup.failed", "message": "no"})

    with pytest.raises(serving.PagesSilent), serving.served(Broken()):
        pass


def _client(transport: str) -> SMTP:
    return SMTP("127.0.0.1", int(transport.rpartition(":")[2]))


def _a_mail() -> bytes:
    mail = EmailMessage()
    mail["To"], mail["Subject"] = "b@home.example", "Hello"
    mail["List-Unsubscribe"] = "<https://school.example/u>"
    mail.set_content("Hello")
    return mail.as_bytes()
