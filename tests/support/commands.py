"""The command line inside the test's process: the same entry as the program's, its output caught."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from newsletter.commands.root import run
from newsletter.settings import Settings


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """`newsletter ...`, in a folder and with settings of the test's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys
        monkeypatch.chdir(folder)
        for name in Settings.model_fields:
            monkeypatch.delenv(f"NEWSLETTER_{name.rstrip('_').upper()}", raising=False)

    def set(self, name: str, value: str) -> None:
        self._monkeypatch.setenv(f"NEWSLETTER_{name.upper()}", value)

    def __call__(self, *arguments: str) -> Said:
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ending:
            run([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        return Said(int(ending.value.code or 0), printed.out, printed.err)

    def do(self, *arguments: str) -> Said:
        """A command that must succeed."""
        said = self(*arguments)
        assert said.code == 0, said
        return said

    def of_school(self, database_url: str, transport: str) -> "CommandLine":
        """With the settings of `school.a_school` in this folder."""
        given = {
            "database_url": database_url,
            "secret_key": "k" * 40,
            "transport": transport,
            "from": "Maple Families <news@maple.example>",
            "postal_address": "Maple School, 1 Main Street",
            "state_folder": str(self.folder),
            "timezone": "America/Chicago",
        }
        for name, value in given.items():
            self.set(name, value)
        return self
