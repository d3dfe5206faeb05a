"""A campaign to Debian's `smtp-sink`, end to end, beside Debian's `smtp-source`, which knows no database at all."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from newsletter.ledger.tables import DeliveryState
from tests.support.installation import Installation
from tests.support.smtp_server import SmtpServer

from .bench import KINDS, NAMES, Bench
from .installations import due_campaign, fill, opened
from .pairs import Bar, Row, alternate, spread
from .postfix import PostfixMissing, Sink, Tools, find, running_sink
from .processes import FirstClaim, watch

CONNECTIONS, MESSAGE_BYTES = 8, 28_000
_BARS = {"sqlite": Bar(1.0), "postgresql": Bar(0.9)}
_CPU_BAR = Bar(100, of="measured", is_ceiling=True)
_SAMPLE = 40
_SOURCE = f"smtp-source -s {CONNECTIONS} -d -l {MESSAGE_BYTES}, a constant message and no database"


def rows(bench: Bench) -> Iterator[Row]:
    """Speed and CPU on each database."""
    try:
        tools = find()
    except PostfixMissing as missing:
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
    whole = [mails / (ours.snapshot_seconds + ours.command_seconds) for ours in sent]
    speeds = tuple((mails / ours.seconds, mails / source) for ours, source in pairs)
    rounds = spread([ours for ours, _ in speeds])
    notes = (
        f"{mails:,} mails of {size:,.0f} bytes, from the first claim to `sent`; rounds {rounds}",
        f"snapshot and the whole command included {sorted(whole)[len(whole) // 2]:,.0f} mails/s",
    )
    yield Row(f"SMTP end to end, {NAMES[kind]}", "mails/s", _SOURCE, _BARS[kind], speeds, notes, tuple(runs.wrong))
    used = tuple((ours.cpu_seconds / mails * 1e6, 0.0) for ours in sent)
    less = "of the process of `newsletter send`, less that of the same command with nothing left to send"
    yield Row(f"SMTP, CPU a mail, {NAMES[kind]}", "us", less, _CPU_BAR, used)


@dataclass(frozen=True, slots=True)
class _Sent:
    """One campaign."""

    seconds: float
    """From the first claim to `sent`, by the database's clock."""
    snapshot_seconds: float
    command_seconds: float
    cpu_seconds: float


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

    def ours(self) -> _Sent:
        with running_sink(self.tools, self.folder) as sink:
            installation = self._installation(sink.url)
            campaign_id, snapshot_seconds = self._prepared()
            with FirstClaim(self.url, campaign_id) as first:
                used = watch(installation.start("send", str(campaign_id)))
            nothing = watch(installation.start("send", str(campaign_id)))
            status = installation.ask("campaigns", "status", str(campaign_id))
            self._check(sink, status)
        assert first.at is not None  # noqa: S101 - it was sent
        seconds = (datetime.fromisoformat(status["finished_at"]) - first.at).total_seconds()
        self.bench.say(f"  ours {self.mails / seconds:,.0f} mails/s")
        return _Sent(seconds, snapshot_seconds, used.seconds, used.cpu_seconds - nothing.cpu_seconds)

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

    def _prepared(self) -> tuple[int, float]:
        """A campaign whose audience is fixed, and how long that took; so the command that follows only sends."""
        with opened(self.url, self.folder) as app:
            campaign_id = due_campaign(app)
            begin = time.perf_counter()
            app.scheduler().prepare()
            return campaign_id, time.perf_counter() - begin

    def _check(self, sink: Sink, status: dict[str, int]) -> None:
        total = sum(status[state.value] for state in DeliveryState)
        taken = sink.messages(self.mails)
        if not (total == status["audience"] == status["accepted"] == taken == self.mails):
            self.wrong.append(f"audience {status['audience']:,}, sum {total:,}, sink {taken:,} of {self.mails:,}")


def _bytes_of_a_mail(bench: Bench, kind: str) -> float:
    """The mean of a few copies, as a server reads them, with their headers."""
    with bench.database(kind) as (folder, url), SmtpServer() as server:
        installation = Installation(folder, url, server.url)
        fill(installation, url, _SAMPLE, shortened=True)
        with opened(url, folder) as app:
            campaign_id = due_campaign(app)
        installation.do("send", str(campaign_id))
        return sum(map(len, server.record.bodies)) / len(server.record.bodies)
