"""The README's commands for doing it for real, run one after the other as they stand there."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from newsletter.commands.root import root

ROOT = Path(__file__).parents[2]
_SERVES_UNTIL_STOPPED = ["run"]


def commands() -> list[list[str]]:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Doing it for real")[2]
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("newsletter ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_the_readme_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "families.csv").write_text("email,name,grades\nana@home.example,Ana Ruiz,2;9\n", encoding="utf-8")
    Image.new("RGB", (1600, 900), "teal").save(tmp_path / "photo.jpg")
    issue = (ROOT / "examples" / "2026-12.md").read_text(encoding="utf-8").replace("month: 2026-12", "month: 2027-01")
    ran = []
    for arguments in commands():
        if arguments == _SERVES_UNTIL_STOPPED:
            continue
        result = CliRunner().invoke(root, arguments)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        ran.append(arguments[0])
        if arguments[0] == "init":  # here a person opens the settings
            settings = tmp_path / "newsletter.toml"
            told = settings.read_text(encoding="utf-8").replace("# postal_address", "postal_address")
            settings.write_text(told, encoding="utf-8")
        if arguments[:2] == ["issues", "export"]:  # here an editor writes
            (tmp_path / arguments[-1]).write_text(issue, encoding="utf-8")
    assert ran == [
        "init",
        "lists",
        *["subscribers"] * 2,
        "segments",
        *["subscribers"] * 2,
        *["issues"] * 3,
        "media",
        *["issues"] * 7,
        *["campaigns"] * 3,
        "reports",
        *["campaigns"] * 3,
        "series",
        "doctor",
    ]
    assert "Cinco puentes pequeños" in (tmp_path / "preview.html").read_text(encoding="utf-8")
    assert len(list((tmp_path / "var" / "outbox").glob("*.eml"))) == 1
