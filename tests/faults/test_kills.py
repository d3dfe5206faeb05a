import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from subscribers.db import Database
from tests.support.crashes import Plan, Site, Verdict, storm
from tests.support.installation import Installation
from tests.support.launcher import Launcher
from tests.support.smtp_server import SmtpServerProcess
from tests.support.wire import Wire

FAMILIES, CONNECTIONS = 1_000, 4
GROUP = 50 * CONNECTIONS

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="kills processes by pidfd_open(2): Linux only")


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    with SmtpServerProcess(tmp_path / "received.jsonl") as server, closing(Database(database_url)) as database:
        installation = Installation(tmp_path, database_url, server.url, connections=str(CONNECTIONS))
        installation.set_up(FAMILIES)
        with Launcher(installation, "send") as launcher:
            yield Site(installation, database, Wire(tmp_path / "received.jsonl"), launcher)


def check(verdict: Verdict, unknown: int) -> None:
    assert verdict.is_sent
    assert verdict.balances
    assert verdict.duplicates == 0
    assert verdict.missing == 0
    assert verdict.unknown <= unknown


def test_killed_and_frozen_senders_lose_nobody_and_mail_nobody_twice(site: Site) -> None:  # F1 F3 F6 F7
    chance = random.Random(2026)  # noqa: S311 - instants, not secrets
    verdict = storm(site, FAMILIES, Plan(kills=4, zombies=2), chance)
    toll = verdict.toll
    assert toll.kills
    check(verdict, unknown=toll.kills.total() * CONNECTIONS + toll.zombies.total() * GROUP)

    verdict = storm(site, FAMILIES, Plan(kills=2, deletes_journals=True), chance)
    check(verdict, unknown=verdict.toll.kills.total() * GROUP)
