from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from subscribers.grades import RollOver
from tests.support.commands import CommandLine

YEAR = RollOver.parse("07-01").end_year(date.today()) + 1  # noqa: DTZ011 - a command reads the real clock
ON = f"{YEAR - 1}-07-01"


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    command = CommandLine(tmp_path, monkeypatch, capsys)
    command.do("init")
    command.do("lists", "create", "families", "--name", "Family newsletter", "--single-opt-in")
    for name, grades in (("ana", ("5", "12")), ("ben", ("12",)), ("cy", ("3", "high")), ("dee", ("K",))):
        options = [word for grade in grades for word in ("--grade", grade)]
        command.do("subscribers", "add", f"{name}@x.example", "--list", "families", *options)
    return command


def test_a_dry_run_shows_who_moves_and_names_nobody_unless_asked_to(newsletter: CommandLine) -> None:
    arguments = ("subscribers", "rollover", "--on", ON, "--dry-run")
    lines = newsletter.do(*arguments).out.splitlines()
    assert lines[0].startswith(f"School year {YEAR - 1}-{YEAR % 100:02}, from {ON}")
    assert lines[0].endswith(": 6 children of 4 families.")
    assert [line.split() for line in lines[2:6]] == [
        ["K", "->", "1", "1"],
        ["3", "->", "4", "1"],
        ["5", "->", "6", "1"],
        ["12", "->", "finished", "2"],
    ]
    assert lines[6:] == [
        "From elementary to middle: 1 child.",
        "Finished school: 2 children; 1 family without another in school.",
        "Known by an old level only: 1 child.",
        (
            "3 readers would be asked by mail whether this is right: families of whom more than the grade changes. "
            "This was a dry run: nothing is written."
        ),
        f"Next: newsletter subscribers rollover --on {ON} --ask changed",
    ]
    named = newsletter.do(*arguments, "--names").out
    assert "  no child is left in school, such as: ben@x.example\n" in named
    assert newsletter.do(*arguments, "--names", "--json").json()["names"] == {
        "changing": ["ana@x.example"],
        "leaving": ["ben@x.example"],
        "stale": ["cy@x.example"],
    }


def test_a_roll_over_says_what_it_did_and_the_second_time_when_that_was(newsletter: CommandLine) -> None:
    said = newsletter.do("subscribers", "rollover", "--on", ON, "--ask", "all", "--yes").out
    assert "4 readers are asked by mail whether this is right: all families.\n" in said
    assert said.endswith("Next: newsletter run, which sends the mails\n")
    again = newsletter.do("subscribers", "rollover", "--on", ON).out
    assert again.startswith(f"The roll-over to {YEAR - 1}-{YEAR % 100:02} was run on ")
    assert "and asked 4 readers. Nothing is changed." in again
    facts = newsletter.do("subscribers", "rollover", "--on", ON, "--json").json()
    assert (facts["end_year"], facts["asked"], facts["ask"]) == (YEAR, 4, "all")
    assert facts["ran_at"]


def test_a_roll_over_can_ask_nobody(newsletter: CommandLine) -> None:
    assert "Nobody is asked.\n" in newsletter.do("subscribers", "rollover", "--on", ON, "--ask", "none", "--yes").out
    facts = newsletter.do("subscribers", "rollover", "--dry-run", "--json").json()
    assert facts["children"] == 6
    assert facts["dry_run"] is True
    assert "names" not in facts


def test_a_roll_over_half_a_year_ahead_is_asked_for_first(newsletter: CommandLine) -> None:
    for days, is_asked_for in ((100, True), (30, False)):
        begins = (datetime.now(UTC) + timedelta(days=days)).date().replace(day=1)
        newsletter.set("school_year_start", f"{begins:%m-%d}")
        said = newsletter("subscribers", "rollover", "--on", f"{begins}")
        assert ("and families are asked only once. Run it nearer to" in said.err) is is_asked_for
        assert said.code == int(is_asked_for)


def test_a_roll_over_long_past_can_only_be_looked_at(newsletter: CommandLine) -> None:
    assert newsletter("subscribers", "rollover", "--on", "2020-08-01").err.startswith(
        "Error: Only the roll-over to this school year or the next"
    )
    said = newsletter.do("subscribers", "rollover", "--on", "2020-08-01", "--dry-run").out
    assert said.startswith("School year 2020-21, from 2020-07-01: ")
    assert said.endswith("It is long past and cannot be run.\n")


def test_a_roll_over_far_ahead_says_from_when_it_can_be_run(newsletter: CommandLine) -> None:
    said = newsletter.do("subscribers", "rollover", "--on", f"{YEAR + 1}-07-01", "--dry-run").out
    assert said.endswith(f"It can be run from {YEAR}-07-01 on.\n")


def test_a_roll_over_that_was_run_is_looked_at_and_not_offered_again(newsletter: CommandLine) -> None:
    newsletter.do("subscribers", "rollover", "--on", ON, "--yes")
    last = newsletter.do("subscribers", "rollover", "--on", ON, "--dry-run").out.splitlines()[-1]
    assert last.startswith("It was run on ")
    assert last.endswith(", and is run once.")


def test_bands_that_do_not_touch_are_said(newsletter: CommandLine) -> None:
    newsletter.set("bands", "young=PK-4 old=6-11")
    facts = newsletter.do("subscribers", "rollover", "--on", ON, "--dry-run", "--json").json()
    assert facts["bands"] == [{"from": None, "to": "old", "children": 1}]
    said = newsletter.do("subscribers", "rollover", "--on", ON, "--dry-run").out
    assert "From no band to old: 1 child.\n" in said
