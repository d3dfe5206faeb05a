import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from newsletter.app import App
from newsletter.campaigns import arms, lifecycle, trials
from newsletter.campaigns.arms import NothingToDecide, SubjectInvalid, Trial
from newsletter.clock import Clock
from newsletter.events import writing
from newsletter.events.requests import Fact, Request
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.issues.parsing import parse
from newsletter.ledger import balance
from newsletter.ledger.states import get
from newsletter.ledger.tables import (
    CampaignState,
    Chunk,
    ChunkState,
    Delivery,
    Schedule,
    ScheduleKind,
    ScheduleRun,
)
from newsletter.reports.status import status
from newsletter.settings import Tracking
from newsletter.tokens import MailClaim
from subscribers.tables import Subscriber
from tests.support.commands import CommandLine
from tests.support.mails import Mail
from tests.support.school import ISSUE, a_scheduled_trial, a_school, add_families, chunks, send, snapshot
from tests.support.smtp_server import SmtpServer
from tests.support.threads import at_once


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def app(database_url: str, tmp_path: Path, server: SmtpServer, clock: Clock) -> Iterator[App]:
    with a_school(database_url, server.url, tmp_path, clock) as app:
        yield app


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
    add_families(app, 17, tracking=True)
    campaign_id = a_scheduled_trial(app, 50)
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
    add_families(app, 7)
    campaign_id = a_scheduled_trial(app, 40)
    snapshot(app, campaign_id)
    with app.database.writing() as session:
        arms.choose(session, app.clock, campaign_id, "B", Tracking.CONSENT)
    with app.database.writing() as session, pytest.raises(NothingToDecide):
        arms.choose(session, app.clock, campaign_id, "A", Tracking.CONSENT)
    assert ChunkState.HELD not in {chunk.state for chunk in chunks(app, campaign_id)}
    with app.database.reading() as session:
        assert get(session, campaign_id).winner == "B"
        assert session.scalar(select(Schedule.next_at).where(Schedule.kind == ScheduleKind.WINNER)) is None


def test_a_cancelled_test_is_not_decided(app: App, clock: Clock) -> None:
    campaign_id = a_scheduled_trial(app, 40)
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
    campaign_id = a_scheduled_trial(app, 2)
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
        results = trials.results(session, campaign_id, Tracking.CONSENT)
        assert [(result.of, result.clicked) for result in results] == [(1, 0), (1, 1)]
    clock.offset += timedelta(hours=4, minutes=1)
    app.scheduler().tick()
    with app.database.reading() as session:
        assert get(session, campaign_id).winner == "B"


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([""], "one line"),
        (["  "], "one line"),
        (["two\nlines"], "one line"),
        (['Small bridges, {{ reader.first_name | default("friend") }}'], "the issue's own"),
        (["es=Puentes pequeños"], "the issue's own"),
        (["Hello, {{ reader.shoe_size }}"], "merge field"),
        (["fr=Petits ponts"], "no texts in fr. Give the other subject in one of: en, es"),
        (["One", "en=Two"], "two other subjects in en"),
    ],
)
def test_a_subject_that_cannot_be_tested_is_refused(texts: list[str], sentence: str) -> None:
    with pytest.raises(SubjectInvalid, match=sentence):
        Trial.of(parse(ISSUE), texts, 20, timedelta(hours=4))


def test_a_subject_may_be_given_for_each_language() -> None:
    trial = Trial.of(parse(ISSUE), ["a=b is no language", "es=Puentes largos"], 20, timedelta(hours=4))
    assert trial.subjects == {"en": "a=b is no language", "es": "Puentes largos"}
    shown = arms.with_subject_b(parse(ISSUE), arms.columns(trial)["subject_b"])
    assert shown.subject == trial.subjects


def test_of_four_schedulers_one_decides(app: App, clock: Clock) -> None:  # F5
    add_families(app, 7)
    campaign_id = a_scheduled_trial(app, 40)
    snapshot(app, campaign_id)
    clock.offset += timedelta(hours=5)
    assert at_once(*[app.scheduler().fire] * 4) == []
    with app.database.reading() as session:
        runs = select(func.count()).join(Schedule, Schedule.id == ScheduleRun.schedule_id)
        assert session.scalar(runs.select_from(ScheduleRun).where(Schedule.kind == ScheduleKind.WINNER)) == 1
        assert get(session, campaign_id).winner == "A"


def test_a_person_and_the_schedule_at_the_same_moment_decide_once(app: App, clock: Clock) -> None:  # F5
    add_families(app, 7)
    campaign_id = a_scheduled_trial(app, 40)
    snapshot(app, campaign_id)
    clock.offset += timedelta(hours=5)

    def choose() -> None:
        with app.database.writing() as session:
            arms.choose(session, clock, campaign_id, "B", Tracking.CONSENT)

    raised = at_once(app.scheduler().fire, choose)
    with app.database.reading() as session:
        campaign = get(session, campaign_id)
        assert campaign.decision is not None
        by = campaign.decision["decided_by"]
    assert [type(error) for error in raised] == ([NothingToDecide] if by == "clicks" else [])
    assert campaign.winner == ("A" if by == "clicks" else "B")
    assert {chunk.arm for chunk in chunks(app, campaign_id)} == {"A", "B"}


def test_a_paused_test_is_decided_in_its_time_and_goes_on_when_resumed(
    app: App, clock: Clock, server: SmtpServer
) -> None:
    add_families(app, 7, tracking=True)
    campaign_id = a_scheduled_trial(app, 40)
    send(app, campaign_id)
    clicks(app, campaign_id, "B", 1)
    with app.database.writing() as session:
        lifecycle.pause(session, campaign_id)
    clock.offset += timedelta(hours=5)
    app.scheduler().tick()
    with app.database.writing() as session:
        assert get(session, campaign_id).winner == "B"
        lifecycle.resume(session, campaign_id)
    assert len(server.record.bodies) == 4
    assert send(app, campaign_id).state == CampaignState.SENT
    assert len(server.record.bodies) == 10


def a_request(app: App, campaign_id: int, arm: str, tracking: Tracking) -> None:
    """Somebody of an arm follows a link."""
    with app.database.writing() as session:
        of_arm = (
            select(Delivery.seq)
            .join(Chunk, Chunk.campaign_id == Delivery.campaign_id)
            .where(Delivery.campaign_id == campaign_id, Chunk.arm == arm, Delivery.seq.between(Chunk.lo, Chunk.hi))
        )
        seq = session.scalars(of_arm.order_by(Delivery.seq).limit(1)).one()
        request = Request(app.clock.now() + timedelta(minutes=5), "GET", "Mozilla/5.0 (X11; Linux x86_64)")
        writing.write(session, [Fact(EventKind.CLICK, MailClaim(campaign_id, seq, 2), request)], tracking)


@pytest.mark.parametrize(
    ("tracking", "counts", "of"),
    [(Tracking.COUNTS, "requests", 2), (Tracking.PERSONAL, "readers", 2), (Tracking.CONSENT, "requests", 2)],
)
def test_what_is_kept_of_clicks_says_what_is_compared(app: App, tracking: Tracking, counts: str, of: int) -> None:
    with app.database.writing() as session:
        session.execute(update(Subscriber).values(tracking=tracking is Tracking.COUNTS))
    add_families(app, 7)
    campaign_id = a_scheduled_trial(app, 40)
    send(app, campaign_id)
    a_request(app, campaign_id, "B", tracking)
    with app.database.reading() as session:
        a, b = trials.results(session, campaign_id, tracking)
    assert (a.counts, a.of, a.clicked) == (counts, of, 0)
    assert (b.counts, b.of, b.clicked) == (counts, of, 1)


@pytest.fixture
def newsletter(
    sqlite_url: str,
    tmp_path: Path,
    server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """The command line of a school of eleven families, all of whom agreed to tracking."""
    with a_school(sqlite_url, server.url, tmp_path, Clock()) as app:
        add_families(app, 8, tracking=True)
    return CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, server.url)


def test_a_test_from_the_command_line(newsletter: CommandLine, server: SmtpServer) -> None:
    subjects = ("--subject-b", "Seven long bridges", "--subject-b", "es=Puentes largos")
    made = newsletter.do(
        "campaigns", "create", "--issue", "1", "--list", "families", *subjects, "--test-percent", "40",
        "--decide-after", "90m", "--json",
    ).json()  # fmt: skip
    campaign_id = str(made["id"])
    newsletter.do("campaigns", "schedule", campaign_id, "--now")
    sent = newsletter("send", campaign_id)
    assert (sent.code, len(server.record.bodies)) == (3, 4)
    assert "the subject for the rest is chosen at" in sent.out

    before = newsletter.do("campaigns", "status", campaign_id, "--json").json()["test"]
    assert before.pop("decide_at")
    assert before == {
        "subject_b": {"en": "Seven long bridges", "es": "Puentes largos"},
        "percent": 40,
        "counts": "readers",
        "arms": {arm: {"accepted": 2, "of": before["arms"][arm]["of"], "clicked": 0, "rate": 0.0} for arm in "AB"},
        "decided_by": None,
        "winner": None,
        "decided_at": None,
    }
    shown = newsletter.do("campaigns", "status", campaign_id).out
    assert "B: Seven long bridges" in shown
    assert "The rest waits; the subject that more people followed goes to it" in shown

    newsletter.do("campaigns", "winner", campaign_id, "B")
    newsletter.do("send", campaign_id)
    after = newsletter.do("campaigns", "status", campaign_id, "--json").json()["test"]
    assert (after["winner"], after["decided_by"], after["decide_at"]) == ("B", "person", None)
    assert after["arms"] == before["arms"], "the figures on which it was decided"
    assert "The rest gets subject B: decided by a person," in newsletter.do("campaigns", "status", campaign_id).out
    again = newsletter("campaigns", "winner", campaign_id, "A")
    assert (again.code, again.err) == (
        1, "Error: This campaign has no test of two subjects that waits for its winner.\n",
    )  # fmt: skip


def test_a_test_that_ended_early_says_that_nothing_waits(newsletter: CommandLine) -> None:
    newsletter.do("campaigns", "create", "--issue", "1", "--list", "families", "--subject-b", "[b]Seven[/b]")
    shown = newsletter.do("campaigns", "status", "1").out
    assert "B: [b]Seven[/b]" in shown
    assert "Nothing waits for a winner." in shown


@pytest.mark.parametrize("given", [("--decide-after", "soon"), ("--test-percent", "1"), ("--subject-b", "")])
def test_a_test_that_makes_no_sense_is_refused(newsletter: CommandLine, given: tuple[str, str]) -> None:
    arguments = ("campaigns", "create", "--issue", "1", "--list", "families", "--subject-b", "Seven", *given)
    assert newsletter(*arguments).code in (1, 2)
    assert json.loads(newsletter.do("campaigns", "list", "--json").out) == []
