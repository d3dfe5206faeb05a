"""Each reader gets a campaign when their own clock shows its time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from newsletter.app import App
from newsletter.campaigns import lifecycle
from newsletter.campaigns.lifecycle import Aim
from newsletter.campaigns.times import TimeZoneInvalid, first_local, parse_local
from newsletter.clock import Clock
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState
from newsletter.reports.status import status
from subscribers import lists
from subscribers.tables import Subscriber
from tests.support.commands import CommandLine
from tests.support.school import a_school, add_family, chunks, send
from tests.support.smtp_server import SmtpServer

CHICAGO = "America/Chicago"


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def app(database_url: str, tmp_path: Path, server: SmtpServer, clock: Clock) -> Iterator[App]:
    with a_school(database_url, server.url, tmp_path, clock) as app:
        yield app


def live_in(app: App, **zones: str) -> None:
    """The families of the school, by the first part of their address, each in a time zone."""
    with app.database.writing() as session:
        for name, zone in zones.items():
            address = f"{name}@families.example"
            session.execute(update(Subscriber).where(Subscriber.address == address).values(time_zone=zone))


def set_clock(clock: Clock, at: str) -> None:
    """A little after a time in UTC."""
    clock.offset += utc(at) + timedelta(seconds=20) - clock.now()


def utc(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=UTC)


def schedule(app: App, at: str, zone: str = "UTC") -> int:
    """A campaign at that time on each reader's own clock."""
    with app.database.writing() as session:
        campaign = lifecycle.create(session, app.clock, 1, Aim(lists.get(session, app.organization.id, "families")))
        begin_at = first_local(at, zone, app.clock.now())
        scheduled_at = parse_local(at, zone)
        lifecycle.schedule(
            session, campaign.id, scheduled_at, zone, app.gate(), needs_approval=False, begin_at=begin_at
        )
        return campaign.id


def state_of(app: App, campaign_id: int) -> CampaignState:
    with app.database.reading() as session:
        return get(session, campaign_id).state


def moments(app: App, campaign_id: int) -> list[datetime | None]:
    return [chunk.not_before for chunk in chunks(app, campaign_id)]


def test_each_reader_gets_it_when_their_own_clock_shows_the_time(
    app: App, clock: Clock, server: SmtpServer
) -> None:  # F16
    live_in(app, both=CHICAGO, ninth="Asia/Tokyo", spanish="Not/AZone")
    set_clock(clock, "2026-11-30 18:59")
    campaign_id = schedule(app, "2026-12-01 09:00")
    app.scheduler().tick()
    assert state_of(app, campaign_id) == CampaignState.SCHEDULED
    clock.offset += timedelta(minutes=1)  # nine o'clock in UTC+14
    app.scheduler().tick()
    assert moments(app, campaign_id) == [utc("2026-12-01 00:00"), utc("2026-12-01 09:00"), utc("2026-12-01 15:00")]
    for at, names in (
        ("2026-11-30 23:50", ()),
        ("2026-12-01 00:00", ("ninth",)),
        ("2026-12-01 09:00", ("ninth", "spanish")),
        ("2026-12-01 15:00", ("ninth", "spanish", "both")),
    ):
        set_clock(clock, at)
        send(app, campaign_id)
        assert server.record.recipients == [f"{name}@families.example" for name in names]
    assert state_of(app, campaign_id) == CampaignState.SENT


def test_the_status_is_right_between_the_waves(app: App, clock: Clock) -> None:
    live_in(app, ninth="Asia/Tokyo")
    set_clock(clock, "2026-12-01 00:00")
    campaign_id = schedule(app, "2026-12-01 09:00")
    ending = send(app, campaign_id)
    with app.database.reading() as session:
        facts = status(session, campaign_id)
    assert (facts["state"], facts["accepted"], facts["pending"]) == (CampaignState.SENDING, 1, 2)
    assert ending.found.balances


@pytest.mark.parametrize(
    ("at", "zone", "moment"),
    [
        ("2027-03-14 02:30", CHICAGO, "2027-03-14 08:30"),  # skipped there: an hour later, 03:30 CDT
        ("2027-03-14 02:30", "Asia/Tokyo", "2027-03-13 17:30"),
        ("2026-11-01 01:30", CHICAGO, "2026-11-01 06:30"),  # shown twice there: the first, CDT
        ("2026-11-01 01:30", "Europe/Berlin", "2026-11-01 00:30"),
        ("2026-12-01 09:00", "Asia/Kathmandu", "2026-12-01 03:15"),
        ("2026-12-01 09:00", "Pacific/Kiritimati", "2026-11-30 19:00"),
        ("2026-12-01 09:00", "America", "2026-12-01 09:00"),  # no zone but a folder of zones
        ("2026-12-01 09:00", "../localtime", "2026-12-01 09:00"),
        ("2026-12-01 09:00", "", "2026-12-01 09:00"),
    ],
)
def test_each_zone_has_its_own_summer_time(app: App, clock: Clock, at: str, zone: str, moment: str) -> None:  # F16
    live_in(app, both=zone, ninth=zone, spanish=zone)
    clock.offset += utc(at) - timedelta(hours=14) - clock.now() + timedelta(seconds=5)
    campaign_id = schedule(app, at)
    app.scheduler().tick()
    assert set(moments(app, campaign_id)) == {utc(moment)}


def test_who_is_past_the_time_already_gets_it_at_once(app: App, clock: Clock, server: SmtpServer) -> None:
    live_in(app, both=CHICAGO, ninth="Asia/Tokyo", spanish="Asia/Tokyo")
    set_clock(clock, "2026-12-01 05:00")
    send(app, schedule(app, "2026-12-01 09:00", CHICAGO))
    assert sorted(server.record.recipients) == ["ninth@families.example", "spanish@families.example"]


def test_a_time_that_is_past_in_the_campaigns_own_zone_is_held_for_a_person(app: App, clock: Clock) -> None:  # F17
    set_clock(clock, "2026-12-01 12:00")
    late, in_time = schedule(app, "2026-12-01 09:00"), schedule(app, "2026-12-01 11:00")
    app.scheduler().tick()
    assert (state_of(app, late), state_of(app, in_time)) == (CampaignState.HELD, CampaignState.SENDING)


def test_a_machine_that_was_off_while_it_was_nine_elsewhere_does_not_hold_it(app: App, clock: Clock) -> None:
    set_clock(clock, "2026-11-30 12:00")
    campaign_id = schedule(app, "2026-12-01 09:00")
    set_clock(clock, "2026-12-01 10:00")
    app.scheduler().tick()
    assert state_of(app, campaign_id) == CampaignState.SENDING


def test_a_machine_that_was_off_for_too_long_holds_it(app: App, clock: Clock) -> None:  # F17
    set_clock(clock, "2026-11-30 12:00")
    campaign_id = schedule(app, "2026-12-01 09:00")
    set_clock(clock, "2026-12-01 11:30")
    app.scheduler().tick()
    assert state_of(app, campaign_id) == CampaignState.HELD


def test_a_folder_of_zones_is_no_zone() -> None:
    for name in ("America", "../localtime", ""):
        with pytest.raises(TimeZoneInvalid):
            parse_local("2026-12-01 09:00", name)


def test_send_says_when_the_next_readers_have_their_time(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_school(sqlite_url, f"file:{tmp_path}/outbox", tmp_path) as app:
        live_in(app, ninth="Pacific/Kiritimati")
        add_family(app, "more@families.example")
        with app.database.writing() as session:
            lifecycle.create(session, app.clock, 1, Aim(lists.get(session, app.organization.id, "families")))
    newsletter = CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, "file:outbox")
    at = (datetime.now(ZoneInfo(CHICAGO)) + timedelta(hours=3)).strftime("%Y-%m-%d %H:%M")
    said = newsletter.do("campaigns", "schedule", "1", "--at", at, "--local-time")
    assert "on each reader's own clock" in said.out
    waiting = newsletter("send", "1")
    assert waiting.code == 3
    assert "it goes on at" in waiting.out
    assert at[-5:] in waiting.out
    assert "4 = 1 accepted + " in waiting.out
    assert " + 3 pending" in waiting.out
    refused = newsletter("campaigns", "schedule", "1", "--now", "--local-time")
    assert (refused.code, "neither --now" in refused.err) == (2, True)
