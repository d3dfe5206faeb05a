from pathlib import Path

import pytest

from tests.support.commands import CommandLine


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    command = CommandLine(tmp_path, monkeypatch, capsys)
    command.set("school_year_start", "07-01")
    command.do("init")
    command.do("lists", "create", "families", "--name", "Family newsletter", "--single-opt-in")
    command.do("subscribers", "add", "ana@x.example", "--list", "families", "--grade", "3 @ Maple", "--grade", "9")
    command.do("subscribers", "add", "ben@x.example", "--list", "families", "--grade", "3", "--language", "es")
    return command


def test_guardians_are_shown_joined_and_parted(newsletter: CommandLine) -> None:
    said = newsletter.do("households", "link", "ana@x.example", "ben@x.example").out
    assert said.startswith("ana@x.example and ben@x.example share a household now.\nHousehold\n")
    assert "  ben@x.example, reads es\n" in said
    assert "  child: grade 3, Maple\n  child: grade 9\n" in said
    assert "nothing changed" in newsletter.do("households", "link", "ben@x.example", "ana@x.example").out
    facts = newsletter.do("households", "show", "ben@x.example", "--json").json()
    assert [guardian["address"] for guardian in facts["guardians"]] == ["ana@x.example", "ben@x.example"]
    assert [child["grade"] for child in facts["children"]] == ["3", "9"]
    parted = newsletter.do("households", "unlink", "ben@x.example", "--json").json()
    assert [child["grade"] for child in parted["children"]] == ["3"]
    assert "nothing to take apart" in newsletter("households", "unlink", "ben@x.example").err


def test_a_household_without_children_says_so(newsletter: CommandLine) -> None:
    newsletter.do("subscribers", "add", "cy@x.example", "--list", "families")
    assert "  no child is known\n" in newsletter.do("households", "show", "cy@x.example").out


def test_each_correction_of_a_child_says_what_holds_now(newsletter: CommandLine) -> None:
    def child(*arguments: str) -> str:
        return newsletter.do("subscribers", "child", "ana@x.example", *arguments).out

    assert "child: grade 2, Maple, repeats a grade (told as grade 3)" in child("--grade", "3", "--repeats")
    assert "child: moved away, told as grade 9" in child("--grade", "9", "--moved-away")
    assert "child: grade 2, Lincoln High, repeats" in child("--grade", "2", "--school", "Lincoln High")
    assert "child: grade 11, Maple" in child("--grade", "11", "--add", "--school", "maple")
    assert "child: grade 11" not in child("--grade", "11", "--remove")
    assert "repeats a grade (told as grade 3); moved away" in newsletter.do("subscribers", "show", "ana@x.example").out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--grade", "3"), "Say one of --repeats"),
        (("--grade", "3", "--repeats", "--school", "Maple"), "Say one of --repeats"),
        (("--grade", "3;9", "--repeats"), "one child at a time"),
        (("--grade", "13", "--repeats"), "is not a grade"),
        (("--grade", "7", "--remove"), "no such child"),
        (("--grade", "3", "--school", "a@b"), "is not a school's name"),
    ],
)
def test_a_correction_that_cannot_be_made_is_one_sentence(
    newsletter: CommandLine, arguments: tuple[str, ...], sentence: str
) -> None:
    said = newsletter("subscribers", "child", "ana@x.example", *arguments)
    assert said.code
    assert sentence in said.err
