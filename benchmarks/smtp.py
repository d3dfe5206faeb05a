"""A campaign to Debian's `smtp-sink`, end to end, beside Debian's `smtp-source`, which knows no database at all."""

import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.installation import Installation
from tests.support.smtp_server import SmtpServer

from .bench import KINDS, NAMES, Bench
from .campaigns import Sent, send
from .debian import PackageMissing
from .installations import due_campaign, fill, opened
from .pairs import Bar, Row, alternate, spread
from .postfix import Tools, find, running_sink

CONNECTIONS, MESSAGE_BYTES = 8, 28_000
_BARS = {"sqlite": Bar(1.0), "postgresql": Bar(0.9)}
_CPU_BAR = Bar(100, of="measured", is_ceiling=True)
_SAMPLE = 40
_SOURCE = f"smtp-source -s {CONNECTIONS} -d -l {MESSAGE_BYTES}, a constant message and no database"


def rows(bench: Bench) -> Iterator[Row]:
    """Speed and CPU on each database."""
    try:
        tools = find()
    except PackageMissing as missing:
        yield from (Row(f"SMTP end to end, {NAMES[kind]}", "mails/s", f"{missing}", _BARS[kind]) for kind in KINDS)
        return
    for kind in KINDS:
        yield from _rows_of(bench, kind, tools)


def _rows_of(bench: Bench, kind: str, tools: Tools) -> Iterator[Row]:
    mails = bench.sizes.mails
    bench.say(f"SMTP, {NAMES[kind]}: setting up {mails:,} families")
    with bench.database(kind) as (folder, url):
        size = _bytes_of_a_mail(bench, kind)
        runs = _Runs(bench, tools, folder, url, mails)
        runs.set_up()
        bench.say(f"SMTP, {NAMES[kind]}: measuring; a mail has {size:,.0f} bytes")
        pairs = alternate(runs.ours, runs.source, bench.sizes.rounds)
    sent = [ours for ours, _ in pairs]
    whole = [mails / ours.whole_seconds for ours in sent]
    speeds = tuple((mails / ours.seconds, mails / source) for ours, source in pairs)
    rounds = spread([ours for ours, _ in speeds])
    notes = (
        f"{mails:,} mails of {size:,.0f} bytes, from the first claim to `sent`; rounds {rounds}",
        f"snapshot and the whole command included {statistics.median(whole):,.0f} mails/s",
    )
    yield Row(f"SMTP end to end, {NAMES[kind]}", "mails/s", _SOURCE, _BARS[kind], speeds, notes, tuple(runs.wrong))
    used = tuple((ours.cpu_seconds / mails * 1e6, 0.0) for ours in sent)
    less = "of the process of `newsletter send`, less that of the same command with nothing left to send"
    yield Row(f"SMTP, CPU a mail, {NAMES[kind]}", "us", less, _CPU_BAR, used)


@dataclass
class _Runs:
    """One installation; every round sends a new campaign to all of it, each to a new sink."""

    bench: Bench
    tools: Tools
    folder: Path
    url: str
    mails: int
    wrong: list[str] = field(default_factory=list)

    def set_up(self) -> None:
        fill(self._installation("smtp://127.0.0.1:9"), self.url, self.mails, shortened=True)

    def ours(self) -> Sent:
        with running_sink(self.tools, self.folder) as sink:
            sent = send(self._installation(sink.url), self.url)
            self.wrong += sent.fault(sink.messages(self.mails), self.mails)
        self.bench.say(f"  ours {self.mails / sent.seconds:,.0f} mails/s")
        return sent

    def source(self) -> float:
        with running_sink(self.tools, self.folder) as sink:
            begin = time.perf_counter()
            subprocess.run(
                [self.tools.source, "-s", str(CONNECTIONS), "-d", "-l", str(MESSAGE_BYTES), "-m", str(self.mails),
                 "-f", "a@maple.example", "-t", "b@maple.example", f"127.0.0.1:{sink.port}"],
                env=self.tools.environment, check=True, capture_output=True,
            )  # fmt: skip
            seconds = time.perf_counter() - begin
            if sink.messages(self.mails) != self.mails:
                self.wrong.append(f"smtp-source: the sink took {sink.messages():,} of {self.mails:,}")
        self.bench.say(f"  smtp-source {self.mails / seconds:,.0f} mails/s")
        return seconds

    def _installation(self, transport: str) -> Installation:
        return Installation(self.folder, self.url, transport, connections=str(CONNECTIONS))


def _bytes_of_a_mail(bench: Bench, kind: str) -> float:
    """The mean of a few copies, as a server reads them, with their headers."""
    with bench.database(kind) as (folder, url), SmtpServer() as server:
        installation = Installation(folder, url, server.url)
        fill(installation, url, _SAMPLE, shortened=True)
        with opened(url, folder) as app:
            campaign_id = due_campaign(app)
        installation.do("send", str(campaign_id))
        return sum(map(len, server.record.bodies)) / len(server.record.bodies)
