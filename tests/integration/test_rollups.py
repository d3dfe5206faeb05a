"""Large campaigns show the count that was kept, small ones count at once, and forgotten ones keep their last."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.events.tables import EventKind
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, DeliveryState
from newsletter.reports import comparisons, rollups
from newsletter.reports.campaigns import CampaignReport, campaign_report
from newsletter.reports.counting import Counted
from newsletter.reports.health import health_report
from newsletter.reports.refused import Refused
from newsletter.reports.tables import CampaignRollup
from subscribers.db import Database
from tests.support.counting import rollups as rollups_of
from tests.support.keeping import a_keeping_school, after
from tests.support.mixed_returns import mixed
from tests.support.persons import a_known_person, hear_of
from tests.support.returns import SENT_AT, Returns
from tests.support.school import a_scheduled_campaign, send


@pytest.fixture
def app(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[App]:
    with a_keeping_school(database_url, tmp_path, clock, keep_events_days=700) as app:
        yield app


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every issue is a large campaign; the single mails are fewer."""
    monkeypatch.setattr(rollups, "FEW", 3)


def report(app: App, campaign_id: int) -> CampaignReport:
    with app.database.reading() as session:
        return campaign_report(session, campaign_id, 1, app.rollups)


def of_copies(found: CampaignReport) -> tuple[object, ...]:
    parts = (found.languages, found.bands, found.roles, found.domains, found.returned, found.totals.states)
    return (*parts, found.totals.tracked)


def test_a_kept_count_is_what_it_was_before_it_was_kept(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        returns = mixed(session)
    kept = rollups_of(clock).make(database, returns.campaign_id)
    with database.reading() as session:
        row = session.get_one(CampaignRollup, returns.campaign_id)
        assert Counted.of(row.counted) == kept
    assert kept.returned.hard_reasons[Reason.NO_SUCH_USER] > 0
    assert sum(kept.refused.values()) == kept.states[DeliveryState.REJECTED]
    assert kept.refused[Reason.NO_SUCH_USER] > 0
    assert kept.refused[Reason.BLOCKED] > 0
    assert set(kept.domains) == {"gmail.example", "school.example", "smiths.example", "others"}


def test_a_count_kept_before_refusals_were_judged_says_that_nobody_knows_why(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        returns = mixed(session)
    facts = rollups_of(clock).make(database, returns.campaign_id).as_facts()
    del facts["refused"]
    older, refused = Counted.of(facts), Refused()
    refused.add(returns.campaign_id, older.states, older.refused)
    assert refused.unknown == refused.copies == older.states[DeliveryState.REJECTED] > 0


def test_no_domain_of_a_handful_of_copies_is_kept(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        returns = Returns(session)
        returns.copies(5)
        for seq in (returns.copy(), returns.copy()):
            returns.delivery(seq).to_address = "ana@smiths.example"
    kept = rollups_of(clock).make(database, returns.campaign_id)
    assert {name: figures.accepted for name, figures in kept.domains.items()} == {"school.example": 5, "others": 2}


@pytest.mark.usefixtures("few")
def test_a_large_campaign_shows_what_was_counted_last_and_when(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    assert report(app, campaign_id).as_of is None
    at = app.clock.now()
    app.rollups.make(app.database, campaign_id)
    hear_of(app, campaign_id)
    found = report(app, campaign_id)
    assert found.as_of is not None
    assert abs(found.as_of - at) < timedelta(minutes=1)
    assert (sum(group.opened or 0 for group in found.languages), found.totals.opened.total) == (0, 1)


@pytest.mark.usefixtures("few")
def test_it_is_counted_again_when_something_came_back_and_some_time_has_passed(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    app.rollups.make(app.database, campaign_id)
    after(app, 0.5)
    assert app.rollups.make_due(app.database) is None
    hear_of(app, campaign_id)
    assert app.rollups.make_due(app.database) == campaign_id
    opened = sum(group.opened or 0 for group in report(app, campaign_id).languages)
    assert opened == report(app, campaign_id).totals.opened.human


@pytest.mark.usefixtures("few")
def test_counting_takes_a_small_part_of_the_time(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    app.rollups.make(app.database, campaign_id)
    hear_of(app, campaign_id)
    assert app.rollups.make_due(app.database) is None
    with app.database.writing() as session:
        session.get_one(CampaignRollup, campaign_id).seconds = 3600.0
    after(app, 2)
    assert app.rollups.make_due(app.database) is None
    after(app, 1)
    assert app.rollups.make_due(app.database) == campaign_id


def test_a_small_campaign_is_counted_when_it_is_asked_for(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    app.rollups.make(app.database, campaign_id)
    hear_of(app, campaign_id)
    assert report(app, campaign_id).as_of is None
    assert app.rollups.make_due(app.database) is None


def test_what_was_counted_outlives_the_readers(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    hear_of(app, campaign_id)
    before = report(app, campaign_id)
    after(app, 701)
    for _ in range(10):
        app.scheduler().tick()
    found = report(app, campaign_id)
    assert found.as_of is not None
    assert of_copies(found) == of_copies(before)
    assert (found.totals, found.rates) == (before.totals, before.rates)
    assert before.totals.tracked > 0
    with app.database.reading() as session:
        assert session.get_one(Campaign, campaign_id).state is CampaignState.SENT
        assert app.rollups.make_due(app.database) is None


def test_after_the_last_count_nothing_is_counted_again(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    after(app, 31)
    assert app.rollups.make_due(app.database) == campaign_id
    hear_of(app, campaign_id)
    after(app, 1)
    assert app.rollups.make_due(app.database) is None


def test_every_campaign_is_counted_soon_after_its_end_and_once_a_day_until_little_comes_back(app: App) -> None:
    campaign_id = a_scheduled_campaign(app)
    assert app.rollups.make_due(app.database) is None
    send(app, campaign_id)
    app.rollups.make_all_due(app.database)
    with app.database.reading() as session:
        assert session.get_one(CampaignRollup, campaign_id).mark.startswith("sent ")
    after(app, 0.5)
    assert app.rollups.make_due(app.database) is None
    after(app, 1)
    assert app.rollups.make_due(app.database) == campaign_id


def test_beside_others_a_campaign_is_read_and_not_counted_until_something_comes_back(app: App) -> None:
    a_known_person(app)
    campaign_id = a_scheduled_campaign(app)
    send(app, campaign_id)
    app.rollups.make_all_due(app.database)
    with app.database.reading() as session, statements(session) as asked:
        app.rollups.past(session, session.get_one(Campaign, campaign_id))
        health_report(session, app.organization.id, None, app.clock.now(), 5, app.rollups)
    assert not [statement for statement in asked if "FROM delivery" in statement]
    hear_of(app, campaign_id)
    with app.database.reading() as session, statements(session) as asked:
        app.rollups.past(session, session.get_one(Campaign, campaign_id))
    assert [statement for statement in asked if "FROM delivery" in statement]


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield found
    event.remove(connection, "before_cursor_execute", note)


def an_earlier_one(returns: Returns, days: int, opened: int) -> None:
    """An issue of the same list, to ten who agreed."""
    earlier = Returns(returns.session, returns, SENT_AT - timedelta(days=days))
    first = earlier.copies(10, agreed=True)
    for seq in range(first, first + opened):
        earlier.event(EventKind.OPEN, seq)


def test_a_campaign_is_compared_with_the_six_before_it(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        returns = Returns(session)
        for days, opened in ((1, 5), (2, 4), (3, 3), (4, 2), (5, 5), (6, 3), (7, 9)):
            an_earlier_one(returns, days, opened)
        an_earlier_one(returns, -1, 10)
        first = returns.copies(10, agreed=True)
        for seq in range(first, first + 6):
            returns.event(EventKind.OPEN, seq)
        found = campaign_report(session, returns.campaign_id, 1, rollups_of(clock))
        assert found.comparison is not None
        usual = found.comparison.usual["opened"]
        assert usual is not None
        assert [usual.middle, usual.low, usual.high] == pytest.approx([0.35, 0.2, 0.5])
        assert len(found.comparison.campaign_ids) == 6
        assert found.comparison.usual["complained"] is None
        assert comparisons.sentence(found.rates, found.comparison) == (
            "More readers opened it than in any of the last 6 issues: 60.0 %, the last 6 issues 20.0 % to 50.0 %."
        )


def test_the_sentence_says_fewer_usual_or_nothing(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        returns = Returns(session)
        first = returns.copies(10, agreed=True)
        returns.event(EventKind.OPEN, first)
        an_earlier_one(returns, 1, 5)

        def sentence() -> str:
            found = campaign_report(session, returns.campaign_id, 1, rollups_of(clock))
            assert found.comparison is not None
            return comparisons.sentence(found.rates, found.comparison)

        assert sentence() == "There are too few issues before it to compare with."
        an_earlier_one(returns, 2, 3)
        assert sentence().startswith("Fewer readers opened it than in any of the last 2 issues: 10.0 %")
        for seq in range(first + 1, first + 4):
            returns.event(EventKind.OPEN, seq)
        assert sentence().startswith("As many readers opened it as usual: 40.0 %")


def test_a_stream_is_compared_with_nothing_and_has_no_domains(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        returns = Returns(session)
        returns.campaign.kind = CampaignKind.STREAM
        returns.copies(6, variant="confirm:1:en")
        found = campaign_report(session, returns.campaign_id, 1, rollups_of(clock))
    assert (found.comparison, found.domains) == (None, ())
    assert found.totals.states[DeliveryState.ACCEPTED] == 6
