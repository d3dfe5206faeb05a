"""`newsletter subscribers export`, `data` and `erase`, and `newsletter db purge`, as people type them."""

import io
import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.app import App
from tests.support.commands import CommandLine
from tests.support.disks import no_file_longer_than
from tests.support.persons import ADDRESS, a_known_person
from tests.support.school import FAMILIES, a_school

WHO = ADDRESS.mailed
ERASED = f"{WHO} is erased for good, with 1 subscription, 2 children and all else about them."


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Iterator[App]:
    with a_school(sqlite_url, f"file:{tmp_path}/outbox", tmp_path) as app:
        a_known_person(app)
        yield app


@pytest.fixture
def newsletter(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    command = CommandLine(tmp_path, monkeypatch, capsys)
    return command.of_school(app.settings.database_url, f"file:{tmp_path}/outbox")


class _Person(io.StringIO):
    """Somebody at the keyboard."""

    def isatty(self) -> bool:
        return True


def test_data_is_json_with_or_without_being_asked_for(newsletter: CommandLine) -> None:
    plain = newsletter.do("subscribers", "data", WHO).json()
    assert plain == newsletter.do("subscribers", "data", WHO, "--json").json()
    assert (plain["address"], plain["place"]) == (WHO, "Zebraville")


def test_nothing_is_held_of_who_was_never_here_or_is_gone(newsletter: CommandLine) -> None:
    said = newsletter("subscribers", "data", "nobody@families.example")
    assert (said.code, said.err) == (1, "Error: We hold nothing about nobody@families.example.\n")
    newsletter.do("subscribers", "erase", WHO, "--never-again", "--yes")
    said = newsletter("subscribers", "erase", WHO, "--yes")
    assert said.err == f"Error: Of {WHO} we hold only a keyed hash, which keeps it from being mailed.\n"
    kept = newsletter.do("subscribers", "data", WHO).json()["suppressions"]
    assert {"list": None, "reason": "request"}.items() <= kept[-1].items()


def test_mails_to_who_never_was_a_reader_are_held_and_erased(newsletter: CommandLine) -> None:
    outsider = "Outsider@elsewhere.example"
    newsletter.do("issues", "test", "1", "--to", outsider)
    held = newsletter.do("subscribers", "data", outsider).json()
    assert [mail["to"] for mail in held["mails"]] == [outsider]
    erased = newsletter.do("subscribers", "erase", outsider, "--yes", "--json").json()
    assert erased["kept_without_them"] == {"consents": 0, "mails": 1}
    assert newsletter("subscribers", "data", outsider).code == 1


def test_who_is_erased_is_asked_for_first(newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    said = newsletter("subscribers", "erase", WHO)
    assert (said.code, said.err) == (1, f"Error: Nobody is here to be asked: add --yes to erase {WHO} for good.\n")
    for answer, code in (("n\n", 1), ("y\n", 0)):
        monkeypatch.setattr(sys, "stdin", _Person(answer))
        said = newsletter("subscribers", "erase", WHO)
        assert said.code == code
    assert said.out.splitlines() == [
        f"Erase {WHO} for good? This cannot be undone. [y/N]: {ERASED}",
        "2 mails not sent yet will not be.",
        "Kept without their name, for figures and as evidence: 2 mails, 3 consent records.",
        "Whoever signs up with this address, or is imported with it, begins anew.",
    ]


def test_an_erasure_says_as_json_what_it_did(newsletter: CommandLine) -> None:
    assert newsletter.do("subscribers", "erase", WHO, "--never-again", "--yes", "--json").json() == {
        "address": WHO,
        "subscriptions": 1,
        "children": 2,
        "stopped": 2,
        "kept_without_them": {"consents": 3, "mails": 2},
        "kept_off_lists": 0,
        "never_mailed_again": True,
    }


def test_show_says_since_when_and_how_consent_was_given(newsletter: CommandLine) -> None:
    shown = newsletter.do("subscribers", "show", WHO)
    assert "consent to families  given on " in shown.out
    assert ", by a form: “I agree.”" in shown.out
    consents = newsletter.do("subscribers", "show", WHO, "--json").json()["consents"]
    assert [(row["purpose"], row["list"], row["given"], row["by"]) for row in consents] == [
        ("list", "families", True, "form"),
        ("tracking", None, True, "form"),
    ]


def test_an_export_goes_to_standard_output_and_its_words_to_the_other(newsletter: CommandLine) -> None:
    said = newsletter.do("subscribers", "export", "--list", "families")
    assert said.out.startswith("email,name,language,")
    assert len(said.out.splitlines()) == 1 + len(FAMILIES) + 1
    assert said.err == "4 people are written.\n"


def test_an_export_to_a_file_is_for_its_owner_alone_and_overwrites_nothing(newsletter: CommandLine) -> None:
    said = newsletter.do("subscribers", "export", "people.csv", "--rule", "language = en")
    assert (said.out, said.err) == ("3 people are in people.csv.\n", "")
    file = newsletter.folder / "people.csv"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = newsletter("subscribers", "export", "people.csv")
    assert (said.code, said.err.partition(" already.")[0]) == (1, "Error: people.csv exists")
    assert len(file.read_bytes().splitlines()) == 4
    newsletter.do("subscribers", "export", "people.csv", "--force")
    assert len(file.read_bytes().splitlines()) == 5


def test_the_form_of_a_file_follows_its_name(newsletter: CommandLine) -> None:
    newsletter.do("subscribers", "export", "people.jsonl")
    rows = [json.loads(line) for line in (newsletter.folder / "people.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["email"] for row in rows} == {*FAMILIES, WHO}
    newsletter.do("subscribers", "export", "people.txt", "--format", "jsonl")
    assert (newsletter.folder / "people.txt").read_bytes() == (newsletter.folder / "people.jsonl").read_bytes()
    said = newsletter("subscribers", "export", "people.xlsx")
    assert said.code == 2
    assert "people.xlsx would be no .xlsx file. Name it .csv or .jsonl, or say which with --format." in said.err
    assert not (newsletter.folder / "people.xlsx").exists()


def test_who_is_never_to_be_mailed_is_said_to_be_left_out(newsletter: CommandLine) -> None:
    newsletter.do("subscribers", "suppress", WHO, "--reason", "bounce")
    said = newsletter.do("subscribers", "export", "people.csv")
    left_out = "1 more is never to be mailed and left out; --suppressed writes them too."
    assert said.out == f"3 people are in people.csv. {left_out}\n"
    assert newsletter.do("subscribers", "export", "all.csv", "--suppressed").out == "4 people are in all.csv.\n"
    newsletter.do("subscribers", "suppress", "both@families.example", "--reason", "bounce")
    assert "2 more are never" in newsletter.do("subscribers", "export", "two.csv").out


def test_a_broken_export_leaves_no_half_of_a_file(newsletter: CommandLine) -> None:
    before = sorted(newsletter.folder.iterdir())
    assert newsletter("subscribers", "export", "people.csv", "--rule", "band = nursery").code == 1
    assert sorted(newsletter.folder.iterdir()) == before
    with no_file_longer_than(400):
        said = newsletter("subscribers", "export", "people.csv")
    assert (said.code, said.err) == (1, "Error: people.csv cannot be written: File too large.\n")
    assert sorted(newsletter.folder.iterdir()) == before
    said = newsletter("subscribers", "export", "nowhere/people.csv")
    assert said.err == "Error: nowhere/people.csv cannot be written: No such file or directory.\n"


def test_an_export_takes_a_segment_or_a_rule_and_says_when_it_is_unknown(newsletter: CommandLine) -> None:
    newsletter.do("segments", "create", "Spanish", "language = es")
    assert newsletter.do("subscribers", "export", "es.csv", "--segment", "Spanish").out == "1 person is in es.csv.\n"
    assert newsletter("subscribers", "export", "--segment", "Spanish", "--rule", "language = es").code == 2
    assert "There is no list 'nix'" in newsletter("subscribers", "export", "--list", "nix").err


def test_a_purge_shows_first_what_would_go(newsletter: CommandLine, app: App) -> None:
    newsletter.set("keep_evidence_days", "0")
    dry = newsletter.do("db", "purge", "--dry-run", "--json").json()
    [origins] = [clock for clock in dry["clocks"] if clock["of"] == "origins of consents"]
    assert (dry["dry_run"], origins["days"], origins["rows"]) == (True, 0, 3)
    assert origins["oldest"].startswith(f"{app.clock.now():%Y-%m-%d}")
    shown = newsletter.do("db", "purge", "--dry-run").out.splitlines()
    assert shown[0].split() == ["what", "kept", "would", "go", "oldest"]
    assert shown[-1] == "This was a dry run: nothing is gone. Next: newsletter db purge"
    newsletter.set("keep_events_days", "0")
    gone = newsletter.do("db", "purge").out.splitlines()
    assert gone[0].split() == ["what", "kept", "went", "oldest"]
    assert [line.split()[3:5] for line in gone if line.startswith("origins of consents")] == [["never", "3"]]
    assert sum("for ever" in line for line in gone) == 3
    again = newsletter.do("db", "purge", "--json").json()
    assert {clock["rows"] for clock in again["clocks"]} == {0}
