import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.installation import Installation
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import await_truth

PATIENCE_SECONDS = 30


def address_of(line: str) -> str:
    return next(word for word in line.split() if word.startswith("http://127.0.0.1:") and not word.endswith(":8000"))


def answer(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own server
            return int(response.status)
    except (urllib.error.URLError, ConnectionError):
        return 0


@pytest.mark.slow
def test_one_process_serves_keeps_the_schedule_and_sends(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server:
        installation = Installation(tmp_path, database_url, server.url)
        installation.set_up(8)
        installation.schedule_campaign()
        process = installation.start("run", "--port", "0")
        assert process.stdout is not None
        url = address_of(process.stdout.readline())
        await_truth(lambda: answer(f"{url}/healthz") == 200)
        await_truth(lambda: len(server.record.recipients) == 8)
        await_truth(lambda: installation.ask("campaigns", "status", "1")["state"] == "sent")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in errors
    assert list((tmp_path / "var" / "journals").iterdir()) == []


@pytest.mark.slow
def test_a_terminated_sender_finishes_its_group_and_leaves_nothing_unknown(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server:
        installation = Installation(tmp_path, database_url, server.url, connections="2", rate="40")
        installation.set_up(200)
        campaign_id = installation.schedule_campaign()
        process = installation.start("send", str(campaign_id))
        await_truth(lambda: len(server.record.recipients) > 40)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 3, errors
        assert "Not finished yet" in output
        status = installation.ask("campaigns", "status", str(campaign_id))
    assert status["accepted"] == len(server.record.recipients) == len(set(server.record.recipients))
    assert status["attempting"] == status["unknown"] == 0
    assert status["accepted"] + status["pending"] == 200
