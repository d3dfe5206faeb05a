from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from newsletter.app import App
from newsletter.campaigns import lifecycle, preparing
from newsletter.campaigns.lifecycle import Aim
from newsletter.campaigns.times import first_local
from newsletter.clock import Clock
from newsletter.ledger.tables import (
    CampaignState,
    ChunkState,
    Delivery,
    DeliveryState,
)
from newsletter.reports.status import status
from subscribers import lists
from subscribers.tables import Subscriber
from tests.support.school import (
    a_scheduled_campaign,
    a_scheduled_trial,
    a_school,
    add_families,
    add_family,
    chunks,
    send,
    snapshot,
)
from tests.support.smtp_server import SmtpServer

NINE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def app(database_url: str, tmp_path: Path, server: SmtpServer, clock: Clock) -> Iterator[App]:
    with a_school(database_url, server.url, tmp_path, clock) as app:
        yield app


def test_chunks_cover_every_copy_once_and_hold_one_lane_each(app: App) -> None:
    add_families(app, 30, grades="9")
    add_families(app, 20, "slow.example", grades="2")
    campaign_id = a_scheduled_campaign(app)
    snapshot(app, campaign_id, preparing.Limits(("slow.example", "other.example")))
    with app.database.reading() as session:
        copies = {
            row.seq: (row.to_address.endswith("@slow.example"), row.variant)
            for row in session.scalars(select(Delivery).where(Delivery.state == DeliveryState.PENDING))
        }
    covered = Counter(seq for chunk in chunks(app, campaign_id) for seq in range(chunk.lo, chunk.hi + 1))
    assert set(covered.values()) == {1}
    assert set(covered) == set(copies)
    for chunk in chunks(app, campaign_id):
        lanes = {copies[seq] for seq in range(chunk.lo, chunk.hi + 1)}
        assert lanes == {(chunk.domain == "slow.example", chunk.variant)}
        assert chunk.domain in ("", "slow.example")


def test_each_reader_gets_it_when_their_own_clock_shows_the_time(app: App, clock: Clock, server: SmtpServer) -> None:
    zones = {"both": "America/Chicago", "ninth": "Asia/Tokyo", "spanish": "Not/AZone"}
    with app.database.writing() as session:
        for name, zone in zones.items():
            session.execute(
                update(Subscriber).where(Subscriber.address == f"{name}@families.example").values(time_zone=zone)
            )
    clock.offset += NINE - timedelta(hours=14, seconds=10) - clock.now()
    with app.database.writing() as session:
        campaign = lifecycle.create(session, clock, 1, Aim(lists.get(session, app.organization.id, "families")))
        begin_at = max(first_local("2026-12-01 09:00", "UTC"), clock.now())
        lifecycle.schedule(session, campaign.id, NINE, "UTC", app.gate(), needs_approval=False, begin_at=begin_at)
        campaign_id = campaign.id
    clock.offset += timedelta(seconds=30)
    snapshot(app, campaign_id)
    assert {chunk.not_before for chunk in chunks(app, campaign_id)} == {
        datetime(2026, 12, 1, 0, 0, tzinfo=UTC),  # 09:00 in Tokyo
        NINE,
        datetime(2026, 12, 1, 15, 0, tzinfo=UTC),  # 09:00 in Chicago
    }
    for at, so_far in ((0, 1), (9, 2), (15, 3)):
        assert len(server.record.recipients) == so_far - 1
        clock.offset += datetime(2026, 12, 1, at, 0, 30, tzinfo=UTC) - clock.now()
        ending = send(app, campaign_id)
        assert len(server.record.recipients) == so_far
    assert server.record.recipients == [f"{name}@families.example" for name in ("ninth", "spanish", "both")]
    assert ending.state == CampaignState.SENT


def test_the_arms_are_of_the_size_asked_for_and_the_rest_waits(app: App) -> None:
    add_families(app, 97)
    campaign_id = a_scheduled_trial(app, 40)
    snapshot(app, campaign_id)
    sizes: Counter[tuple[str, ChunkState]] = Counter()
    for chunk in chunks(app, campaign_id):
        sizes[chunk.arm, chunk.state] += chunk.hi - chunk.lo + 1
    assert sizes == {("A", ChunkState.READY): 20, ("B", ChunkState.READY): 20, ("", ChunkState.HELD): 60}


def test_no_arm_is_empty_however_few_readers_there_are(app: App) -> None:
    campaign_id = a_scheduled_trial(app, 2)
    snapshot(app, campaign_id)
    assert Counter(chunk.arm for chunk in chunks(app, campaign_id)) == {"A": 1, "B": 1, "": 1}


def test_a_reader_gets_no_more_mails_a_week_than_were_set(app: App, clock: Clock) -> None:
    limits = preparing.Limits(mails_per_week=2)
    for _ in range(2):
        send(app, a_scheduled_campaign(app))
    add_family(app, "new@families.example")
    third = a_scheduled_campaign(app)
    snapshot(app, third, limits)
    with app.database.reading() as session:
        facts = status(session, third)
        assert (facts["pending"], facts["excluded_reasons"]) == (1, {"enough-this-week": 3})
    clock.offset += timedelta(days=7, minutes=1)
    fourth = a_scheduled_campaign(app)
    snapshot(app, fourth, limits)
    with app.database.reading() as session:
        assert status(session, fourth)["pending"] == 4
