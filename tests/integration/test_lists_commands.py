from pathlib import Path

import pytest

from tests.support.commands import CommandLine
from tests.support.installation import ROOT


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    command = CommandLine(tmp_path, monkeypatch, capsys)
    command.do("init")
    command.do("lists", "create", "families", "--name", "Family newsletter")
    return command


def test_a_list_is_public_until_it_is_hidden(newsletter: CommandLine) -> None:
    made = newsletter.do("lists", "create", "board", "--name", "Board", "--hidden").out
    assert "It is hidden: nobody finds it but its members. Who is added confirms by mail." in made
    assert "It is hidden" in newsletter.do("lists", "show", "board").out
    assert {row["list"]: row["public"] for row in newsletter.do("lists", "list", "--json").json()} == {
        "board": False,
        "families": True,
    }
    assert ["board", "Board", "double", "hidden", "0", "0", "0", "0"] in [
        line.split() for line in newsletter.do("lists", "list").out.splitlines()
    ]
    newsletter.do("lists", "edit", "board", "--name", "The board")
    assert not newsletter.do("lists", "show", "board", "--json").json()["public"]
    assert newsletter.do("lists", "edit", "board", "--public", "--json").json()["public"]


def test_a_list_that_came_to_nothing_is_deleted(newsletter: CommandLine) -> None:
    assert newsletter("lists", "delete", "families").err == (
        "Error: Nobody is here to be asked: add --yes to delete families.\n"
    )
    assert newsletter("lists", "delete", "nix", "--yes").code == 1
    assert newsletter.do("lists", "delete", "families", "--yes", "--json").json() == {"deleted": "families"}
    assert newsletter.do("lists", "list", "--json").json() == []


def test_a_list_that_somebody_was_on_is_not_deleted(newsletter: CommandLine) -> None:
    newsletter.do("subscribers", "add", "maria@school.example", "--list", "families")
    newsletter.do("subscribers", "unsubscribe", "maria@school.example")
    assert newsletter("lists", "delete", "families", "--yes").err == (
        "Error: The list families is not deleted: 1 person is on it, or left it. "
        "Take it off the sign-up form instead: newsletter lists edit families --hidden\n"
    )
    assert newsletter.do("lists", "edit", "families", "--hidden", "--json").json()["public"] is False
    assert newsletter("lists", "delete", "families", "--yes").err.endswith("on it, or left it. It is hidden.\n")


def test_a_list_that_erased_people_said_yes_to_is_not_deleted(newsletter: CommandLine) -> None:
    newsletter.do("subscribers", "add", "maria@school.example", "--list", "families")
    newsletter.do("subscribers", "erase", "maria@school.example", "--yes")
    refused = newsletter("lists", "delete", "families", "--yes").err
    assert "not deleted: people said yes or no to it before they were erased. Take" in refused


def test_a_list_that_mails_are_made_for_is_not_deleted(newsletter: CommandLine) -> None:
    newsletter.do("issues", "import", str(ROOT / "examples" / "2026-12.md"))
    for slug in ("once", "often", "tried"):
        newsletter.do("lists", "create", slug, "--name", slug)
    newsletter.do("campaigns", "create", "--issue", "1", "--list", "once")
    newsletter.do("series", "create", "monthly", "--cron", "1st tue 09:00", "--timezone", "UTC", "--list", "often")
    newsletter.do("issues", "test", "1", "--to", "editor@school.example", "--list", "tried")
    whys = {slug: newsletter("lists", "delete", slug, "--yes").err for slug in ("once", "often", "tried")}
    assert "not deleted: campaign 1 was made for it. Take" in whys["once"]
    assert "not deleted: the series monthly opens drafts for it. Take" in whys["often"]
    assert "not deleted: mails were sent in its name. Take" in whys["tried"]
    newsletter.do("lists", "delete", "families", "--yes")
