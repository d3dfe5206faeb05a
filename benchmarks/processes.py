"""What a process took: seconds, CPU, memory; and when its campaign's first chunk was claimed."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Self

from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.ledger.tables import Chunk, ChunkState
from subscribers.db import Database

_LOOK_SECONDS = 0.05
_PORT_LOOKS = 200
_PEAK = "VmHWM:"


class ProcessFailed(Exception):
    """A measured program ended with an error or did not start, so its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took from its start to its end."""

    seconds: float
    cpu_seconds: float
    """User and system time, of every thread."""
    peak_bytes: int
    """The most memory that was resident, its own: what `wait4` tells counts the parent's before `exec`."""
    said: str


def watch(process: subprocess.Popen[str], *, tell: Callable[[float], None] = lambda _: None) -> Usage:
    """Wait for a process just started to end well, looking at its memory meanwhile; `tell` hears its seconds.

    Raises `ProcessFailed`.
    """
    begin = time.perf_counter()
    said: list[str] = []
    streams = [stream for stream in (process.stdout, process.stderr) if stream is not None]
    readers = [threading.Thread(target=_read, args=(stream, said)) for stream in streams]
    for reader in readers:
        reader.start()
    peak = 0
    while True:
        peak = max(peak, _peak_of(process.pid))
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        tell(time.perf_counter() - begin)
        time.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    for reader in readers:
        reader.join()
    if process.returncode:
        raise ProcessFailed(f"{process.args!r}: exit {process.returncode}\n{''.join(said)}")
    return Usage(seconds, used.ru_utime + used.ru_stime, peak, "".join(said))


def _read(stream: IO[str], said: list[str]) -> None:
    said.append(stream.read())
    stream.close()


def _peak_of(pid: int) -> int:
    """The peak of a process's resident memory in bytes; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(_PEAK)), 0)


def await_port(port: int) -> None:
    """Wait until a server on this machine takes connections. Raises `ProcessFailed` after ten seconds."""
    for _ in range(_PORT_LOOKS):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_LOOK_SECONDS)
    raise ProcessFailed(f"Nothing listens on port {port}")


class FirstClaim:
    """Looks every few milliseconds, in a thread of its own, whether a chunk of the campaign is claimed yet."""

    def __init__(self, database_url: str, campaign_id: int, every_seconds: float = 0.005) -> None:
        self._url, self._campaign_id, self._every = database_url, campaign_id, every_seconds
        self._thread = threading.Thread(target=self._look)
        self._is_over = threading.Event()
        self.at: datetime | None = None
        """By the database's clock, as the campaign's own times are."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        claimed = select(Clock().sql()).where(
            select(Chunk.no).where(Chunk.campaign_id == self._campaign_id, Chunk.state != ChunkState.READY).exists()
        )
        with closing(Database(self._url)) as database:
            while self.at is None and not self._is_over.wait(self._every):
                with database.reading() as session:
                    self.at = session.scalar(claimed)
