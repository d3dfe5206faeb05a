from pathlib import Path

import pytest

from tests.support.commands import CommandLine


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
    assert ["board", "Board", "double", "hidden", "0", "0", "0"] in [
        line.split() for line in newsletter.do("lists", "list").out.splitlines()
    ]
    newsletter.do("lists", "edit", "board", "--name", "The board")
    assert not newsletter.do("lists", "show", "board", "--json").json()["public"]
    assert newsletter.do("lists", "edit", "board", "--public", "--json").json()["public"]
