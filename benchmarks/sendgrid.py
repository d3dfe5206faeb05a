"""A campaign to a server that holds SendGrid's contract; every body is kept, and checked when the clock has stopped."""

import http.client
import statistics
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.installation import Installation
from tests.support.sendgrid.processes import SendGridServerProcess
from tests.support.sendgrid.server import KEY, SEND_PATH

from .bench import KINDS, NAMES, Bench
from .campaigns import Sent, send
from .installations import fill
from .pairs import Bar, Row, alternate, seconds_of, spread

CONNECTIONS = 8
_BAR = Bar(20_000, of="measured")


def rows(bench: Bench) -> Iterator[Row]:
    """One row a database."""
    for kind in KINDS:
        yield _row(bench, kind)


def _row(bench: Bench, kind: str) -> Row:
    readers = bench.sizes.sendgrid_readers
    with bench.database(kind) as (folder, url):
        bench.say(f"SendGrid, {NAMES[kind]}: setting up {readers:,} families")
        runs = _Runs(bench, folder, url, readers)
        runs.set_up()
        pairs = alternate(runs.ours, runs.replay, bench.sizes.rounds)
    speeds = tuple((readers / ours.seconds, readers / replayed) for ours, replayed in pairs)
    cpu = statistics.median(ours.cpu_seconds for ours, _ in pairs) / readers * 1e6
    notes = (
        f"{readers:,} readers in {runs.calls:,} calls of {runs.body_bytes / 1e6:.2f} MB, each body checked afterwards",
        f"from the first claim to `sent`; rounds {spread([ours for ours, _ in speeds])}; {cpu:,.0f} us of CPU a reader",
    )
    beside = f"the same bodies posted again by {CONNECTIONS} threads of bare http.client"
    return Row(f"SendGrid, {NAMES[kind]}", "readers/s", beside, _BAR, speeds, notes, tuple(runs.wrong))


@dataclass
class _Runs:
    """One installation; every round sends a new campaign to a new server."""

    bench: Bench
    folder: Path
    url: str
    readers: int
    bodies: list[bytes] = field(default_factory=list)
    """Of the last campaign, to be posted again."""
    wrong: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return len(self.bodies)

    @property
    def body_bytes(self) -> float:
        return sum(map(len, self.bodies)) / len(self.bodies)

    def set_up(self) -> None:
        fill(self._installation("http://127.0.0.1:9"), self.url, self.readers, shortened=True)

    def ours(self) -> Sent:
        record = self.folder / "bodies"
        record.unlink(missing_ok=True)
        with SendGridServerProcess(record, is_checking=False) as server:
            sent = send(self._installation(server.url), self.url)
            self._check(sent, server)
        self.bodies = record.read_bytes().splitlines()
        self.bench.say(f"  ours {self.readers / sent.seconds:,.0f} readers/s")
        return sent

    def replay(self) -> float:
        record = self.folder / "replayed"
        record.unlink(missing_ok=True)
        with SendGridServerProcess(record, is_checking=False) as server, ThreadPoolExecutor(CONNECTIONS) as threads:
            address = urlsplit(server.url).netloc
            seconds = seconds_of(lambda: list(threads.map(lambda body: _post(address, body), self.bodies)))
        self.bench.say(f"  bare calls {self.readers / seconds:,.0f} readers/s")
        return seconds

    def _installation(self, server_url: str) -> Installation:
        return Installation(
            self.folder,
            self.url,
            "sendgrid://",
            connections=str(CONNECTIONS),
            sendgrid_api_key=KEY,
            sendgrid_url=server_url,
        )

    def _check(self, sent: Sent, server: SendGridServerProcess) -> None:
        taken = server.taken()
        self.wrong += sent.fault(len(taken), self.readers)
        twice = len(taken) - len({one.address for one in taken})
        if twice:
            self.wrong.append(f"{twice:,} readers were sent it twice")
        self.wrong += [f"{count:,} bodies break: {rule}" for rule, count in Counter(server.violations()).items()]


def _post(address: str, body: bytes) -> None:
    """One call on a connection of its own, as SendGrid's client makes it."""
    connection = http.client.HTTPConnection(address, timeout=60)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    connection.request("POST", SEND_PATH, body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    if response.status != http.HTTPStatus.ACCEPTED:
        raise AssertionError(f"The server answered {response.status}")
