"""What is said of one reader's copies that came back or were refused, and of the count towards silencing them."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from newsletter.clock import Clock
from newsletter.events.setbacks import MOST, Setbacks, setbacks_of
from newsletter.events.tables import EventKind
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Delivery, DeliveryState
from subscribers.db import Database
from subscribers.tables import Subscriber
from tests.support.refusals import ADDRESS, Refusals
from tests.support.web_world import new_world


@pytest.fixture
def refusals(database: Database, clock: Clock) -> Refusals:
    return Refusals(new_world(database, clock))


def found(refusals: Refusals, now: datetime | None = None) -> Setbacks:
    with refusals.world.database.reading() as session:
        reader = session.get_one(Subscriber, refusals.reader.id)
        return setbacks_of(session, refusals.world.app.organization, reader, now or refusals.now)


def refuse(refusals: Refusals, day: float, words: str) -> None:
    """As a server that would not take the copy of a day."""
    of_copy = Delivery.campaign_id == refusals.copy(day)
    with refusals.world.database.writing() as session:
        session.execute(update(Delivery).where(of_copy).values(state=DeliveryState.REJECTED, error=words))


def test_of_whom_nothing_came_back_nothing_is_said(refusals: Refusals) -> None:
    refusals.copy(1)
    assert found(refusals) == Setbacks((), 0, None)


def test_the_last_copies_are_named_by_what_became_of_them(refusals: Refusals) -> None:
    refusals.bounce(1)
    refuse(refusals, 3, f"550 5.1.1 <{ADDRESS}>:\n no such user")
    refuse(refusals, 4, "554 5.7.1 blocked using zen.spamhaus.org")
    refusals.tell(refusals.notice(9, EventKind.COMPLAINT))
    last = found(refusals).last
    assert [(one.campaign_id, one.kind, one.is_permanent, one.reason) for one in last] == [
        (refusals.copy(9), EventKind.COMPLAINT, False, Reason.MAILBOX_FULL),
        (refusals.copy(4), EventKind.REFUSED, False, Reason.BLOCKED),
        (refusals.copy(3), EventKind.REFUSED, True, Reason.NO_SUCH_USER),
        (refusals.copy(1), EventKind.BOUNCE, False, Reason.MAILBOX_FULL),
    ]
    assert last[3].at == refusals.day(1) + timedelta(hours=1)
    assert last[3].text == "452 Mailbox full"
    assert ADDRESS not in last[2].text
    assert "\n" not in last[2].text
    assert "no such user" in last[2].text


def test_of_many_the_last_few_are_named(refusals: Refusals) -> None:
    refusals.bounce(*range(1, MOST + 3), reason=Reason.RATE)
    last = found(refusals).last
    assert [one.campaign_id for one in last] == [refusals.copy(day) for day in range(MOST + 2, 2, -1)]


def test_refusals_in_a_row_are_counted_until_a_copy_arrives(refusals: Refusals) -> None:
    refusals.bounce(90, 95)
    assert found(refusals).in_a_row == 2
    refusals.bounce(96, reason=Reason.BLOCKED)
    assert found(refusals).in_a_row == 2, "what is about us never counts"
    refusals.tell(refusals.notice(97, EventKind.DELIVERED))
    assert found(refusals).in_a_row == 0
    refusals.bounce(98)
    assert found(refusals).in_a_row == 1


def test_a_copy_that_nobody_returned_in_five_days_ends_a_count(refusals: Refusals) -> None:
    refusals.bounce(80)
    refusals.copy(81)
    assert found(refusals, refusals.day(85)).in_a_row == 1
    assert found(refusals, refusals.day(87)).in_a_row == 0


def test_a_lift_is_told_and_counts_begin_at_zero(refusals: Refusals) -> None:
    refusals.bounce(70, 77, 85)
    assert refusals.in_force is not None
    assert found(refusals).in_a_row == 3
    refusals.lift(86)
    assert (found(refusals).in_a_row, found(refusals).lifted_at) == (0, refusals.day(86))
    refusals.bounce(95)
    assert found(refusals).in_a_row == 1
