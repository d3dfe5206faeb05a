from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from newsletter.events import reach
from newsletter.events.reach import Reach
from newsletter.events.tables import Actor, EventKind
from newsletter.ledger.tables import Delivery
from newsletter.reports.engagement import Cohort, engagement_report
from newsletter.reports.engagement_page import sentence, tables
from newsletter.reports.periods import By, Periods
from newsletter.settings import Tracking
from subscribers.db import Database
from subscribers.tables import Subscriber, Subscription, SubscriptionState, Suppression, SuppressionReason
from tests.support.returns import Returns

MONTHS = Periods.between(date(2026, 10, 1), date(2026, 12, 20), By.MONTH, ZoneInfo("America/Chicago"))
OCTOBER, NOVEMBER, DECEMBER = (datetime(2026, month, 9, tzinfo=UTC) for month in (10, 11, 12))


class Cohorts(Returns):
    """Readers who joined on a day, with a copy of December's issue."""

    def join(self, count: int, at: datetime, *, agreed: bool = True) -> int:
        first = self.copies(count, agreed=agreed)
        for seq in range(first, first + count):
            self.subscription(seq).confirmed_at = at
        return first

    def subscription(self, seq: int) -> Subscription:
        reader = self.session.get_one(Delivery, (self.campaign_id, seq)).subscriber_id
        return self.session.get_one(Subscription, (reader, self.list_.id))

    def did(self, kind: EventKind, seqs: range, actor: Actor = Actor.HUMAN) -> None:
        reach.count(self.session, [Reach(self.campaign_id, seq, kind, actor) for seq in seqs])

    def cohorts(self, tracking: Tracking = Tracking.CONSENT) -> dict[str, Cohort]:
        self.session.flush()
        organization_id = self.list_.organization_id
        report = engagement_report(self.session, organization_id, self.list_.id, MONTHS, 5, tracking)
        return {f"{cohort.joined:%B}": cohort for cohort in report.cohorts}


@pytest.fixture
def sent(database: Database) -> Iterator[Cohorts]:
    with database.writing() as session:
        yield Cohorts(session)


def test_copies_are_counted_by_the_month_of_joining_and_the_months_since(sent: Cohorts) -> None:
    first = sent.join(10, OCTOBER)
    sent.join(10, OCTOBER, agreed=False)
    later = sent.join(6, NOVEMBER)
    sent.did(EventKind.OPEN, range(first, first + 4))
    sent.did(EventKind.CLICK, range(first, first + 1))
    sent.did(EventKind.OPEN, range(first + 4, first + 9), Actor.MACHINE)
    sent.did(EventKind.OPEN, range(later, later + 3))
    found = sent.cohorts()
    october = found["October"]
    assert october.readers == 20
    assert [(month.months_since, month.copies) for month in october.months] == [(0, 0), (1, 0), (2, 10)]
    assert (october.months[2].opened_share, october.months[2].clicked_share) == (0.4, 0.1)
    assert october.months[0].opened_share is None
    assert found["November"].months[1].opened_share == 0.5
    assert (found["December"].readers, found["December"].months) == (0, ())


def test_who_left_stays_in_the_cohort_as_somebody_who_did_not_stay(sent: Cohorts) -> None:
    first = sent.join(10, OCTOBER)
    left = sent.subscription(first)
    left.state, left.unsubscribed_at = SubscriptionState.UNSUBSCRIBED, NOVEMBER
    sent.subscription(first + 1).off_roster_at = OCTOBER
    bounced = sent.session.get_one(Subscriber, sent.subscription(first + 2).subscriber_id)
    sent.session.add(
        Suppression(
            organization_id=bounced.organization_id,
            address_hash=bounced.address_hash,
            reason=SuppressionReason.BOUNCE,
            created_at=datetime(2026, 12, 5, tzinfo=UTC),
        )
    )
    months = sent.cohorts()["October"].months
    assert [month.stayed for month in months] == [0.9, 0.8, 0.7]


def test_a_small_cohort_is_hidden_and_with_it_the_next_one_that_would_tell_of_it(sent: Cohorts) -> None:
    sent.join(2, OCTOBER)
    sent.join(10, NOVEMBER)
    sent.join(11, DECEMBER)
    found = sent.cohorts()
    assert [(cohort.readers, len(cohort.months)) for cohort in found.values()] == [(None, 0), (None, 0), (11, 1)]
    assert found["December"].months[0].copies == 11


def test_no_campaign_less_the_cohorts_shown_tells_of_the_hidden_one(sent: Cohorts) -> None:
    first, few = sent.join(10, OCTOBER), sent.join(2, NOVEMBER)
    sent.did(EventKind.OPEN, range(first, first + 4))
    sent.did(EventKind.OPEN, range(few, few + 2))
    assert [(cohort.readers, cohort.months) for cohort in sent.cohorts().values()] == [(None, ()), (None, ()), (0, ())]


def test_few_readers_who_agreed_are_hidden_and_with_them_the_next_ones_of_that_month(sent: Cohorts) -> None:
    first = sent.join(10, OCTOBER)
    sent.join(9, NOVEMBER, agreed=False)
    one = sent.join(1, NOVEMBER)
    sent.did(EventKind.OPEN, range(first, first + 4))
    sent.did(EventKind.OPEN, range(one, one + 1))
    found = sent.cohorts()
    october, november = found["October"].months[2], found["November"].months[1]
    for cohort, month in (("October", october), ("November", november)):
        assert (found[cohort].readers, month.copies, month.opened_share, month.stayed) == (10, None, None, 1)
    assert found["October"].months[0].copies == 0


def test_cohorts_that_are_hidden_for_their_size_are_enough_readers_in_every_month(sent: Cohorts) -> None:
    sent.join(3, OCTOBER)
    sent.join(1, NOVEMBER)
    sent.join(5, NOVEMBER, agreed=False)
    sent.join(12, DECEMBER)
    found = sent.cohorts()
    assert [cohort.readers for cohort in found.values()] == [None, None, 12]
    assert found["December"].months[0].copies is None


def test_where_nothing_is_kept_of_readers_only_staying_is_told(sent: Cohorts) -> None:
    sent.join(10, OCTOBER)
    month = sent.cohorts(Tracking.OFF)["October"].months[2]
    assert (month.copies, month.opened_share, month.stayed) == (0, None, 1)


def test_the_page_says_why_there_is_no_figure_and_how_warm_one_is(sent: Cohorts) -> None:
    first = sent.join(10, OCTOBER)
    sent.join(4, NOVEMBER)
    sent.join(6, NOVEMBER, agreed=False)
    sent.join(6, DECEMBER)
    sent.did(EventKind.OPEN, range(first, first + 5))
    sent.session.flush()
    organization_id = sent.list_.organization_id
    report = engagement_report(sent.session, organization_id, None, MONTHS, 5, Tracking.CONSENT)
    opened, _, stayed = tables(report)
    assert [(cell.share, cell.warmth, cell.why_not) for cell in opened.rows[0].cells] == [
        (None, 0, "nothing sent"),
        (None, 0, "nothing sent"),
        (0.5, 5, ""),
    ]
    assert [cell.why_not for cell in opened.rows[1].cells] == ["nothing sent", "hidden"]
    assert [cell.share for cell in stayed.rows[0].cells] == [1, 1, 1]
    assert sentence(report).startswith("People opened 50.0 % and clicked in 0.0 % of the 10 copies")


def test_a_young_list_begins_with_its_first_cohort_and_one_share_alone_is_the_warmest(sent: Cohorts) -> None:
    first = sent.join(10, DECEMBER)
    sent.did(EventKind.OPEN, range(first, first + 6))
    sent.session.flush()
    organization_id = sent.list_.organization_id
    report = engagement_report(sent.session, organization_id, None, MONTHS, 5, Tracking.CONSENT)
    opened, _, stayed = tables(report)
    assert [(f"{row.joined:%B}", row.readers) for row in opened.rows] == [("December", 10)]
    assert [(cell.share, cell.warmth) for cell in (*opened.rows[0].cells, *stayed.rows[0].cells)] == [(0.6, 5), (1, 5)]


def test_a_list_that_nobody_joined_has_no_tables(sent: Cohorts) -> None:
    organization_id = sent.list_.organization_id
    assert tables(engagement_report(sent.session, organization_id, None, MONTHS, 5, Tracking.CONSENT)) == ()
