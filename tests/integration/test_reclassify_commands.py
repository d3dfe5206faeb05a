"""`newsletter campaigns reclassify`, as people and programs call it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.app import App
from newsletter.events import retention
from newsletter.events.requests import Request, opened
from newsletter.events.writing import write
from newsletter.settings import Tracking
from newsletter.tokens import OPEN_LINK, MailClaim
from tests.support import school
from tests.support.commands import CommandLine
from tests.support.web_world import BROWSER


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    with school.a_school(database_url, f"file:{tmp_path / 'outbox'}", tmp_path) as opened_:
        yield opened_


@pytest.fixture
def newsletter(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    command_line = CommandLine(tmp_path, monkeypatch, capsys)
    return command_line.of_school(app.settings.database_url, f"file:{tmp_path / 'outbox'}")


@pytest.fixture
def campaign_id(app: App) -> int:
    """Sent, and opened by the two families who agreed, from a network that nobody has listed yet."""
    campaign_id = school.a_scheduled_campaign(app)
    school.send(app, campaign_id)
    at = app.clock.now() + timedelta(hours=1)
    with app.database.writing() as session:
        seen = Request(at, "GET", BROWSER, network="198.51.100.0/24")
        write(session, [opened(MailClaim(campaign_id, seq, OPEN_LINK), seen) for seq in (1, 2, 3)], Tracking.CONSENT)
    return campaign_id


def listed(newsletter: CommandLine, text: str = "198.51.100.0/22 a hoster\n") -> None:
    (newsletter.folder / "networks.txt").write_text(text, encoding="utf-8")
    newsletter.set("machine_networks", "networks.txt")


def test_a_new_list_changes_what_was_kept_and_says_so(newsletter: CommandLine, campaign_id: int) -> None:
    listed(newsletter, "198.51.100.0/24 a hoster\n")
    change = {"from": "human", "to": "unknown", "events": 2}
    found = {"id": campaign_id, "judged": 2, "changed": [change], "left_alone": None}
    dry = newsletter.do("campaigns", "reclassify", str(campaign_id), "--dry-run", "--json")
    assert dry.json() == {"dry_run": True, "campaigns": [found]}
    assert newsletter.do("reports", "campaign", str(campaign_id), "--json").json()["totals"]["opened"]["human"] == 2
    said = newsletter.do("campaigns", "reclassify").out
    assert said.startswith("2 opens and clicks were judged again; 2 are another's.")
    assert [str(campaign_id), "human", "unknown", "2"] in [line.split() for line in said.splitlines()]
    assert said.endswith(f"Next: newsletter reports campaign {campaign_id}\n")
    assert newsletter.do("reports", "campaign", str(campaign_id), "--json").json()["totals"]["opened"]["human"] == 0
    again = newsletter.do("campaigns", "reclassify", str(campaign_id)).out
    assert again == "2 opens and clicks were judged again; 0 are another's.\n"


def test_a_dry_run_says_that_it_is_one(newsletter: CommandLine, campaign_id: int) -> None:
    said = newsletter.do("campaigns", "reclassify", str(campaign_id), "--dry-run").out
    assert said.endswith("This was a dry run: nothing is changed. Next: newsletter campaigns reclassify\n")


def test_what_is_partly_forgotten_is_left_alone_with_a_sentence(
    app: App, newsletter: CommandLine, campaign_id: int
) -> None:
    clocks = [clock for clock in retention.clocks(app.settings) if clock.name.startswith("opens")]
    retention.purge(app.database, clocks, app.clock.now() + timedelta(days=3000), pages=1)
    with app.database.writing() as session:
        seen = Request(app.clock.now() + timedelta(hours=2), "GET", BROWSER)
        write(session, [opened(MailClaim(campaign_id, seq, OPEN_LINK), seen) for seq in (1, 2, 3)], Tracking.CONSENT)
    sentence = f"Some of what came back of campaign {campaign_id} is no longer kept, so it stays as it is."
    alone = newsletter("campaigns", "reclassify", str(campaign_id))
    assert (alone.code, alone.out) == (1, "")
    assert sentence in alone.err
    assert sentence in newsletter.do("campaigns", "reclassify").out


def test_a_campaign_that_is_not_there_and_a_list_that_is_wrong_are_said(
    newsletter: CommandLine, campaign_id: int
) -> None:
    assert newsletter("campaigns", "reclassify", "99").code == 1
    listed(newsletter, "# ours\nten networks\n")
    said = newsletter("campaigns", "reclassify", str(campaign_id))
    assert said.code == 1
    assert "networks.txt, line 2: 'ten' is not a network." in said.err
