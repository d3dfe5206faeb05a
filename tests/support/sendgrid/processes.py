"""The contract server as a process of its own, which a killed sender cannot hurt and a busy one does not slow."""

import json
import subprocess
import sys
import urllib.request
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from . import records
from .faults import Fault
from .records import Taken
from .server import FAULTS_PATH

_ROOT = Path(__file__).parents[3]


class SendGridServerProcess:
    """Checks every call before it answers, or only keeps the bodies (`is_checking=False`) to be checked later."""

    def __init__(self, record: Path, *faults: Fault, is_checking: bool = True) -> None:
        self._record = record
        options = [] if is_checking else ["--unchecked"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.sendgrid", str(record), *options],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        if faults:
            self.plan(*faults)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()

    def plan(self, *faults: Fault) -> None:
        """From now on these faults, and no other."""
        told = json.dumps([asdict(fault) for fault in faults]).encode()
        with urllib.request.urlopen(self.url + FAULTS_PATH, told, timeout=10):  # noqa: S310 - its own URL
            pass

    def taken(self) -> list[Taken]:
        """Every personalization it took so far."""
        return records.read(self._record) if self._record.exists() else []

    def violations(self) -> list[str]:
        """Every rule that a kept body breaks; for a server that did not check."""
        return records.violations(self._record)
