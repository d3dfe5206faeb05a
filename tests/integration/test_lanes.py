from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.campaigns import preparing
from newsletter.clock import Clock
from newsletter.ledger.tables import (
    ChunkState,
    Delivery,
    DeliveryState,
)
from tests.support.school import (
    a_scheduled_campaign,
    a_scheduled_trial,
    a_school,
    add_families,
    chunks,
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
