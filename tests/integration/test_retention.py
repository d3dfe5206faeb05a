"""What was kept as long as the settings say goes by itself; nothing goes before, and the figures stay."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.events import persons, retention
from newsletter.events.tables import CampaignStat, Event
from newsletter.ledger import balance
from newsletter.ledger.tables import CampaignState, Delivery, Schedule, ScheduleKind
from newsletter.reports.campaigns import CampaignReport, campaign_report
from newsletter.sending.sender import Sender
from newsletter.settings import Tracking
from subscribers import lists, subscribers, subscriptions
from subscribers.tables import ConsentRecord, List, Subscriber, Subscription, SubscriptionState
from tests.support.persons import ADDRESS, EVIDENCE, a_known_person, hear_of, traces
from tests.support.school import FAMILIES, a_scheduled_campaign, a_school, add_family, send, step_until_nothing

KEPT = {"keep_events_days": 700, "keep_persons_days": 300, "keep_pending_days": 30, "keep_evidence_days": 1000}
FOR_EVER = dict.fromkeys(KEPT, 0) | {"keep_evidence_days": 100_000}


@contextmanager
def a_keeping_school(database_url: str, folder: Path, clock: Clock, **kept: int) -> Iterator[App]:
    with a_school(database_url, f"file:{folder}/outbox", folder / "state", clock, **(FOR_EVER | kept)) as app:
        yield app


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[App]:
    with a_keeping_school(database_url, tmp_path, clock, **KEPT) as app:
        yield app


def after(app: App, days: float) -> None:
    app.clock.offset += timedelta(days=days)


def purge(app: App) -> dict[str, int]:
    """What went of each kind, without those of which nothing did; a dry run has said the same before."""
    kept, now = retention.clocks(app.settings), app.clock.now()
    with app.database.reading() as session:
        due = {name: found.rows for name, found in retention.due(session, kept, now).items() if found.rows}
    went, is_all = retention.purge(app.database, kept, now)
    assert is_all
    assert {name: count for name, count in went.items() if count} == due
    return due


def report(app: App, campaign_id: int) -> CampaignReport:
    with app.database.reading() as session:
        return campaign_report(session, campaign_id, 1, tracking=Tracking.CONSENT, context_of=app.rule_context)


def count(app: App, of: Any) -> int:
    with app.database.reading() as session:
        return session.scalars(select(func.count()).select_from(of)).one()


def people(app: App) -> set[str]:
    with app.database.reading() as session:
        return set(session.scalars(select(Subscriber.address)))


def step(app: App, reader_id: int, what: str, slug: str = "families") -> None:
    with app.database.writing() as session:
        reader, now = session.get_one(Subscriber, reader_id), app.clock.now()
        list_ = lists.get(session, app.organization.id, slug)
        match what:
            case "ask":
                subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, now, evidence=EVIDENCE)
            case "confirm":
                subscriptions.confirm(session, reader, list_, now, evidence=EVIDENCE)
            case _:
                subscriptions.unsubscribe(session, reader, list_, now, evidence=EVIDENCE)


def a_stranger(app: App, *, slug: str = "families") -> int:
    """Who asked for a list and did not confirm yet."""
    with app.database.writing() as session:
        reader = subscribers.add(session, app.organization, ADDRESS, now=app.clock.now())
    step(app, reader.id, "ask", slug)
    return reader.id


def test_nothing_goes_before_its_time(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    hear_of(app, campaign_id)
    after(app, 699)
    assert purge(app) == {}


def test_old_mails_lose_their_readers_and_keep_their_figures(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    assert send(app, campaign_id).state == CampaignState.SENT
    hear_of(app, campaign_id)
    before, counters = report(app, campaign_id), count(app, CampaignStat)
    after(app, 701)
    assert purge(app) == {
        "readers of issues": 4,
        "opens, clicks and bounces": 3,
    }  # the single mails were never sent: they wait for a sender
    old = report(app, campaign_id)
    assert (old.totals.audience, old.totals.states) == (before.totals.audience, before.totals.states)
    assert (old.totals.opened.total, old.totals.clicked.total) == (1, 1)
    assert [link.clicked.total for link in old.links] == [link.clicked.total for link in before.links]
    assert count(app, CampaignStat) == counters
    with app.database.reading() as session:
        assert balance.balance(session, campaign_id).balances
        of_issue = select(Delivery.subscriber_id, Delivery.to_address, Delivery.payload, Delivery.error)
        assert set(session.execute(of_issue.where(Delivery.campaign_id == campaign_id)).all()) == {
            (None, "", None, None)
        }
    # What nobody can know any more is not said to be nothing.
    assert (old.totals.tracked, old.rates.opened, old.rates.clicked, old.rates.delivered) == (0, None, None, None)


def test_of_readers_erased_before_nothing_is_counted_longer_than_of_others(app: App) -> None:
    reader_id = add_family(app, "gone@families.example", tracking=True)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    with app.database.writing() as session:
        persons.forget(session, [reader_id], app.clock.now())
    assert report(app, campaign_id).totals.tracked == 3
    after(app, 701)
    purge(app)
    assert report(app, campaign_id).totals.tracked == 0


def test_single_mails_lose_their_readers_when_they_are_old(app: App, tmp_path: Path) -> None:
    a_known_person(app)
    sender = Sender(app.sending())
    step_until_nothing(sender)
    sender.close()
    after(app, 701)
    assert purge(app)["readers of single mails"] == 2
    assert not any(name.startswith("delivery.") for name in traces(app.database, tmp_path))


def test_a_sign_up_that_is_never_confirmed_is_forgotten_with_the_person(app: App) -> None:
    a_stranger(app)
    after(app, 29)
    assert purge(app) == {}
    after(app, 2)
    assert purge(app) == {"unconfirmed sign-ups": 1}
    assert people(app) == set(FAMILIES)


def test_a_sign_up_asked_for_again_waits_from_then(app: App) -> None:
    reader_id = a_stranger(app)
    step(app, reader_id, "confirm")
    step(app, reader_id, "leave")
    after(app, 100)
    step(app, reader_id, "ask")
    after(app, 29)
    assert purge(app) == {}
    after(app, 2)
    assert purge(app) == {"unconfirmed sign-ups": 1}
    with app.database.reading() as session:
        assert session.scalars(select(Subscription.state).where(Subscription.subscriber_id == reader_id)).all() == [
            SubscriptionState.UNSUBSCRIBED
        ]
    after(app, 300 - 131 + 1)
    assert purge(app) == {"people who left": 1}


def test_who_reads_another_list_only_loses_the_sign_up(app: App) -> None:
    with app.database.writing() as session:
        lists.create(session, app.organization.id, "teachers", "Teachers", now=app.clock.now())
    reader_id = a_stranger(app, slug="teachers")
    step(app, reader_id, "ask")
    step(app, reader_id, "confirm")
    after(app, 31)
    assert purge(app) == {"unconfirmed sign-ups": 1}
    with app.database.reading() as session:
        on = select(List.slug).join(Subscription).where(Subscription.subscriber_id == reader_id)
        assert session.scalars(on).all() == ["families"]


def test_who_confirms_in_the_last_moment_stays(app: App) -> None:
    reader_id = a_stranger(app)
    after(app, 31)
    kept, now = retention.clocks(app.settings), app.clock.now()
    [clock] = [clock for clock in kept if clock.name == "unconfirmed sign-ups"]
    cut = retention.Cut(now - timedelta(days=30), now)
    with app.database.reading() as session:
        rows = session.execute(clock.due(cut.before)).all()
    step(app, reader_id, "confirm")
    with app.database.writing() as session:
        assert clock.forget(session, rows, cut) == 0
    assert ADDRESS.mailed in people(app)


def test_who_has_left_every_list_is_forgotten_after_the_last_leaving(app: App, tmp_path: Path) -> None:
    with app.database.writing() as session:
        lists.create(session, app.organization.id, "teachers", "Teachers", now=app.clock.now())
    reader_id = a_known_person(app)
    step(app, reader_id, "ask", "teachers")
    step(app, reader_id, "confirm", "teachers")
    step(app, reader_id, "leave")
    after(app, 290)
    step(app, reader_id, "leave", "teachers")
    after(app, 299)
    assert purge(app) == {}
    after(app, 2)
    assert purge(app) == {"people who left": 1}
    assert people(app) == set(FAMILIES)
    assert traces(app.database, tmp_path) == set()


def test_who_comes_back_in_the_last_moment_stays(app: App) -> None:
    reader_id = a_known_person(app)
    step(app, reader_id, "leave")
    after(app, 301)
    kept, now = retention.clocks(app.settings), app.clock.now()
    [clock] = [clock for clock in kept if clock.name == "people who left"]
    cut = retention.Cut(now - timedelta(days=300), now)
    with app.database.reading() as session:
        rows = session.execute(clock.due(cut.before)).all()
    step(app, reader_id, "ask")
    with app.database.writing() as session:
        assert clock.forget(session, rows, cut) == 0
    assert ADDRESS.mailed in people(app)


def test_who_was_never_on_a_list_has_left_none(app: App) -> None:
    with app.database.writing() as session:
        subscribers.add(session, app.organization, ADDRESS, now=app.clock.now())
    after(app, 5000)
    purge(app)
    assert ADDRESS.mailed in people(app)


def test_consents_forget_in_time_from_where_they_came(app: App) -> None:
    a_known_person(app)
    after(app, 1001)
    assert purge(app)["origins of consents"] == 3
    with app.database.reading() as session:
        records = session.execute(
            select(ConsentRecord.network_address, ConsentRecord.user_agent, ConsentRecord.wording).where(
                ConsentRecord.source == "form"
            )
        )
        assert set(records.all()) == {("", "", "I agree.")}


def test_what_is_kept_for_ever_is_kept(database_url: str, tmp_path: Path, clock: Clock) -> None:
    with a_keeping_school(database_url, tmp_path, clock) as app:
        a_known_person(app)
        campaign_id = a_scheduled_campaign(app)
        send(app, campaign_id)
        hear_of(app, campaign_id)
        after(app, 20_000)
        assert purge(app) == {}


def test_a_tick_lets_go_once_a_day_whoever_ticks(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)
    monkeypatch.setattr(retention, "PAGES", 1)
    for n in range(5):
        step(app, add_family(app, f"leaves{n}@families.example"), "leave")
    app.scheduler().tick()
    after(app, 301)
    left = []
    for _ in range(5):
        app.scheduler().tick()
        left.append(count(app, Subscriber) - len(FAMILIES))
    assert left == [3, 1, 0, 0, 0]  # as many as a page in each tick, until that is all
    step(app, add_family(app, "late@families.example"), "leave")
    with app.database.reading() as session:
        due = session.scalars(select(Schedule.next_at).where(Schedule.kind == ScheduleKind.PURGE)).one()
    assert due is not None
    assert timedelta(hours=23) < due - app.clock.now() <= retention.EVERY


def test_one_process_purges_and_another_goes_on_when_it_died(app: App) -> None:
    def turn() -> bool:
        with app.database.reading() as session:
            if not retention.is_time(session, app.clock):
                return False
        with app.database.writing() as session:
            return retention.take_turn(session, app.clock, app.organization.id)

    assert [turn(), turn()] == [True, False]
    app.clock.offset += retention.TURN + timedelta(seconds=1)
    assert turn()
    with app.database.writing() as session:
        retention.end_turn(session, app.clock, is_all=True)
    assert not turn()
    after(app, 1)
    assert turn()


def test_events_go_in_pages_and_none_twice(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 1)
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    hear_of(app, campaign_id)
    after(app, 701)
    told: list[int] = []
    went, is_all = retention.purge(app.database, retention.clocks(app.settings), app.clock.now(), progress=told.append)
    assert is_all
    assert count(app, Event) == 0
    assert told == [1] * sum(went.values())
