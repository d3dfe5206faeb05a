"""What was kept as long as the settings say goes by itself; nothing goes before, and the figures stay."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.events import persons, retention
from newsletter.events.tables import CampaignStat, Event
from newsletter.ledger import balance
from newsletter.ledger.tables import CampaignState, Delivery, Schedule, ScheduleKind
from newsletter.reports.campaigns import CampaignReport, campaign_report
from newsletter.sending.sender import Sender
from subscribers.tables import ConsentRecord, Subscriber
from tests.support.keeping import KEPT, a_keeping_school, after, count, purge, step
from tests.support.persons import a_known_person, hear_of, traces
from tests.support.school import FAMILIES, a_scheduled_campaign, add_family, send, step_until_nothing


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[App]:
    with a_keeping_school(database_url, tmp_path, clock, **KEPT) as app:
        yield app


def report(app: App, campaign_id: int) -> CampaignReport:
    with app.database.reading() as session:
        return campaign_report(session, campaign_id, 1, app.rollups)


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


def test_a_count_that_fails_is_said_and_keeps_nobodys_data_longer(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    hear_of(app, campaign_id)
    after(app, 800)
    events = count(app, Event)
    assert events

    def broken() -> None:
        raise ZeroDivisionError

    replace(app.scheduler(), roll_up=broken).tend()
    assert count(app, Event) == 0
