from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from newsletter.events import persons
from newsletter.reports.growth import Growth, GrowthReport, Leave, Source, growth_report
from newsletter.reports.periods import By, Periods, PeriodsInvalid, TooManyPeriods
from subscribers import subscribers as people
from subscribers import subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import FORM, MAIL, Evidence
from subscribers.db import Database
from subscribers.tables import List, Subscriber, Subscription, SubscriptionState, SuppressionReason
from tests.support.people import a_list, an_organization

CHICAGO = ZoneInfo("America/Chicago")
OCTOBER = datetime(2026, 10, 5, 15, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 9, 15, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 15, tzinfo=UTC)
PENDING, CONFIRMED = SubscriptionState.PENDING, SubscriptionState.CONFIRMED


class Town:
    """Families who come and go."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.organization = an_organization(session)
        self.list_ = a_list(session, self.organization)
        self.list_.double_opt_in = True
        self.count = 0

    def signs_up(self, at: datetime, source: str = FORM, list_: List | None = None) -> Subscriber:
        self.count += 1
        address = EmailAddress.parse(f"reader{self.count}@school.example")
        reader = people.add(self.session, self.organization, address, now=at)
        state = CONFIRMED if source == "import" else PENDING
        evidence = Evidence(source, "Yes, send me the newsletter.")
        subscriptions.subscribe(self.session, reader, list_ or self.list_, state, at, evidence=evidence)
        return reader

    def joins(self, at: datetime, after: timedelta = timedelta(minutes=9)) -> Subscriber:
        reader = self.signs_up(at)
        subscriptions.confirm(self.session, reader, self.list_, at + after, evidence=Evidence(MAIL))
        return reader

    def leaves(self, reader: Subscriber, at: datetime, source: str = MAIL) -> None:
        subscriptions.unsubscribe(self.session, reader, self.list_, at, evidence=Evidence(source))

    def suppresses(self, reader: Subscriber, at: datetime, reason: SuppressionReason) -> None:
        address = EmailAddress.parse(reader.address)
        suppressions.suppress(self.session, self.organization, address, reason, now=at)

    def report(self, first: date = date(2026, 10, 1), by: By = By.MONTH, list_: List | None = None) -> GrowthReport:
        self.session.flush()
        periods = Periods.between(first, date(2026, 12, 2), by, CHICAGO)
        return growth_report(self.session, self.organization.id, (list_ or self.list_).id, periods)

    def months(self) -> tuple[Growth, Growth, Growth]:
        october, november, december = self.report().steps
        return october, november, december


@pytest.fixture
def town(database: Database) -> Iterator[Town]:
    with database.writing() as session:
        yield Town(session)


def test_who_asked_and_who_confirmed_are_told_apart(town: Town) -> None:
    town.joins(OCTOBER)
    town.joins(OCTOBER, after=timedelta(hours=5))
    town.joins(OCTOBER, after=timedelta(days=30))
    town.signs_up(OCTOBER)
    october, november, december = town.months()
    assert (october.signed_up, october.asked, october.confirmed) == ({Source.FORM: 4}, 4, 3)
    assert (october.within_hour, october.within_day, october.timed) == (1, 2, 3)
    assert october.confirmed_share == 0.75
    assert [step.joined for step in (october, november, december)] == [2, 1, 0]
    assert [step.standing for step in (october, november, december)] == [2, 3, 3]
    assert december.confirmed_share is None


def test_an_import_joins_at_once_and_is_no_form(town: Town) -> None:
    town.signs_up(NOVEMBER, "import")
    _, november, _ = town.months()
    assert (november.signed_up, november.asked, november.joined) == ({Source.IMPORT: 1}, 0, 1)


def test_where_no_confirmation_is_asked_for_who_signs_up_has_joined(town: Town) -> None:
    single = a_list(town.session, town.organization, "single")
    single.double_opt_in = False
    town.signs_up(NOVEMBER, FORM, single)
    assert town.report(list_=single).total.joined == 1
    assert town.report().total.joined == 0


def test_each_reason_to_leave_is_counted_by_its_name(town: Town) -> None:
    for source in (MAIL, "staff", "import"):
        town.leaves(town.joins(OCTOBER), NOVEMBER, source)
    for reason in SuppressionReason:
        town.suppresses(town.joins(OCTOBER), NOVEMBER, reason)
    off_roster = (town.joins(OCTOBER).id, town.list_.id)
    town.session.get_one(Subscription, off_roster).off_roster_at = NOVEMBER
    persons.erase(town.session, town.organization, town.joins(OCTOBER), now=NOVEMBER, never_again=False)
    october, november, december = town.months()
    assert november.left == {
        Leave.WISH: 1,
        Leave.STAFF: 1,
        Leave.IMPORT: 1,
        Leave.BOUNCE: 1,
        Leave.COMPLAINT: 1,
        Leave.SUPPRESSED: 3,
        Leave.ROSTER: 1,
        Leave.ERASED: 1,
    }
    assert (october.joined, october.standing, december.standing) == (10, 10, 0)


def test_who_comes_back_joins_twice_and_leaves_once(town: Town) -> None:
    reader = town.joins(OCTOBER)
    town.leaves(reader, NOVEMBER)
    subscriptions.subscribe(town.session, reader, town.list_, PENDING, DECEMBER, evidence=Evidence(FORM))
    subscriptions.confirm(town.session, reader, town.list_, DECEMBER, evidence=Evidence(MAIL))
    moved = [(step.joined, step.left.total(), step.standing) for step in town.months()]
    assert moved == [(1, 0, 1), (0, 1, 0), (1, 0, 1)]


def test_an_erasure_moves_no_figure_but_its_own_leaving(town: Town) -> None:
    readers = [town.joins(OCTOBER + timedelta(minutes=no)) for no in range(3)]
    town.leaves(readers[0], NOVEMBER)
    before = town.months()
    for reader in readers[:2]:
        persons.erase(town.session, town.organization, reader, now=DECEMBER, never_again=False)
    october, november, december = town.months()
    for was, now in zip(before, (october, november, december), strict=False):
        assert (was.signed_up, was.asked, was.confirmed) == (now.signed_up, now.asked, now.confirmed)
        assert was.joined == now.joined
    assert (october.standing, november.standing, november.left) == (3, 2, {Leave.WISH: 1})
    assert (december.left, december.standing) == ({Leave.ERASED: 1}, 1)


def test_who_leaves_before_confirming_was_never_on_the_list(town: Town) -> None:
    town.leaves(town.signs_up(OCTOBER), NOVEMBER)
    assert [(step.joined, step.left.total(), step.standing) for step in town.months()] == [(0, 0, 0)] * 3


def test_periods_begin_at_midnight_where_the_organization_is(town: Town) -> None:
    town.joins(datetime(2026, 11, 1, 4, 59, tzinfo=UTC), timedelta())  # 23:59 on 31 October in Chicago
    town.joins(datetime(2026, 11, 1, 5, 1, tzinfo=UTC), timedelta())
    assert [step.joined for step in town.months()] == [1, 1, 0]


def test_days_and_weeks_without_anything_are_there(town: Town) -> None:
    town.joins(DECEMBER)
    days = town.report(date(2026, 11, 28), By.DAY).steps
    assert [(step.first, step.joined, step.standing) for step in days] == [
        (date(2026, 11, 28), 0, 0),
        (date(2026, 11, 29), 0, 0),
        (date(2026, 11, 30), 0, 0),
        (date(2026, 12, 1), 1, 1),
        (date(2026, 12, 2), 0, 1),
    ]
    weeks = town.report(date(2026, 11, 25), By.WEEK).steps
    assert [(step.first, step.last) for step in weeks] == [
        (date(2026, 11, 23), date(2026, 11, 29)),
        (date(2026, 11, 30), date(2026, 12, 2)),
    ]


def test_what_came_after_the_last_period_is_taken_off_its_total(town: Town) -> None:
    town.joins(DECEMBER)
    periods = Periods.between(date(2026, 10, 1), date(2026, 11, 30), By.MONTH, CHICAGO)
    assert [step.standing for step in growth_report(town.session, town.organization.id, None, periods).steps] == [0, 0]


def test_periods_that_cannot_be_are_refused_with_a_sentence() -> None:
    with pytest.raises(PeriodsInvalid, match="ends before it begins"):
        Periods.between(date(2026, 12, 1), date(2026, 11, 1), By.DAY, CHICAGO)
    with pytest.raises(TooManyPeriods, match="more than 1,000 lines"):
        Periods.between(date(2020, 1, 1), date(2026, 11, 1), By.DAY, CHICAGO)


def test_without_a_beginning_the_last_twelve_periods_are_shown() -> None:
    periods = Periods.between(None, date(2026, 11, 26), By.MONTH, CHICAGO)
    assert (len(periods.begins), periods.begins[0]) == (12, date(2025, 12, 1))
