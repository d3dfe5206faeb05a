from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.campaigns import lifecycle
from newsletter.campaigns.lifecycle import NotSentYet
from newsletter.clock import Clock
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.issues import issues
from newsletter.ledger import streams
from newsletter.ledger.states import StepRefused, get
from newsletter.ledger.tables import CampaignState, Delivery
from newsletter.reports import unopened
from newsletter.settings import Tracking
from tests.support.commands import CommandLine
from tests.support.school import ISSUE, a_scheduled_campaign, a_scheduled_trial, a_school, add_families, send
from tests.support.smtp_server import SmtpServer


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def app(database_url: str, tmp_path: Path, server: SmtpServer, clock: Clock) -> Iterator[App]:
    with a_school(database_url, server.url, tmp_path, clock) as app:
        yield app


def test_a_copy_has_the_same_aim_and_is_a_draft(app: App) -> None:
    campaign_id = a_scheduled_campaign(app, "language = en")
    with app.database.writing() as session:
        copied = lifecycle.copy(session, app.clock, campaign_id)
        assert (copied.state, copied.issue_id, copied.rule, copied.list_id) == ("draft", 1, "language = en", 1)
        other = issues.import_document(session, app.organization.id, ISSUE, "editor", app.clock.now())
        assert lifecycle.copy(session, app.clock, campaign_id, other.id).issue_id == other.id


def test_one_more_try_goes_only_to_readers_of_whom_we_may_know(app: App, server: SmtpServer) -> None:
    add_families(app, 3, tracking=True)
    campaign_id = a_scheduled_campaign(app)
    with app.database.writing() as session, pytest.raises(NotSentYet, match="is scheduled"):
        lifecycle.resend(session, app.clock, campaign_id)
    send(app, campaign_id)
    with app.database.writing() as session:
        opened = session.scalars(select(Delivery.seq).where(Delivery.to_address == "more1@families.example")).one()
        session.add(
            Event(
                provider="web", event_id="1", kind=EventKind.OPEN, campaign_id=campaign_id, seq=opened, link_no=0,
                actor=Actor.HUMAN, detail={}, occurred_at=app.clock.now(), received_at=app.clock.now(),
            )
        )  # fmt: skip
    with app.database.writing() as session:
        assert unopened.not_known(session, campaign_id, Tracking.CONSENT) == 1
        again = lifecycle.resend(session, app.clock, campaign_id)
        assert unopened.readers(session, again, app.rule_context()) == 4
        lifecycle.schedule(session, again.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
        again_id = again.id
    server.record.recipients.clear()
    assert send(app, again_id).state == CampaignState.SENT
    assert sorted(server.record.recipients) == [
        "both@families.example", "more0@families.example", "more2@families.example", "spanish@families.example",
    ]  # fmt: skip


def test_a_copy_of_the_same_issue_has_its_test_and_one_of_another_does_not(app: App) -> None:
    campaign_id = a_scheduled_trial(app, 40)
    with app.database.writing() as session:
        copied = lifecycle.copy(session, app.clock, campaign_id)
        source = get(session, campaign_id)
        assert (copied.subject_b, copied.test_percent) == (source.subject_b, 40)
        assert copied.decide_minutes == source.decide_minutes > 0
        other = issues.import_document(session, app.organization.id, ISSUE, "editor", app.clock.now())
        assert lifecycle.copy(session, app.clock, campaign_id, other.id).subject_b == ""


def test_a_copy_of_one_more_try_is_for_the_same_readers(app: App) -> None:
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    with app.database.writing() as session:
        again = lifecycle.resend(session, app.clock, campaign_id)
        copied = lifecycle.copy(session, app.clock, again.id)
        assert unopened.readers(session, copied, app.rule_context()) == 2
        assert copied.unopened_of_id == campaign_id


def test_a_stream_is_not_copied(app: App) -> None:
    with app.database.writing() as session:
        stream = streams.ensure(session, app.clock, app.organization.id, "confirm")
        with pytest.raises(StepRefused, match="no issue"):
            lifecycle.copy(session, app.clock, stream)


@pytest.fixture
def newsletter(
    sqlite_url: str,
    tmp_path: Path,
    server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """The command line of a school that has sent its issue to three families, two of whom agreed to tracking."""
    with a_school(sqlite_url, server.url, tmp_path, Clock()) as app:
        send(app, a_scheduled_campaign(app, "language = en or language = es"))
    return CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, server.url)


def test_a_copy_from_the_command_line(newsletter: CommandLine) -> None:
    assert newsletter.do("campaigns", "copy", "1").out == (
        "Campaign 2 is made, a draft for 3 readers today.\nNext: newsletter campaigns schedule 2 --now\n"
    )
    assert newsletter.do("campaigns", "copy", "1", "--issue", "1", "--json").json() == {
        "id": 3, "state": "draft", "issue": 1, "audience": 3,
    }  # fmt: skip
    assert "There is no issue 7." in newsletter("campaigns", "copy", "1", "--issue", "7").err
    assert "There is no such campaign." in newsletter("campaigns", "copy", "9").err


def test_one_more_try_from_the_command_line_says_of_how_many_nobody_knows(newsletter: CommandLine) -> None:
    assert newsletter.do("campaigns", "resend", "1").out == (
        "Of 1 more nobody knows whether they opened it: they did not agree to tracking.\n"
        "Campaign 2 is made, a draft for 2 readers today.\nNext: newsletter campaigns schedule 2 --now\n"
    )
    made = newsletter.do("campaigns", "resend", "1", "--json").json()
    assert made == {"id": 3, "state": "draft", "audience": 2, "not_known": 1}
    assert "Campaign 2 is draft." in newsletter("campaigns", "resend", "2").err


@pytest.mark.parametrize("tracking", ["counts", "off"])
def test_where_opens_are_kept_of_nobody_there_is_no_second_try(newsletter: CommandLine, tracking: str) -> None:
    newsletter.set("tracking", tracking)
    assert "nobody knows who did not open" in newsletter("campaigns", "resend", "1").err
    assert len(newsletter.do("campaigns", "list", "--json").json()) == 1
