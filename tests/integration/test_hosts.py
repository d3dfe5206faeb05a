"""Two hosts that share a PostgreSQL and a mail server, and nothing else: neither a network nor a folder."""

import signal
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import make_url, text

from subscribers.db import Database
from tests.support.databases import a_new_database
from tests.support.hosts import Door, hosts
from tests.support.installation import Installation
from tests.support.smtp_server import SmtpServerProcess
from tests.support.waiting import await_truth

FAMILIES = 3_000
CONNECTIONS = 4
_PAUSE = 0.05


@pytest.mark.slow
def test_a_host_that_vanishes_is_replaced_by_another(postgresql_url: str, tmp_path: Path) -> None:  # F1, F6, F7
    socket = Path(parse_qs(urlsplit(postgresql_url).query)["host"][0]) / ".s.PGSQL.5432"
    with (
        hosts(2) as pair,
        SmtpServerProcess(tmp_path / "received.jsonl") as server,
        a_new_database(postgresql_url) as url,
        closing(Door(socket)) as to_database,
        closing(Door(int(server.url.rpartition(":")[2]))) as to_mail,
    ):
        here = Installation(tmp_path, url, server.url, engine="procrastinate")
        here.set_up(FAMILIES)
        campaign_id = here.schedule_campaign()
        scheduler = here.start("scheduler")
        away = []
        for number, host in enumerate(pair):
            folder = tmp_path / f"host{number}"
            folder.mkdir()
            reached = make_url(url).set(host=host.here, port=to_database.port, query={})
            away.append(
                Installation(
                    folder,
                    reached.render_as_string(hide_password=False),
                    f"smtp://{host.here}:{to_mail.port}",
                    engine="procrastinate",
                    connections=str(CONNECTIONS),
                )
            )
        first, second = pair[0].start(away[0], "worker"), pair[1].start(away[1], "worker")
        try:
            await_truth(lambda: server.received() >= FAMILIES // 3)
            first.send_signal(signal.SIGKILL)
            first.wait()
            threading.Event().wait(1)
            pair[0].unplug()
            with closing(Database(url)) as database:
                _end_leases_of_the_dead(database)
            status = _wait(here, campaign_id)
        finally:
            for process in (first, second, scheduler):
                process.terminate()
                process.communicate(timeout=60)
    arrived = Counter(server.recipients())
    assert max(arrived.values()) == 1
    assert status["accepted"] + status["unknown"] == FAMILIES
    assert status["unknown"] <= 50 * CONNECTIONS  # its journal went with it: the groups it had in hand


def _end_leases_of_the_dead(database: Database) -> None:
    """What two minutes would do: the dead host renews nothing, the living one renews with each group."""
    with database.writing() as session:
        session.execute(
            text(
                "UPDATE chunk SET lease_until = now() - interval '1 second' "
                "WHERE state = 'claimed' AND lease_until < now() + interval '119 seconds 200 milliseconds'"
            )
        )


def _wait(here: Installation, campaign_id: int) -> dict[str, int]:
    for _ in range(200):
        status: dict[str, int] = here.ask("campaigns", "status", str(campaign_id))
        if status["pending"] + status["attempting"] + status["deferred"] == 0:
            return status
        threading.Event().wait(_PAUSE)
    raise AssertionError(status)
