from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers import audience, households, lists, organizations, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.grades import Bands, RollOver
from subscribers.households import ChildTold
from subscribers.segments.rules import Rule, RuleContext, RuleInvalid
from subscribers.tables import List, Organization, Subscriber, Subscription, SubscriptionState, SuppressionReason, Told

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
TODAY = NOW.date()
STAFF = Evidence("staff")
EVERYONE = Rule.everyone()


@dataclass
class School:
    """One organization with two lists."""

    session: Session
    organization: Organization = field(init=False)
    families: List = field(init=False)
    teachers: List = field(init=False)

    def __post_init__(self) -> None:
        self.organization = organizations.create(self.session, "Maple", NOW)
        self.families, self.teachers = (
            lists.create(self.session, self.organization.id, slug, slug, now=NOW) for slug in ("families", "teachers")
        )

    def context(self, day: date = TODAY) -> RuleContext:
        bands = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
        return RuleContext(self.organization.id, day, RollOver(7, 1), bands)

    def reader(self, name: str, *lists_: List, state: SubscriptionState = SubscriptionState.CONFIRMED) -> Subscriber:
        found = subscribers.add(self.session, self.organization, EmailAddress.parse(f"{name}@maple.example"), now=NOW)
        for list_ in lists_:
            subscriptions.subscribe(self.session, found, list_, state, NOW, evidence=STAFF)
        return found

    def suppress(self, name: str, list_: List | None = None) -> None:
        suppressions.suppress(
            self.session,
            self.organization,
            EmailAddress.parse(f"{name}@maple.example"),
            SuppressionReason.STAFF,
            list_id=list_.id if list_ else None,
            now=NOW,
        )

    def members(self, list_: List) -> dict[str, str | None]:
        """Everyone in the list's audience with the reason why they are not mailed."""
        rows = self.session.execute(
            audience.members(list_.id, EVERYONE, self.context()).with_only_columns(
                Subscriber.address, audience.exclusion(list_.id)
            )
        )
        return {address.partition("@")[0]: reason for address, reason in rows}

    def chosen(self, rule: str, day: date = TODAY) -> set[str]:
        """Whom a rule chooses on a day."""
        rows = self.session.scalars(select(Subscriber.address).where(Rule.parse(rule).where(self.context(day))))
        return {address.partition("@")[0] for address in rows}


@pytest.fixture
def school(database: Database) -> Iterator[School]:
    with database.writing() as session:
        yield School(session)


def test_the_audience_says_of_each_member_why_they_are_not_mailed(school: School) -> None:
    for name in ("ann", "bounced", "left"):
        school.reader(name, school.families)
    school.reader("asked", school.families, state=SubscriptionState.PENDING)
    school.reader("elsewhere", school.teachers)
    school.suppress("bounced")
    left = school.reader("left")
    subscriptions.unsubscribe(school.session, left, school.families, NOW, evidence=STAFF)
    assert school.members(school.families) == {
        "ann": None,
        "bounced": "suppressed",
        "asked": "unconfirmed",
        "left": "unsubscribed",
    }
    assert audience.count(school.session, school.families.id, EVERYONE, school.context()) == 1
    assert audience.count_chosen(school.session, EVERYONE, school.context()) == 5


def test_a_suppression_wins_on_its_own_list_only(school: School) -> None:
    school.reader("ann", school.families, school.teachers)
    school.suppress("ann", school.teachers)
    assert school.members(school.families) == {"ann": None}
    assert school.members(school.teachers) == {"ann": "suppressed"}


def test_a_lifted_suppression_excludes_nobody(school: School) -> None:
    school.reader("ann", school.families)
    school.suppress("ann")
    suppressions.lift(school.session, school.organization, EmailAddress.parse("ann@maple.example"), now=NOW)
    assert school.members(school.families) == {"ann": None}


def test_the_audience_is_the_list_and_the_rule(school: School) -> None:
    school.reader("ann", school.families).language = "es"
    school.reader("ben", school.families).language = "en"
    school.reader("eva", school.teachers).language = "es"
    spanish = Rule.parse("language = es")
    assert audience.count(school.session, school.families.id, spanish, school.context()) == 1
    assert audience.count(school.session, school.families.id, EVERYONE, school.context()) == 2


def test_a_subscriber_without_a_subscription_counts_as_one_who_left(school: School) -> None:
    reader = school.reader("ann")
    reason = (
        select(audience.exclusion(school.families.id))
        .select_from(Subscriber)
        .outerjoin(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscriber.id == reader.id)
    )
    assert school.session.scalars(reason).one() == "unsubscribed"


def test_a_rule_reads_grades_on_the_day(school: School) -> None:
    eighth_grader = ChildTold(graduation_year=2031)
    households.set_children(school.session, school.reader("ann"), [eighth_grader], Told.FAMILY, NOW)
    assert school.chosen("grade = 8 and band = middle", date(2027, 6, 30)) == {"ann"}
    assert school.chosen("grade = 9 and band = high", date(2027, 7, 1)) == {"ann"}
    assert school.chosen("grade = 8 or band = middle", date(2027, 7, 1)) == set()
    assert school.chosen("band in (elementary, middle, high)", date(2031, 7, 1)) == set(), "a leaver is in no band"


def test_a_level_is_believed_in_its_school_year_and_one_more(school: School) -> None:
    in_elementary = ChildTold(band="elementary", end_year=2027)
    households.set_children(school.session, school.reader("ann"), [in_elementary], Told.FAMILY, NOW)
    assert school.chosen("band = elementary", date(2027, 6, 30)) == {"ann"}
    assert school.chosen("band = elementary", date(2028, 6, 30)) == {"ann"}
    assert school.chosen("band = elementary", date(2028, 7, 1)) == set()
    assert school.chosen("grade in (PK, K, 1, 2, 3, 4, 5)") == set(), "of a level no grade is known"


def test_both_parents_of_a_household_are_chosen_by_its_children(school: School) -> None:
    ann, ben = school.reader("ann"), school.reader("ben")
    households.set_children(school.session, ann, [ChildTold(graduation_year=2037)], Told.FAMILY, NOW)
    ben.household_id = ann.household_id
    assert school.chosen("grade = 2") == {"ann", "ben"}
    assert school.chosen("grade != 2") == set()


def test_a_rule_sees_confirmed_subscriptions_only(school: School) -> None:
    school.reader("ann", school.teachers)
    school.reader("ben", school.teachers, state=SubscriptionState.PENDING)
    assert school.chosen("list = teachers") == {"ann"}
    assert school.chosen("list = Teachers and list != families") == {"ann"}


def test_what_a_person_typed_reaches_the_database_as_a_value_only(school: School) -> None:
    school.reader("ann")
    school.session.flush()
    assert school.chosen("""tag = "x' OR 1=1 --" """) == set()
    assert school.chosen("""tag != "%" """) == {"ann"}
    with pytest.raises(RuleInvalid, match="is not a language code"):
        school.chosen("language = en-%")
