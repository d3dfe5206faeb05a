"""Two sending processes beside one, on PostgreSQL, with the mail server a round trip of 50 ms away."""

import signal
import smtplib
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.fault_proxy import FaultProxy
from tests.support.installation import Installation
from tests.support.smtp_server import SmtpServerProcess

from .bench import Bench
from .installations import due_campaign, fill, opened
from .pairs import Bar, Row, alternate, spread

CONNECTIONS = 8
ROUND_TRIP_SECONDS = 0.05
_FAMILIES = 40_000
"""More than are sent in a round, and in enough chunks that every connection has one."""
_WARM = 5
"""Mails a connection, before the clock starts."""


def rows(bench: Bench) -> Iterator[Row]:
    """How two stand to one, and how one stands to what its connections can carry."""
    bench.say(f"workers: setting up {_FAMILIES:,} families on PostgreSQL")
    with (
        bench.database("postgresql") as (folder, url),
        SmtpServerProcess(folder / "received.jsonl") as server,
        FaultProxy(urlsplit(server.url).port or 0, latency_seconds=ROUND_TRIP_SECONDS / 2) as far,
    ):
        runs = _Runs(bench, folder, url, server, far.port)
        runs.set_up()
        pairs = alternate(lambda: runs.speed_of(2), lambda: runs.speed_of(1), bench.sizes.rounds)
        trip = runs.round_trip()
    one = tuple((single, CONNECTIONS / trip) for _, single in pairs)
    settings = f"{CONNECTIONS} connections each, a round trip of {1000 * trip:.1f} ms as measured"
    notes = (settings, f"rounds {spread([two for two, _ in pairs])} and {spread([single for single, _ in pairs])}")
    wrong = tuple(runs.wrong)
    yield Row("two workers, mail server far away", "mails/s", "one worker", Bar(1.9), tuple(pairs), notes, wrong)
    beside = "connections / round trip: one mail a round trip and connection"
    yield Row("one worker, mail server far away", "mails/s", beside, Bar(0.8), one, (settings,), wrong)


@dataclass
class _Runs:
    """Each round sends a new campaign for a while, and cancels what is left of it."""

    bench: Bench
    folder: Path
    url: str
    server: SmtpServerProcess
    port: int
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        transport = f"smtp://127.0.0.1:{self.port}"
        self._installation = Installation(self.folder, self.url, transport, connections=str(CONNECTIONS))

    def set_up(self) -> None:
        fill(self._installation, self.url, _FAMILIES, shortened=True)

    def round_trip(self) -> float:
        """Seconds from a NOOP to its reply: the median of a few."""
        with smtplib.SMTP("127.0.0.1", self.port) as client:
            client.ehlo()
            return statistics.median(_seconds_of_noop(client) for _ in range(9))

    def speed_of(self, workers: int) -> float:
        """Mails a second that reach the server, once every connection is at work."""
        with opened(self.url, self.folder) as app:
            campaign_id = due_campaign(app)
            app.scheduler().prepare()
        before = self.server.received()
        processes = [self._installation.start("send", str(campaign_id)) for _ in range(workers)]
        try:
            self._await(processes, before + workers * CONNECTIONS * _WARM)
            speed = self._count()
        finally:
            _end(processes)
        self._account(campaign_id, self.server.received() - before)
        self.bench.say(f"  {workers} at work: {speed:,.1f} mails/s")
        return speed

    def _await(self, processes: list[subprocess.Popen[str]], received: int) -> None:
        while self.server.received() < received:
            for process in processes:
                if process.poll() is not None:
                    raise AssertionError(f"A worker ended: {process.communicate()}")
            time.sleep(0.05)

    def _count(self) -> float:
        begin, first = time.perf_counter(), self.server.received()
        time.sleep(self.bench.sizes.window_seconds)
        last, end = self.server.received(), time.perf_counter()
        return (last - first) / (end - begin)

    def _account(self, campaign_id: int, received: int) -> None:
        self._installation.do("campaigns", "cancel", str(campaign_id))
        status = self._installation.ask("campaigns", "status", str(campaign_id))
        known = status["accepted"] + status["cancelled"]
        if not (status["accepted"] == received and known == status["audience"] == _FAMILIES):
            self.wrong.append(f"campaign {campaign_id}: {received:,} received, {status}")


def _seconds_of_noop(client: smtplib.SMTP) -> float:
    begin = time.perf_counter()
    client.noop()
    return time.perf_counter() - begin


def _end(processes: list[subprocess.Popen[str]]) -> None:
    """Ask each to stop; it finishes and settles the group in flight."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        process.communicate(timeout=120)
