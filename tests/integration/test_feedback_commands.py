"""`newsletter feedback parse`: with no database and no settings, whatever holds the mail."""

import io
import sys
from pathlib import Path

import pytest

from tests.support.commands import CommandLine

SAMPLES = Path(__file__).parents[1] / "support" / "returned_mails"
UNKNOWN = SAMPLES / "postfix-unknown.eml"
VACATION = SAMPLES / "vacation.eml"


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def test_each_recipient_is_one_object(newsletter: CommandLine) -> None:
    rows = newsletter.do("feedback", "parse", "--json", str(UNKNOWN), str(SAMPLES / "two-recipients.eml")).json()
    assert [row["recipient"] for row in rows] == ["ana@birch.example", "ana@birch.example", "ben@birch.example"]
    text = rows[0].pop("text")
    assert rows[0] == {
        "file": str(UNKNOWN),
        "kind": "bounce",
        "recipient": "ana@birch.example",
        "permanent": True,
        "status": "5.1.1",
        "reason": "no-such-user",
    }
    assert text.startswith("550 5.1.1 <ana@birch.example>: Recipient address rejected")


def test_a_person_reads_what_came_first_and_then_a_table(newsletter: CommandLine) -> None:
    lines = newsletter.do("feedback", "parse", str(UNKNOWN), str(VACATION)).out.splitlines()
    assert lines[0] == "Read 2 messages: 1 bounce, 1 automatic reply."
    assert lines[1] == "1 of the addresses will never take mail."
    assert lines[2].split()[:3] == ["file", "kind", "recipient"]
    assert lines[3].split()[:6] == [
        "postfix-unknown.eml",
        "bounce",
        "ana@birch.example",
        "yes",
        "5.1.1",
        "no-such-user",
    ]


def test_nothing_needs_a_database_or_settings(newsletter: CommandLine) -> None:
    newsletter.do("feedback", "parse", str(UNKNOWN))
    assert list(newsletter.folder.iterdir()) == []


def test_a_folder_of_messages_is_read(newsletter: CommandLine) -> None:
    rows = newsletter.do("feedback", "parse", "--json", str(SAMPLES)).json()
    assert len({row["file"] for row in rows}) == len(list(SAMPLES.glob("*.eml")))


def test_a_maildir_is_read(newsletter: CommandLine) -> None:
    for part in ("cur", "new", "tmp"):
        (newsletter.folder / "box" / part).mkdir(parents=True)
    (newsletter.folder / "box" / "new" / "1.host").write_bytes(UNKNOWN.read_bytes())
    (newsletter.folder / "box" / "cur" / "2.host:2,S").write_bytes(VACATION.read_bytes())
    (newsletter.folder / "box" / "tmp" / "3.host").write_bytes(b"half of a mess")
    assert [row["kind"] for row in newsletter.do("feedback", "parse", "--json", "box").json()] == [
        "auto-reply",
        "bounce",
    ]


def test_an_mbox_is_several_messages(newsletter: CommandLine) -> None:
    mark = b"From MAILER-DAEMON Wed Dec  2 12:00:05 2026\n"
    quoted = VACATION.read_bytes() + b"\n>From here on I am away.\n\nFrom here I write.\n\n"
    (newsletter.folder / "inbox").write_bytes(
        mark + UNKNOWN.read_bytes() + b"\n" + mark + quoted + mark + UNKNOWN.read_bytes()
    )
    rows = newsletter.do("feedback", "parse", "--json", "inbox").json()
    assert [(row["file"], row["kind"]) for row in rows] == [
        ("inbox", "bounce"),
        ("inbox#2", "auto-reply"),
        ("inbox#3", "bounce"),
    ]


def test_standard_input_is_read(newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(UNKNOWN.read_bytes())))
    assert [row["file"] for row in newsletter.do("feedback", "parse", "--json", "-").json()] == ["-"]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(newsletter: CommandLine) -> None:
    (newsletter.folder / "empty").mkdir()
    said = newsletter("feedback", "parse", "--json", "missing.eml", str(UNKNOWN), "empty")
    assert said.code == 1
    assert [row["kind"] for row in said.json()] == ["bounce"]
    assert said.err.splitlines() == [
        "Error: missing.eml cannot be read: No such file or directory.",
        "Error: empty holds no mail: it is no Maildir, and no file in it ends in .eml.",
    ]


def test_an_empty_file_holds_no_message(newsletter: CommandLine) -> None:
    (newsletter.folder / "empty.eml").touch()
    said = newsletter.do("feedback", "parse", "empty.eml")
    assert said.out == "Read 0 messages: nothing.\n"
    assert said.err == "empty.eml is empty: there is no message in it.\n"


def test_an_address_that_came_back_twice_is_counted_once(newsletter: CommandLine) -> None:
    (newsletter.folder / "again.eml").write_bytes(UNKNOWN.read_bytes())
    lines = newsletter.do("feedback", "parse", str(UNKNOWN), "again.eml").out.splitlines()
    assert lines[:2] == ["Read 2 messages: 2 bounces.", "1 of the addresses will never take mail."]


def test_a_huge_file_is_read_at_its_beginning(newsletter: CommandLine) -> None:
    (newsletter.folder / "huge.eml").write_bytes(UNKNOWN.read_bytes() + b"x" * 5_000_000)
    assert newsletter.do("feedback", "parse", "--json", "huge.eml").json()[0]["permanent"] is True
