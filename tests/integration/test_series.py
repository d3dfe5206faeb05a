from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from newsletter.app import App
from newsletter.campaigns import series
from newsletter.campaigns.recurrence import Recurrence, RecurrenceInvalid
from newsletter.campaigns.series import NothingToBeginWith, SeriesExists
from newsletter.campaigns.times import TimeZoneInvalid
from newsletter.clock import Clock
from newsletter.engine.embedded import Crew
from newsletter.issues import issues
from newsletter.issues.tables import Issue
from newsletter.ledger.tables import Schedule, ScheduleKind
from newsletter.schedule import next_time
from subscribers import lists
from subscribers.errors import NewsletterError, NotFound
from tests.support.mails import Mail
from tests.support.school import a_school
from tests.support.smtp_server import SmtpServer

FIRST_TUESDAY = Recurrence.parse("1st tue 09:00")
CHICAGO = "America/Chicago"


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def app(database_url: str, tmp_path: Path, server: SmtpServer, clock: Clock) -> Iterator[App]:
    with a_school(database_url, server.url, tmp_path, clock) as app:
        yield app


def a_series(app: App, remind: str = "") -> datetime:
    """A monthly series; when it opens its next draft."""
    next_at = next_time(FIRST_TUESDAY, CHICAGO, app.clock.now())
    with app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, "families")
        series.create(session, app.clock, "monthly", FIRST_TUESDAY, CHICAGO, list_, next_at, remind=remind)
    return next_at


def months(app: App) -> list[str]:
    with app.database.reading() as session:
        return list(session.scalars(select(Issue.month).order_by(Issue.id)))


@pytest.mark.parametrize(
    ("words", "after", "due"),
    [
        ("1st tue 09:00", (2026, 11, 23), (2026, 12, 1, 15, 0)),
        ("last friday 8:30", (2026, 11, 23), (2026, 11, 27, 14, 30)),
        ("15th 09:00", (2026, 11, 23), (2026, 12, 15, 15, 0)),
        ("mon 07:00", (2026, 11, 24), (2026, 11, 30, 13, 0)),
        ("last 18:00", (2026, 11, 24), (2026, 12, 1, 0, 0)),
        ("0 9 1 * *", (2026, 11, 24), (2026, 12, 1, 15, 0)),
    ],
)
def test_the_words_say_when(words: str, after: tuple[int, int, int], due: tuple[int, ...]) -> None:
    assert next_time(Recurrence.parse(words), CHICAGO, datetime(*after, tzinfo=UTC)) == datetime(*due, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    "words", ["", "often", "1st tue", "6th tue 09:00", "tue 25:00", "32nd 09:00", "0 9 1 *", "a; b c d e", "0 99 1 * *"]
)
def test_words_that_say_nothing_are_refused_with_examples(words: str) -> None:
    with pytest.raises(RecurrenceInvalid, match="1st tue 09:00"):
        next_time(Recurrence.parse(words), CHICAGO, datetime(2026, 11, 23, tzinfo=UTC))


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(TimeZoneInvalid, match="Mars/Base"):
        next_time(FIRST_TUESDAY, "Mars/Base", datetime(2026, 11, 23, tzinfo=UTC))


def test_the_hour_that_the_autumn_repeats_counts_once() -> None:  # F16
    rule = Recurrence.parse("sun 01:30")
    first = next_time(rule, CHICAGO, datetime(2026, 10, 31, tzinfo=UTC))
    assert first == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert next_time(rule, CHICAGO, first) == datetime(2026, 11, 8, 7, 30, tzinfo=UTC)


def test_the_hour_that_the_spring_skips_is_an_hour_later() -> None:  # F16
    due = next_time(Recurrence.parse("sun 02:30"), CHICAGO, datetime(2027, 3, 13, 12, tzinfo=UTC))
    assert due == datetime(2027, 3, 14, 8, 30, tzinfo=UTC)


def test_a_series_opens_the_next_months_draft_as_the_last_one_was(app: App, clock: Clock) -> None:
    due = a_series(app)
    app.scheduler().tick()
    assert months(app) == ["2026-12"]
    clock.offset += due - clock.now() + timedelta(minutes=1)
    for _ in range(2):
        app.scheduler().tick()
    assert months(app) == ["2026-12", "2027-01"]
    with app.database.reading() as session:
        december, january = session.scalars(select(Issue).order_by(Issue.id))
        before, after = (issues.document_of(issues.latest(session, issue)) for issue in (december, january))
        assert (before.subject, before.sections) == (after.subject, after.sections)
        next_at = session.scalar(select(Schedule.next_at).where(Schedule.kind == ScheduleKind.SERIES))
    assert next_at == next_time(FIRST_TUESDAY, CHICAGO, due)


def test_after_months_away_it_opens_one_draft(app: App, clock: Clock) -> None:  # F17
    due = a_series(app)
    clock.offset += due - clock.now() + timedelta(days=100)
    app.scheduler().tick()
    app.scheduler().tick()
    assert months(app) == ["2026-12", "2027-01"]


def test_the_editor_is_told_by_a_mail_without_pixel_or_list(app: App, clock: Clock, server: SmtpServer) -> None:  # M21
    due = a_series(app, "editor@maple.example")
    clock.offset += due - clock.now() + timedelta(minutes=1)
    app.scheduler().tick()
    crew = Crew(app.sending())
    crew.start()
    while not server.record.recipients and crew.failure is None:
        crew.found_nothing.wait(0.01)
    crew.stop()
    assert server.record.recipients == ["editor@maple.example"]
    mail = Mail(server.record.bodies[0])
    assert mail.parsed["Subject"] == "Your draft for January 2027 is open"
    assert mail.parsed["Auto-Submitted"] == "auto-generated"
    assert mail.parsed["List-Unsubscribe"] is None
    assert "newsletter issues export 2 2027-01.md" in mail.text
    assert "/o/" not in mail.html


def test_a_series_that_cannot_be_made_says_why(app: App, clock: Clock) -> None:
    a_series(app)
    with pytest.raises(SeriesExists, match="monthly"):
        a_series(app)
    with app.database.writing() as session, pytest.raises(NewsletterError):
        list_ = lists.get(session, app.organization.id, "families")
        series.create(session, clock, "other", FIRST_TUESDAY, CHICAGO, list_, clock.now(), remind="not an address")
    with app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, "families")
        list_.organization_id += 1  # an organization without any issue
        session.expunge(list_)
        with pytest.raises(NothingToBeginWith):
            series.create(session, clock, "empty", FIRST_TUESDAY, CHICAGO, list_, clock.now())


def test_a_series_that_is_removed_opens_nothing(app: App, clock: Clock) -> None:
    due = a_series(app)
    with app.database.writing() as session:
        series.remove(session, app.organization.id, "monthly")
    with app.database.writing() as session, pytest.raises(NotFound, match="monthly"):
        series.remove(session, app.organization.id, "monthly")
    clock.offset += due - clock.now() + timedelta(minutes=1)
    app.scheduler().tick()
    assert months(app) == ["2026-12"]
    with app.database.reading() as session:
        assert session.scalar(select(func.count()).where(Schedule.kind == ScheduleKind.SERIES)) == 0
