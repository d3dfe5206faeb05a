from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from newsletter.app import App
from newsletter.campaigns import arms, lifecycle, preparing
from newsletter.campaigns.arms import NothingToDecide, SubjectInvalid, Trial
from newsletter.campaigns.lifecycle import Aim, NotSentYet
from newsletter.campaigns.times import first_local
from newsletter.clock import Clock
from newsletter.events import writing
from newsletter.events.requests import Fact, Request
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.issues import issues
from newsletter.issues.parsing import parse
from newsletter.ledger import balance
from newsletter.ledger.states import get
from newsletter.ledger.tables import (
    CampaignState,
    Chunk,
    ChunkState,
    Delivery,
    DeliveryState,
    Schedule,
    ScheduleKind,
)
from newsletter.reports import unopened
from newsletter.reports.status import status
from newsletter.settings import Tracking
from newsletter.tokens import MailClaim
from subscribers import lists
from subscribers.tables import Subscriber
from tests.support.mails import Mail
from tests.support.school import ISSUE, a_scheduled_campaign, a_school, add_family, send
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


def families(app: App, count: int, domain: str = "families.example", **more: Any) -> None:
    for n in range(count):
        add_family(app, f"more{n}@{domain}", **more)


def snapshot(app: App, campaign_id: int, limits: preparing.Limits | None = None) -> None:
    app.scheduler().fire()
    preparing.prepare(app.database, app.clock, campaign_id, app.today(), app.rule_context, limits or preparing.Limits())


def chunks(app: App, campaign_id: int) -> list[Chunk]:
    with app.database.reading() as session:
        return list(session.scalars(select(Chunk).where(Chunk.campaign_id == campaign_id).order_by(Chunk.no)))


def a_trial(app: App, percent: int = 40, *texts: str) -> int:
    with app.database.writing() as session:
        aim = Aim(lists.get(session, app.organization.id, "families"))
        trial = lifecycle.trial_of(session, 1, texts or ("Seven long bridges",), percent, timedelta(hours=4))
        campaign = lifecycle.create(session, app.clock, 1, aim, trial)
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
        return campaign.id


def test_chunks_cover_every_copy_once_and_hold_one_lane_each(app: App) -> None:
    families(app, 30, grades="9")
    families(app, 20, "slow.example", grades="2")
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
    families(app, 97)
    campaign_id = a_trial(app, 40)
    snapshot(app, campaign_id)
    sizes: Counter[tuple[str, ChunkState]] = Counter()
    for chunk in chunks(app, campaign_id):
        sizes[chunk.arm, chunk.state] += chunk.hi - chunk.lo + 1
    assert sizes == {("A", ChunkState.READY): 20, ("B", ChunkState.READY): 20, ("", ChunkState.HELD): 60}


def test_no_arm_is_empty_however_few_readers_there_are(app: App) -> None:
    campaign_id = a_trial(app, 2)
    snapshot(app, campaign_id)
    assert Counter(chunk.arm for chunk in chunks(app, campaign_id)) == {"A": 1, "B": 1, "": 1}


def clicks(app: App, campaign_id: int, arm: str, count: int) -> None:
    """So many readers of an arm follow a link."""
    with app.database.writing() as session:
        of_arm = (
            select(Delivery.seq)
            .join(Chunk, Chunk.campaign_id == Delivery.campaign_id)
            .where(Delivery.campaign_id == campaign_id, Chunk.arm == arm, Delivery.seq.between(Chunk.lo, Chunk.hi))
        )
        for seq in session.scalars(of_arm.limit(count)).all():
            session.add(
                Event(
                    provider="web", event_id=f"{campaign_id}.{seq}", kind=EventKind.CLICK, campaign_id=campaign_id,
                    seq=seq, link_no=2, actor=Actor.HUMAN, detail={}, occurred_at=app.clock.now(),
                    received_at=app.clock.now(),
                )
            )  # fmt: skip


@pytest.mark.parametrize(("of_a", "of_b", "winner"), [(1, 4, "B"), (4, 1, "A"), (2, 2, "A"), (0, 0, "A")])
def test_the_subject_that_more_people_followed_goes_to_the_rest(
    app: App, clock: Clock, server: SmtpServer, of_a: int, of_b: int, winner: str
) -> None:
    families(app, 17, tracking=True)
    campaign_id = a_trial(app, 50)
    assert send(app, campaign_id).state == CampaignState.SENDING
    assert len(server.record.bodies) == 10
    clicks(app, campaign_id, "A", of_a)
    clicks(app, campaign_id, "B", of_b)
    clock.offset += timedelta(hours=3, minutes=55)
    send(app, campaign_id)
    assert len(server.record.bodies) == 10
    clock.offset += timedelta(minutes=6)
    assert send(app, campaign_id).state == CampaignState.SENT
    subjects = Counter(str(Mail(body).parsed["Subject"]).startswith("Seven") for body in server.record.bodies)
    assert subjects[True] == (15 if winner == "B" else 5) - _spanish(app, campaign_id)
    with app.database.reading() as session:
        facts = status(session, campaign_id)["test"]
        assert (facts["winner"], facts["decide_at"]) == (winner, None)


def _spanish(app: App, campaign_id: int) -> int:
    """Copies of arm B in Spanish, whose subject is the same in both arms."""
    with app.database.reading() as session:
        return len(
            session.scalars(
                select(Delivery.seq)
                .join(Chunk, Chunk.campaign_id == Delivery.campaign_id)
                .where(Delivery.seq.between(Chunk.lo, Chunk.hi), Chunk.arm == "B", Delivery.variant.startswith("es"))
                .where(Delivery.campaign_id == campaign_id)
            ).all()
        )


def test_a_person_may_decide_before_the_time_and_only_once(app: App) -> None:
    families(app, 7)
    campaign_id = a_trial(app)
    snapshot(app, campaign_id)
    with app.database.writing() as session:
        arms.choose(session, campaign_id, "B")
    with app.database.writing() as session, pytest.raises(NothingToDecide):
        arms.choose(session, campaign_id, "A")
    assert ChunkState.HELD not in {chunk.state for chunk in chunks(app, campaign_id)}
    with app.database.reading() as session:
        assert get(session, campaign_id).winner == "B"
        assert session.scalar(select(Schedule.next_at).where(Schedule.kind == ScheduleKind.WINNER)) is None


def test_a_cancelled_test_is_not_decided(app: App, clock: Clock) -> None:
    campaign_id = a_trial(app)
    snapshot(app, campaign_id)
    with app.database.writing() as session:
        lifecycle.cancel(session, clock, campaign_id)
    clock.offset += timedelta(hours=5)
    app.scheduler().tick()
    with app.database.reading() as session:
        assert get(session, campaign_id).winner == ""
        assert balance.balance(session, campaign_id).balances


def test_without_readers_who_agreed_the_counters_decide(app: App, clock: Clock) -> None:
    with app.database.writing() as session:
        session.execute(update(Subscriber).values(tracking=False))
    campaign_id = a_trial(app, 2)
    send(app, campaign_id)
    with app.database.writing() as session:
        copy = session.execute(
            select(Delivery.seq)
            .join(Chunk, Chunk.campaign_id == Delivery.campaign_id)
            .where(Delivery.campaign_id == campaign_id, Chunk.arm == "B", Delivery.seq.between(Chunk.lo, Chunk.hi))
        ).scalar_one()
        browser = "Mozilla/5.0 (X11; Linux x86_64)"
        request = Request(clock.now() + timedelta(minutes=5), "GET", browser)
        writing.write(session, [Fact(EventKind.CLICK, MailClaim(campaign_id, copy, 2), request)], Tracking.CONSENT)
        assert [result[1:] for result in map(astuple, arms.results(session, campaign_id))] == [(1, 0), (1, 1)]
    clock.offset += timedelta(hours=4, minutes=1)
    app.scheduler().tick()
    with app.database.reading() as session:
        assert get(session, campaign_id).winner == "B"


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", 'Small bridges, {{ reader.first_name | default("friend") }}'])
def test_a_subject_that_cannot_be_tested_is_refused(text: str) -> None:
    with pytest.raises(SubjectInvalid):
        Trial.of(parse(ISSUE), [text], 20, timedelta(hours=4))


def test_a_subject_may_be_given_for_each_language() -> None:
    trial = Trial.of(parse(ISSUE), ["a=b is no language", "es=Puentes largos"], 20, timedelta(hours=4))
    assert trial.subjects == {"en": "a=b is no language", "es": "Puentes largos"}
    shown = arms.with_subject_b(parse(ISSUE), arms.columns(trial)["subject_b"])
    assert shown.subject == trial.subjects


def test_a_copy_has_the_same_aim_and_is_a_draft(app: App) -> None:
    campaign_id = a_scheduled_campaign(app, "language = en")
    with app.database.writing() as session:
        copied = lifecycle.copy(session, app.clock, campaign_id)
        assert (copied.state, copied.issue_id, copied.rule, copied.list_id) == ("draft", 1, "language = en", 1)
        other = issues.import_document(session, app.organization.id, ISSUE, "editor", app.clock.now())
        assert lifecycle.copy(session, app.clock, campaign_id, other.id).issue_id == other.id


def test_one_more_try_goes_only_to_readers_of_whom_we_may_know(app: App, server: SmtpServer) -> None:
    families(app, 3, tracking=True)
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
        assert unopened.count(session, campaign_id) == (4, 1)
        again = lifecycle.resend(session, app.clock, campaign_id)
        lifecycle.schedule(session, again.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
        again_id = again.id
    server.record.recipients.clear()
    assert send(app, again_id).state == CampaignState.SENT
    assert sorted(server.record.recipients) == [
        "both@families.example", "more0@families.example", "more2@families.example", "spanish@families.example",
    ]  # fmt: skip


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
