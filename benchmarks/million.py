"""A campaign to a million families beside one to ten thousand: the sending process's memory, and every copy's fate."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from newsletter.ledger.tables import CampaignState, DeliveryState
from tests.support.installation import Installation

from .bench import KINDS, NAMES, Bench
from .debian import PackageMissing
from .installations import fill
from .pairs import Bar, Row
from .postfix import Sink, Tools, find, running_sink
from .processes import watch

CONNECTIONS = 8
_FEW = 10_000
_PEAK = Bar(120, of="measured", is_ceiling=True)
_GROWTH = Bar(10, of="measured", is_ceiling=True)
_TELL_SECONDS = 15
_PROCESS = "`newsletter send`, which fixes the audience too"


def rows(bench: Bench) -> Iterator[Row]:
    """Peak and growth on each database."""
    try:
        tools = find()
    except PackageMissing as missing:
        yield from (Row(f"memory of sending, {NAMES[kind]}", "MB", f"{missing}", _PEAK) for kind in KINDS)
        return
    for kind in KINDS:
        few, many = _Run(bench, kind, tools, _FEW), _Run(bench, kind, tools, bench.sizes.million_readers)
        few.send()
        many.send()
        readers, wrong = f"{many.families:,}", tuple(few.wrong + many.wrong)
        name, beside = f"memory of sending {readers}, {NAMES[kind]}", f"the same with {_FEW:,} readers"
        yield Row(name, "MB", beside, _PEAK, ((many.peak, few.peak),), (_PROCESS, many.said), wrong)
        name, beside = f"growth of memory to {readers}, {NAMES[kind]}", f"from {_FEW:,} readers"
        yield Row(name, "MB", beside, _GROWTH, ((many.peak - few.peak, 0.0),), (), wrong)


@dataclass
class _Run:
    """One installation, one campaign, one sink."""

    bench: Bench
    kind: str
    tools: Tools
    families: int
    peak: float = 0.0
    """The most that was resident, in MB."""
    said: str = ""
    wrong: list[str] = field(default_factory=list)

    def send(self) -> None:
        say, name = self.bench.say, NAMES[self.kind]
        with self.bench.database(self.kind) as (folder, url), running_sink(self.tools, folder) as sink:
            say(f"{name}: writing {self.families:,} families")
            installation = Installation(folder, url, sink.url, connections=str(CONNECTIONS))
            fill(installation, url, self.families, excluded=True, shortened=True)
            campaign_id = installation.schedule_campaign()
            say(f"{name}: sending")
            used = watch(installation.start("send", str(campaign_id)), tell=_Telling(self.bench, sink))
            status = installation.ask("campaigns", "status", str(campaign_id))
            self.peak = used.peak_bytes / 1e6
            self.said = _sum(status) + f" in {used.seconds:,.0f} s"
            self._account(status, sink.messages(status["accepted"]))
        say(f"{name}: {self.said}, {self.peak:.1f} MB")

    def _account(self, status: dict[str, Any], taken: int) -> None:
        """It is sent, the sum holds, and the sink took what is called accepted."""
        total = sum(status[state.value] for state in DeliveryState)
        is_whole = status["state"] == CampaignState.SENT and total == status["audience"] == self.families
        if not is_whole or status["accepted"] != taken or status["accepted"] + status["excluded"] != total:
            self.wrong.append(f"{self.families:,} families: {status['state']}, {_sum(status)}; the sink took {taken:,}")


@dataclass
class _Telling:
    """Says now and then how far it is."""

    bench: Bench
    sink: Sink
    next_at: float = _TELL_SECONDS

    def __call__(self, seconds: float) -> None:
        if seconds >= self.next_at:
            self.next_at += _TELL_SECONDS
            self.bench.say(f"  after {seconds:,.0f} s the sink has {self.sink.messages():,}")


def _sum(status: dict[str, Any]) -> str:
    """Such as `1,000,000 = 985,000 accepted + 15,000 excluded`."""
    parts = " + ".join(f"{status[state.value]:,} {state}" for state in DeliveryState if status[state.value])
    return f"{status['audience']:,} = {parts}"
