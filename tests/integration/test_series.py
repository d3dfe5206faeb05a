from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from newsletter import checks
from newsletter.app import App
from newsletter.campaigns import series
from newsletter.campaigns.recurrence import Recurrence, RecurrenceInvalid
from newsletter.campaigns.series import NothingToBeginWith, SeriesExists
from newsletter.campaigns.times import TimeZoneInvalid
from newsletter.clock import Clock
from newsletter.engine.embedded import Crew
from newsletter.issues import issues
from newsletter.issues.tables import Issue
from newsletter.ledger.tables import Campaign, Delivery, Schedule, ScheduleKind
from newsletter.schedule import next_time
from subscribers import lists
from subscribers.errors import NewsletterError, NotFound
from tests.support.commands import CommandLine
from tests.support.mails import Mail
from tests.support.school import ISSUE, a_school
from tests.support.smtp_server import SmtpServer
from tests.support.threads import at_once
from tests.support.waiting import await_truth

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


def a_series(app: App, remind: str = "", rule: Recurrence = FIRST_TUESDAY, issue_id: int | None = None) -> datetime:
    """A series; when it opens its next draft."""
    next_at = next_time(rule, CHICAGO, app.clock.now())
    with app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, "families")
        series.create(session, app.clock, "monthly", rule, CHICAGO, list_, next_at, issue_id=issue_id, remind=remind)
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
        ("0 9 * * 1", (2026, 11, 24), (2026, 11, 30, 15, 0)),
        ("0 9 * * 7", (2026, 11, 24), (2026, 11, 29, 15, 0)),
        ("0 9 * * 5-7", (2026, 11, 28), (2026, 11, 28, 15, 0)),
        ("0 9 * * fri-mon", (2026, 11, 24), (2026, 11, 27, 15, 0)),
        ("0 9 * * */3", (2026, 11, 23), (2026, 11, 25, 15, 0)),
        ("0 9 1 1,7 *", (2026, 11, 24), (2027, 1, 1, 15, 0)),
    ],
)
def test_the_words_say_when(words: str, after: tuple[int, int, int], due: tuple[int, ...]) -> None:
    assert next_time(Recurrence.parse(words), CHICAGO, datetime(*after, tzinfo=UTC)) == datetime(*due, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    "words",
    [
        "",
        "often",
        "1st tue",
        "6th tue 09:00",
        "tue 25:00",
        "32nd 09:00",
        "0 9 1 *",
        "a; b c d e",
        "0 99 1 * *",
        "money 07:00",
        "0 9 * * 8",
        "0 9 * * foo",
        "0 9 * * 1,,2",
        "0 9 31 2 *",
    ],
)
def test_words_that_say_nothing_are_refused_with_examples(words: str) -> None:
    with pytest.raises(RecurrenceInvalid, match="1st tue 09:00"):
        next_time(Recurrence.parse(words), CHICAGO, datetime(2026, 11, 23, tzinfo=UTC))


def test_a_rule_for_more_than_one_draft_a_day_is_refused() -> None:
    with pytest.raises(RecurrenceInvalid, match="one draft a day at most"):
        Recurrence.parse("*/5 * * * *")


def test_a_rule_that_two_programs_would_read_in_two_ways_is_refused() -> None:
    with pytest.raises(RecurrenceInvalid, match="The first Tuesday is: 1st tue 09:00"):
        Recurrence.parse("0 9 1-7 * 2")


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


@pytest.mark.parametrize(
    ("away", "month"), [(timedelta(hours=7), "2027-01"), (timedelta(days=100), "2027-04")], ids=["hours", "months"]
)
def test_after_a_time_away_it_opens_the_one_draft_that_is_next(  # F17
    app: App, clock: Clock, away: timedelta, month: str
) -> None:
    due = a_series(app)
    clock.offset += due - clock.now() + away
    app.scheduler().tick()
    app.scheduler().tick()
    assert months(app) == ["2026-12", month]


def test_a_series_of_every_week_stays_in_its_month(app: App, clock: Clock) -> None:
    due = a_series(app, rule=Recurrence.parse("mon 07:00"))
    for _ in range(5):  # 7, 14, 21 and 28 December, and 4 January
        clock.offset += due - clock.now() + timedelta(minutes=1)
        app.scheduler().fire()
        due += timedelta(days=7)
    assert months(app) == ["2026-12", *["2026-12"] * 3, *["2027-01"] * 2]


def test_a_draft_is_not_for_a_month_that_is_over(app: App, clock: Clock) -> None:
    with app.database.writing() as session:
        old = ISSUE.replace("month: 2026-12", "month: 2026-09")
        issue_id = issues.import_document(session, app.organization.id, old, "editor", clock.now()).id
    due = a_series(app, issue_id=issue_id)
    clock.offset += due - clock.now() + timedelta(minutes=1)
    app.scheduler().fire()
    assert months(app)[-1] == f"{due:%Y-%m}"


WRITTEN = """\
---
# for the office: do not forget the bus times
month: 2026-12  # the month
subject: {en: Buses}
printed_by: Ms. Ode
---
:::: section event {#fair starts="2026-12-08T18:00" timezone="America/Chicago" place=Gym}
::: lang en
## The fair
:::
::::
"""


def test_the_draft_keeps_comments_unknown_fields_and_texts(app: App, clock: Clock) -> None:
    with app.database.writing() as session:
        issue_id = issues.import_document(session, app.organization.id, WRITTEN, "editor", clock.now()).id
    due = a_series(app, issue_id=issue_id)
    clock.offset += due - clock.now() + timedelta(minutes=1)
    app.scheduler().fire()
    with app.database.reading() as session:
        draft = issues.latest(session, session.scalars(select(Issue).order_by(Issue.id.desc())).first())  # type: ignore[arg-type]
        assert draft.document == WRITTEN.replace("month: 2026-12 ", "month: 2027-01 ")
        found = checks.check(issues.document_of(draft), app.check_context(None, {}))
    assert "The event begins in 2026-12, before the month of the issue." in {finding.sentence for finding in found}


def test_of_four_schedulers_one_opens_the_draft(app: App, clock: Clock) -> None:  # F5
    due = a_series(app, "editor@maple.example")
    clock.offset += due - clock.now() + timedelta(minutes=1)
    assert at_once(*[app.scheduler().fire] * 4) == []
    assert months(app) == ["2026-12", "2027-01"]
    with app.database.reading() as session:
        of_stream = select(func.count()).select_from(Delivery).join(Campaign, Campaign.id == Delivery.campaign_id)
        assert session.scalar(of_stream.where(Campaign.stream == "reminder")) == 1


def test_the_editor_is_told_by_a_mail_without_pixel_or_list(app: App, clock: Clock, server: SmtpServer) -> None:  # M21
    due = a_series(app, "editor@maple.example")
    clock.offset += due - clock.now() + timedelta(minutes=1)
    app.scheduler().tick()
    crew = Crew(app.sending())
    crew.start()
    await_truth(lambda: server.record.recipients or crew.failure)
    crew.stop()
    assert server.record.recipients == ["editor@maple.example"]
    mail = Mail(server.record.bodies[0])
    assert mail.parsed["Subject"] == "Your draft for January 2027 is open"
    assert mail.parsed["Auto-Submitted"] == "auto-generated"
    assert mail.parsed["List-Unsubscribe"] is None
    assert "newsletter issues export 2 2027-01.md" in mail.text
    assert "Please have it sent by Tuesday, February 2, 2027, when the draft after it opens." in mail.text
    assert "Please have it sent by <bdi>Tuesday, February 2, 2027</bdi>, when the draft after it opens." in mail.html
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


@pytest.fixture
def newsletter(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line of a school with one issue."""
    with a_school(sqlite_url, "file://" + str(tmp_path / "out"), tmp_path, Clock()):
        pass
    return CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, "file://" + str(tmp_path / "out"))


def test_a_series_from_the_command_line(newsletter: CommandLine) -> None:
    assert "newsletter series create monthly" in newsletter.do("series", "list").out
    create = ("series", "create", "[b]monthly[/b]", "--list", "families", "--remind", "Editor@maple.example")
    made = newsletter.do(*create, "--cron", "1st  TUE 09:00").out
    assert made.startswith("The series [b]monthly[/b] opens its next draft on Tue ")
    weekly = newsletter.do(
        "series", "create", "weekly", "--list", "families", "--cron", "mon 7:00", "--timezone", "UTC", "--json"
    ).json()
    times = [datetime.strptime(at, "%a %d %b %Y, %H:%M UTC").replace(tzinfo=UTC) for at in weekly.pop("next")]
    assert weekly == {"name": "weekly", "when": "mon 7:00", "last_issue": 1, "remind": ""}
    assert [(at.weekday(), at.hour, at.minute) for at in times] == [(0, 7, 0)] * 3
    assert [later - at for at, later in pairwise(times)] == [timedelta(days=7)] * 2

    shown = newsletter.do("series", "list").out
    assert "[b]monthly[/b]" in shown
    assert "1st tue 09:00" in shown
    rows = newsletter.do("series", "list", "--json").json()
    assert [(row["name"], len(row["next"])) for row in rows] == [("[b]monthly[/b]", 3), ("weekly", 3)]
    assert all(at.startswith("Tue ") and "09:00 C" in at for at in rows[0]["next"])
    newsletter.do("series", "remove", "weekly")
    assert [row["name"] for row in newsletter.do("series", "list", "--json").json()] == ["[b]monthly[/b]"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("--cron", "sometimes"), "Write when it recurs like: 1st tue 09:00, last fri 8:30, 15th 09:00, mon 07:00"),
        (("--cron", "mon 07:00", "--timezone", "Chicago"), "'Chicago' is not a time zone"),
        (("--cron", "mon 07:00", "--issue", "9"), "There is no issue 9."),
        (("--cron", "mon 07:00", "--remind", "nobody"), "nobody"),
    ],
)
def test_what_is_wrong_with_a_series_is_said_in_one_sentence(
    newsletter: CommandLine, given: tuple[str, ...], sentence: str
) -> None:
    said = newsletter("series", "create", "monthly", "--list", "families", *given)
    assert said.code == 1
    assert sentence in said.err
    assert newsletter.do("series", "list", "--json").json() == []
