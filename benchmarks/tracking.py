"""Opens and clicks, each committed before its answer, beside an empty Starlette route on the same server."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, update

from newsletter.app import App
from newsletter.events.tables import CampaignStat
from newsletter.ledger.tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState
from newsletter.tokens import FIRST_LINK, OPEN_LINK, MailClaim
from tests.support.installation import ROOT, Installation

from .bench import KINDS, NAMES, Bench
from .debian import PackageMissing, unpacked
from .installations import due_campaign, fill, opened
from .pairs import Bar, Row, alternate, spread
from .processes import await_port

CONNECTIONS = 64
_BAR = Bar(0.5)
_BESIDE = "an empty Starlette route, the same uvicorn settings"
_FAMILIES = 20_000
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_ASK = """
local paths, at = {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
"""
_REQUESTS = re.compile(r"(\d+) requests in")
_SPEED = re.compile(r"Requests/sec:\s+([\d.]+)")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")


def rows(bench: Bench) -> Iterator[Row]:
    """One row a database."""
    try:
        wrk, environment = _wrk()
    except PackageMissing as missing:
        yield from (Row(f"tracking requests, {NAMES[kind]}", "req/s", f"{missing}", _BAR) for kind in KINDS)
        return
    for kind in KINDS:
        yield _row(bench, kind, wrk, environment)


def _row(bench: Bench, kind: str, wrk: str, environment: dict[str, str]) -> Row:
    bench.say(f"tracking, {NAMES[kind]}: setting up {_FAMILIES:,} copies")
    with bench.database(kind) as (folder, url):
        installation = Installation(folder, url, "file:outbox")
        fill(installation, url, _FAMILIES)
        with opened(url, folder) as app:
            campaign_id = sent_campaign(app)
            _write_paths(app, campaign_id, folder / "paths")
            asking = _Asking(bench, wrk, environment | {"PATHS": str(folder / "paths")}, folder)
            with serving(installation.start("run", "--port", "0")) as ours, serving(_empty_route()) as empty:
                pairs = alternate(lambda: asking.speed_of(ours), lambda: asking.speed_of(empty), bench.sizes.rounds)
            wrong = asking.wrong(ours, _counted(app, campaign_id), rounds=len(pairs))
    notes = (
        f"half opens, half clicks, {CONNECTIONS} connections, {bench.sizes.tracking_seconds} s a round",
        f"rounds {spread([ours for ours, _ in pairs])}",
    )
    return Row(f"tracking requests, {NAMES[kind]}", "req/s", _BESIDE, _BAR, tuple(pairs), notes, tuple(wrong))


@dataclass
class _Asking:
    """`wrk`, and how many answers it had of each server."""

    bench: Bench
    wrk: str
    environment: dict[str, str]
    folder: Path
    answers: dict[str, int] = field(default_factory=dict)
    refused: int = 0

    def speed_of(self, url: str) -> float:
        """Requests a second."""
        script = self.folder / "ask.lua"
        script.write_text(_ASK, encoding="utf-8")
        how = ("-t1", f"-c{CONNECTIONS}", f"-d{self.bench.sizes.tracking_seconds}s", "-s", str(script))
        command = [self.wrk, *how, "-H", f"User-Agent: {_BROWSER}", url]
        said = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout
        self.answers[url] = self.answers.get(url, 0) + int(_found(_REQUESTS, said))
        self.refused += int(_REFUSED.search(said)[1]) if _REFUSED.search(said) else 0  # type: ignore[index]
        speed = float(_found(_SPEED, said))
        self.bench.say(f"  {speed:,.0f} requests/s")
        return speed

    def wrong(self, url: str, counted: int, rounds: int) -> list[str]:
        """Every answer stands for a commit; at a round's end each connection may leave one request unanswered."""
        answers = self.answers[url]
        found = [f"{self.refused:,} answers refuse"] if self.refused else []
        if not answers <= counted <= answers + rounds * CONNECTIONS:
            found.append(f"{answers:,} answers, but {counted:,} requests are counted in the database")
        return found


def _found(pattern: re.Pattern[str], said: str) -> str:
    match = pattern.search(said)
    if match is None:
        raise AssertionError(f"wrk said: {said}")
    return match[1]


def _wrk() -> tuple[str, dict[str, str]]:
    """The program and the environment it needs. Raises `PackageMissing`."""
    installed = shutil.which("wrk")
    if installed:
        return installed, dict(os.environ)
    folder = unpacked("wrk", "libluajit-5.1-2", holding="usr/bin/wrk")
    library = next(folder.glob("usr/lib/*/libluajit-5.1.so.2")).parent
    return str(folder / "usr/bin/wrk"), {**os.environ, "LD_LIBRARY_PATH": str(library)}


def sent_campaign(app: App) -> int:
    """A campaign of which every copy was accepted a while ago, without sending it."""
    campaign_id = due_campaign(app)
    app.scheduler().prepare()
    with app.database.writing() as session:
        session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED))
        session.execute(update(Chunk).values(state=ChunkState.DONE))
        session.execute(update(Campaign).values(state=CampaignState.SENT, finished_at=app.clock.sql()))
    return campaign_id


def _write_paths(app: App, campaign_id: int, file: Path) -> None:
    """The pixel of every odd copy, the first link of every even one."""
    with file.open("w", encoding="ascii") as paths:
        for seq in range(1, _FAMILIES + 1):
            link_no = OPEN_LINK if seq % 2 else FIRST_LINK
            token = app.signer.mail_token(MailClaim(campaign_id, seq, link_no))
            paths.write(f"/o/{token}.gif\n" if seq % 2 else f"/c/{token}\n")


def _counted(app: App, campaign_id: int) -> int:
    counts = select(func.coalesce(func.sum(CampaignStat.count), 0)).where(CampaignStat.campaign_id == campaign_id)
    with app.database.reading() as session:
        return int(session.scalars(counts).one())


def _empty_route() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"{__package__}.empty_route"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


@contextmanager
def serving(process: subprocess.Popen[str]) -> Iterator[str]:
    """The last URL in the first line that a server prints; the server is stopped afterwards."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        url = re.findall(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[-1]
        await_port(int(url.rpartition(":")[2]))
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
