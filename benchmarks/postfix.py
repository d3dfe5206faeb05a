"""Debian's `smtp-sink` and `smtp-source`: from the PATH, or unpacked from the postfix package (no daemon runs)."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .debian import unpacked
from .processes import await_port

_LOOKS, _LOOK_SECONDS = 100, 0.02
_LAST_BYTES = 4_096
_COUNTERS = re.compile(rb"mesg=(\d+)")


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the two programs are."""

    sink: str
    source: str
    environment: dict[str, str]


def find() -> Tools:
    """The programs, fetched where they are not installed. Raises `PackageMissing`."""
    sink, source = shutil.which("smtp-sink"), shutil.which("smtp-source")
    if sink and source:
        return Tools(sink, source, dict(os.environ))
    folder = unpacked("postfix", holding="usr/sbin/smtp-sink")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder / "usr/lib/postfix")}
    return Tools(str(folder / "usr/sbin/smtp-sink"), str(folder / "usr/sbin/smtp-source"), environment)


class Sink:
    """A running `smtp-sink` and its own count of messages."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self._log = port, log

    @property
    def url(self) -> str:
        """The transport setting that reaches it."""
        return f"smtp://127.0.0.1:{self.port}"

    def messages(self, expected: int = 0) -> int:
        """How many messages it says it took; waits a moment for those expected, as it counts when a client leaves."""
        for _ in range(_LOOKS):
            counts = _COUNTERS.findall(self._last_words())
            count = int(counts[-1]) if counts else 0
            if count >= expected:
                break
            time.sleep(_LOOK_SECONDS)
        return count

    def _last_words(self) -> bytes:
        """It writes its counters again and again: a hundred megabytes for a million messages."""
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - _LAST_BYTES))
            return log.read()


@contextmanager
def running_sink(tools: Tools, folder: Path) -> Iterator[Sink]:
    """Run `smtp-sink` on a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = folder / f"sink-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [tools.sink, "-c", "-u", "root", f"127.0.0.1:{port}", "1000"],
            env=tools.environment,
            stdout=output,
            stderr=output,
        )
    try:
        await_port(port)
        yield Sink(port, log)
    finally:
        process.terminate()
        process.wait()
