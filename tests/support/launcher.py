"""Starts commands of the product at once: each is forked from a process that has imported the program already.

Two hundred senders that are killed one after another would else spend most of a run on loading Python. What runs is
the whole command, with its own database connections, journals and threads, and a SIGKILL is one.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from .installation import Installation

_MODULES = ("newsletter.sending.smtp", "newsletter.migrations", "newsletter.engine.embedded", "psycopg", "mjml")


@dataclass(frozen=True, slots=True)
class Launched:
    """A running command. It is named by a descriptor, which no other process can get, beside its number."""

    pid: int
    descriptor: int = field(repr=False)

    def kill(self, number: int) -> None:
        """Send a signal; one that has ended is past feeling it."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.descriptor, number)

    def has_ended(self, within_seconds: float = 0) -> bool:
        """Whether it has ended, by itself or not, or ends within that time."""
        return bool(select.select([self.descriptor], [], [], within_seconds)[0])


class Launcher:
    """Forks commands of one installation; ends whatever still runs when it is left."""

    def __init__(self, installation: Installation, *commands: str) -> None:
        self.log = installation.folder / "launched.log"
        environment = {name: value for name, value in installation.environment.items() if not name.startswith("COV")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.launcher", str(self.log), *commands],
            cwd=installation.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._launched: list[Launched] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for launched in self._launched:
            launched.kill(signal.SIGKILL)
            os.close(launched.descriptor)
        self._process.communicate()

    def start(self, *arguments: str) -> Launched:
        """Fork once more and run `newsletter` with these arguments."""
        pid = self._ask(arguments)
        launched = Launched(pid, os.pidfd_open(pid))
        self._launched.append(launched)
        return launched

    def exit_code(self, launched: Launched) -> int:
        """Wait for its end: its exit code, or the signal that ended it, below zero. To be asked once."""
        return self._ask(launched.pid)

    def _ask(self, what: int | tuple[str, ...]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def main() -> None:
    """Fork for each list in stdin, wait for each number: until asked for, a dead child keeps its number."""
    log, *commands = sys.argv[1:]
    root = importlib.import_module("newsletter.commands.root")
    for command in commands:
        root.root.get_command(None, command)
    for module in _MODULES:
        importlib.import_module(module)
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            _say(os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1]))
        elif pid := os.fork():
            _say(pid)
        else:
            _run(root.run, asked, Path(log))


def _say(number: int) -> None:
    print(number, flush=True)  # noqa: T201 - the parent reads it


def _run(run: Callable[[list[str]], object], arguments: list[str], log: Path) -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    code = 1
    try:
        run(arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - it is printed as Python itself would
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
