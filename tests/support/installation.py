"""A whole installation in a folder of its own, driven as people drive it: by its command line."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_GRADES = ("2;9", "9", "K", "7", "elementary", "", "11;11", "5;6")


class Installation:
    """Settings in the environment, a database, and the command `newsletter`."""

    def __init__(self, folder: Path, database_url: str, transport: str, **settings: str) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "NEWSLETTER_DATABASE_URL": database_url,
            "NEWSLETTER_TRANSPORT": transport,
            "NEWSLETTER_SECRET_KEY": "k" * 40,
            "NEWSLETTER_FROM": "Maple Families <news@maple.example>",
            "NEWSLETTER_POSTAL_ADDRESS": "Maple School, 1 Main Street, Springfield",
            **{f"NEWSLETTER_{name.upper()}": value for name, value in settings.items()},
            **{name: value for name, value in os.environ.items() if name.startswith("COV")},
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return self.start_under((), *arguments)

    def start_under(self, program: Sequence[str], *arguments: str) -> subprocess.Popen[str]:
        """The same, started by another program that changes what it sees."""
        return subprocess.Popen(
            [*program, sys.executable, str(ROOT / "cli.py"), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def running(self, *commands: Sequence[str]) -> Iterator[list[subprocess.Popen[str]]]:
        """Commands, each a process that has said its first line; stopped at the end where they still run."""
        processes = [self.start(*command) for command in commands]
        try:
            for process in processes:
                assert process.stdout is not None
                process.stdout.readline()
            yield processes
        finally:
            for process in processes:
                if process.poll() is None:
                    process.terminate()
            for process in processes:
                process.communicate(timeout=40)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def ask(self, *arguments: str) -> Any:
        """Run a command that must succeed with `--json`, and read what it says."""
        return json.loads(self.do(*arguments, "--json"))

    def do(self, *arguments: str) -> str:
        """Run a command that must succeed; what it printed."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def set_up(self, families: int) -> None:
        """Make the database, one list with so many families, and the sample issue."""
        self.do("init")
        self.do("lists", "create", "families", "--name", "Family newsletter")
        write_families(self.folder / "families.csv", families)
        imported = self.ask("subscribers", "import", "families.csv", "--list", "families", "--status", "confirmed")
        if imported["created"] != families:
            raise AssertionError(imported)
        self.do("issues", "import", str(ROOT / "examples" / "2026-12.md"))

    def schedule_campaign(self, *options: str) -> int:
        """Make a campaign of the first issue to the list, due now; its id."""
        made = self.ask("campaigns", "create", "--issue", "1", "--list", "families", *options)
        self.do("campaigns", "schedule", str(made["id"]), "--now")
        return int(made["id"])


def write_families(file: Path, families: int) -> None:
    """A CSV of made-up families, always the same: `reader1@families.example` and so on."""
    with file.open("w", newline="", encoding="utf-8") as text:
        rows = csv.writer(text)
        rows.writerow(("email", "name", "language", "timezone", "grades", "roles", "tags", "household", "tracking"))
        for n in range(1, families + 1):
            language = "es" if n % 5 == 0 else "en"
            tracking = "yes" if n % 3 == 0 else "no"
            rows.writerow(
                (f"reader{n}@families.example", f"Reader {n}", language, "", _GRADES[n % 8], "family", "", "", tracking)
            )
