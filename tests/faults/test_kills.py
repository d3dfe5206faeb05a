from pathlib import Path

import pytest

from tests.support.crashes import kill_and_finish
from tests.support.installation import Installation
from tests.support.smtp_server import SmtpServerProcess

FAMILIES, KILLS, CONNECTIONS = 1_000, 3, 4


@pytest.mark.slow
def test_killed_senders_lose_nobody_and_mail_nobody_twice(database_url: str, tmp_path: Path) -> None:  # F1 F3
    with SmtpServerProcess(tmp_path / "received.jsonl") as server:
        installation = Installation(tmp_path, database_url, server.url, connections=str(CONNECTIONS))
        installation.set_up(FAMILIES)
        verdict = kill_and_finish(installation, server, FAMILIES, KILLS, seed=2026)
    assert verdict.kills > 0
    assert verdict.duplicates == 0
    assert verdict.missing == 0
    assert verdict.unknown <= verdict.kills * CONNECTIONS
    assert verdict.balanced
