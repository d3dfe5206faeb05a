"""`campaigns reconcile`, `campaigns retry`, and what `send` says while it waits."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from newsletter.ledger.tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState
from subscribers.db import Database
from tests.support.commands import CommandLine
from tests.support.installation import ROOT, write_families
from tests.support.people import LONG_AGO
from tests.support.smtp_server import SmtpServer


@pytest.fixture
def ready(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """An installation with two families and a campaign that is due."""
    newsletter = CommandLine(tmp_path, monkeypatch, capsys)
    newsletter.set("database_url", database_url)
    newsletter.set("from", "Maple <news@maple.example>")
    newsletter.set("postal_address", "1 Main Street")
    newsletter.do("init", "--organization", "Maple Families")
    newsletter.do("lists", "create", "families", "--name", "Family newsletter")
    write_families(tmp_path / "families.csv", 2)
    newsletter.do("subscribers", "import", "families.csv", "--list", "families", "--status", "confirmed")
    newsletter.do("issues", "import", str(ROOT / "examples" / "2026-12.md"))
    newsletter.do("campaigns", "create", "--issue", "1", "--list", "families")
    newsletter.do("campaigns", "schedule", "1", "--now")
    return newsletter


def refused(ready: CommandLine, answer: str | None = "550 no such box") -> None:
    """Send to a server that answers so to each reader."""
    with SmtpServer(fault=lambda verb, _: answer if verb == "RCPT" else None) as server:
        ready.set("transport", server.url)
        ready("send", "1")


def test_a_person_looks_and_has_the_refused_ones_sent_again(ready: CommandLine) -> None:
    refused(ready)
    assert "2 = 0 accepted + 0 excluded + 2 rejected + 0 unknown" in ready.do("campaigns", "status", "1").out
    assert "2 = 0 accepted" in ready.do("reports", "campaign", "1").out
    assert "Next: newsletter campaigns retry 1\n" in ready.do("campaigns", "reconcile", "1").out
    said = ready("campaigns", "retry", "1")
    assert said.code == 1
    assert "2 copies are rejected. Nobody is here to be asked: add --yes" in said.err
    assert (
        "2 copies of campaign 1 go once more. Next: newsletter send 1"
        in ready.do("campaigns", "retry", "1", "--yes").out
    )
    assert "Next: newsletter send 1" in ready.do("campaigns", "reconcile", "1").out
    with SmtpServer() as server:
        ready.set("transport", server.url)
        assert "2 = 2 accepted + 0 excluded + 0 rejected + 0 unknown" in ready.do("send", "1").out
    assert len(server.record.recipients) == 2
    assert "No copy of campaign 1 is rejected" in ready.do("campaigns", "retry", "1").out
    looked = ready.do("campaigns", "reconcile", "1").out
    assert "Campaign 1 is sent. Everything is settled." in looked
    assert "Next: newsletter campaigns status 1" in looked


def test_a_person_is_told_what_a_sender_has_in_hand(ready: CommandLine, database_url: str) -> None:
    refused(ready)
    database = Database(database_url)
    with database.writing() as session:
        session.execute(update(Chunk).values(state=ChunkState.CLAIMED))
    database.close()
    said = ready.do("campaigns", "retry", "1", "--yes").out
    assert "0 copies of campaign 1 go once more. A sender has 2 rejected ones in hand just now" in said


def test_a_campaign_held_back_by_the_pace_names_the_time_it_goes_on(ready: CommandLine) -> None:
    with SmtpServer() as server:
        ready.set("transport", server.url)
        ready.set("connections", "1")
        ready.set("warm_up", "1")
        ready.set("timezone", "America/Chicago")
        said = ready("send", "1")
    assert said.code == 3
    assert "Not finished yet: it goes on at " in said.out
    assert "2 = 1 accepted + 0 excluded + 0 rejected + 0 unknown + 1 pending" in said.out
    assert "Next: newsletter send 1" in said.out


def test_a_broken_sum_is_said_loudly_and_holds_up_no_other_campaign(ready: CommandLine, database_url: str) -> None:
    with SmtpServer() as server:
        ready.set("transport", server.url)
        ready.do("send", "1")
        database = Database(database_url)
        with database.writing() as session:
            session.execute(update(Campaign).values(state=CampaignState.SENDING, audience=4))
        database.close()
        broken = ready("send", "1")
        ready.do("campaigns", "copy", "1")
        ready.do("campaigns", "schedule", "2", "--now")
        other = ready.do("send", "2")
    assert broken.code == 1
    assert "THE SUM IS BROKEN, please report this: 4 is not 2 accepted" in broken.out
    assert "Campaign 1 is not called sent" in broken.err
    assert "Campaign 2 is sent." in other.out


def test_what_waits_is_shown_with_its_reason_and_its_next_time(ready: CommandLine) -> None:
    refused(ready, "451 greylisted")
    facts = ready.do("campaigns", "reconcile", "1", "--json").json()
    (group,) = facts["unsettled"]
    assert (group["state"], group["count"], group["event_may_settle"]) == ("deferred", 2, False)
    assert "451 greylisted" in group["why"]
    assert facts["sum"] == "2 = 0 accepted + 0 excluded + 0 rejected + 0 unknown + 2 deferred"
    assert "next try 20" in ready.do("campaigns", "reconcile", "1").out
    ready.do("campaigns", "pause", "1")
    assert "Next: newsletter campaigns resume 1" in ready.do("campaigns", "reconcile", "1").out
    assert "campaigns resume 1" in ready("campaigns", "retry", "1", "--yes").err


@pytest.mark.parametrize(("answer", "goes"), [("y", True), ("n", False)])
def test_a_person_is_told_that_an_unknown_copy_may_come_twice(
    ready: CommandLine, database_url: str, answer: str, goes: bool
) -> None:
    lost(ready, database_url)
    keyboard, terminal = pty.openpty()
    os.write(keyboard, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "campaigns", "retry", "1", "--state", "unknown"],
        cwd=ready.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=terminal,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(terminal)
    os.close(keyboard)
    assert "2 copies are unknown. Some of them may have arrived, and those readers would get it twice." in done.stdout
    assert ("2 copies of campaign 1 go once more" in done.stdout) is goes
    assert done.returncode == (0 if goes else 1)


def test_an_unknown_copy_may_be_settled_only_by_a_provider_who_tells(ready: CommandLine, database_url: str) -> None:
    lost(ready, database_url)
    said = ready.do("campaigns", "reconcile", "1").out
    assert "no event will settle it" in said
    assert "Next: newsletter campaigns retry 1 --state unknown" in said
    ready.set("transport", "sendgrid://")
    ready.set("sendgrid_webhook_key", "a key")
    said = ready.do("campaigns", "reconcile", "1").out
    assert "an event may still settle it" in said
    assert "Next: newsletter campaigns reconcile 1, when events have come" in said
    database = Database(database_url)
    with database.writing() as session:
        session.execute(update(Delivery).values(updated_at=LONG_AGO))
    database.close()
    assert "no event will settle it" in ready.do("campaigns", "reconcile", "1").out


def lost(ready: CommandLine, database_url: str) -> None:
    """The campaign is sent, and nobody knows what became of its copies."""
    refused(ready)
    database = Database(database_url)
    with database.writing() as session:
        session.execute(update(Delivery).values(state=DeliveryState.UNKNOWN, error="The answer was lost."))
    database.close()
