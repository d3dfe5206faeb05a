"""Whom returned mail silences: by how many copies, over how long, and in whichever order it is told."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete, select

from newsletter.clock import Clock
from newsletter.events import persons
from newsletter.events.notices import Notice
from newsletter.events.refusals import Patience
from newsletter.events.tables import Event, EventKind
from newsletter.feedback.verdicts import Reason
from newsletter.reports.mailings import came_back
from subscribers.db import Database
from subscribers.tables import SuppressionReason
from tests.support.refusals import ADDRESS, Refusals
from tests.support.web_world import new_world

FOR_GOOD: dict[str, Any] = {
    "is_permanent": True,
    "reason": Reason.NO_SUCH_USER,
    "status": "5.1.1",
    "text": "550 no such user",
}


@pytest.fixture
def refusals(database: Database, clock: Clock) -> Refusals:
    return Refusals(new_world(database, clock))


@pytest.fixture
def told_here(sqlite_url: str, clock: Clock) -> Refusals:
    return Refusals(new_world(Database(sqlite_url), clock))


def end(refusals: Refusals) -> tuple[Any, ...] | None:
    found = refusals.in_force
    return (found.reason, found.is_counted, found.detail, found.grounds) if found else None


def test_why_a_copy_came_back_outlives_its_reader(refusals: Refusals) -> None:
    refusals.bounce(1)
    refusals.tell(refusals.notice(1, hours=2, reason=Reason.RATE, is_proven=False))
    database, campaign_id = refusals.world.database, refusals.copy(1)
    with database.reading() as session:
        before = came_back(session, campaign_id, 1)
    with database.writing() as session:
        persons.forget(session, [refusals.reader.id], refusals.now)
    with database.reading() as session:
        assert came_back(session, campaign_id, 1) == before
        first, second = session.scalars(select(Event.detail).order_by(Event.occurred_at))
    kept = {"attempt": 1, "permanent": False, "status": "4.2.2"}
    assert first == kept | {"reason": "mailbox-full"}
    assert second == kept | {"reason": "rate", "unproven": True}


def test_a_refusal_for_good_silences_at_once_and_says_why(refusals: Refusals) -> None:
    refusals.bounce(1, **FOR_GOOD)
    found = refusals.in_force
    assert found is not None
    assert (found.reason, found.detail, found.is_counted) == (SuppressionReason.BOUNCE, "550 no such user", False)
    assert found.grounds == [
        {
            "campaign": refusals.copy(1),
            "at": (refusals.notice(1)).occurred_at.isoformat(),
            "permanent": True,
            "status": "5.1.1",
            "reason": "no-such-user",
            "text": "550 no such user",
        }
    ]


@pytest.mark.parametrize("reason", [Reason.BLOCKED, Reason.POLICY, Reason.CONTENT, Reason.RATE])
@pytest.mark.parametrize("permanent", [True, False])
def test_a_refusal_of_us_or_of_the_mail_never_silences(told_here: Refusals, reason: Reason, permanent: bool) -> None:
    told_here.bounce(1, 8, 15, 22, 29, 36, reason=reason, is_permanent=permanent, status="5.7.1")  # M58
    assert told_here.in_force is None


@pytest.mark.parametrize("status", ["5.7.1", "4.7.0"])
def test_a_status_about_security_never_counts(told_here: Refusals, status: str) -> None:
    told_here.bounce(1, 8, 15, 22, reason=Reason.OTHER, status=status)
    assert told_here.in_force is None


@pytest.mark.parametrize(
    "reason", [Reason.MAILBOX_FULL, Reason.SUSPENDED, Reason.SYSTEM, Reason.EXPIRED, Reason.OTHER, Reason.NO_SUCH_USER]
)
def test_three_copies_over_fourteen_days_silence(told_here: Refusals, reason: Reason) -> None:
    told_here.bounce(1, 8, reason=reason)
    assert told_here.in_force is None
    told_here.bounce(15, reason=reason)
    found = told_here.in_force
    assert found is not None
    assert found.is_counted
    assert [ground["campaign"] for ground in found.grounds or []] == [told_here.copy(day) for day in (1, 8, 15)]


@pytest.mark.parametrize("days", [(1, 2, 3), (1, 7, 14.9), (1, 15), (1, 50)])
def test_too_few_or_too_soon_silence_nobody(told_here: Refusals, days: tuple[float, ...]) -> None:
    told_here.bounce(*days)
    assert told_here.in_force is None


def test_a_copy_that_is_returned_often_counts_once(told_here: Refusals) -> None:
    for hours in (1, 30, 24 * 15, 24 * 20):
        told_here.bounce(1, 8, hours=hours)
    assert told_here.in_force is None


def test_a_delay_counts_for_nothing(told_here: Refusals) -> None:  # M56
    for day in (1, 8, 15, 22):
        told_here.tell(told_here.notice(day, EventKind.DEFERRED))
    assert told_here.in_force is None


@pytest.mark.parametrize("kind", [EventKind.DELIVERED, EventKind.DEFERRED])
def test_only_an_arrival_in_between_begins_the_count_anew(told_here: Refusals, kind: EventKind) -> None:
    told_here.tell(told_here.notice(11, kind))
    told_here.bounce(1, 8, 15)
    assert (told_here.in_force is None) == (kind is EventKind.DELIVERED)


def test_a_copy_that_nobody_returned_in_five_days_has_arrived(told_here: Refusals) -> None:
    told_here.copy(9)
    told_here.bounce(1, 8, 15)
    assert told_here.in_force is None
    told_here.bounce(9)
    assert told_here.in_force is not None


def test_a_copy_that_may_still_come_back_has_not_arrived(told_here: Refusals) -> None:
    told_here.copy(11)
    told_here.bounce(1, 8, 15)
    assert told_here.in_force is not None


def test_what_one_may_have_forged_neither_silences_nor_counts(told_here: Refusals) -> None:
    told_here.bounce(1, 8, 15, is_proven=False)
    told_here.bounce(16, is_proven=False, **FOR_GOOD)
    told_here.tell(told_here.notice(17, EventKind.COMPLAINT, is_proven=False))
    assert told_here.in_force is None


def test_the_settings_say_how_patient_we_are(told_here: Refusals) -> None:
    told_here.patience = Patience(copies=2, days=0)
    told_here.bounce(1, 1.5)
    assert told_here.in_force is not None


def test_an_arrival_that_is_told_late_undoes_the_count_that_went_over_it(refusals: Refusals) -> None:  # F37
    refusals.bounce(1, 8, 15)
    assert refusals.in_force is not None
    refusals.tell(refusals.notice(11, EventKind.DELIVERED))
    assert refusals.in_force is None
    refusals.bounce(22, 29)
    found = refusals.in_force
    assert found is not None
    assert [ground["campaign"] for ground in found.grounds or []] == [refusals.copy(day) for day in (15, 22, 29)]


def forget_events(refusals: Refusals, day: float) -> None:
    """As retention does."""
    with refusals.world.database.writing() as session:
        session.execute(delete(Event).where(Event.campaign_id == refusals.copy(day)))


@pytest.mark.parametrize("kind", [EventKind.BOUNCE, EventKind.DELIVERED])
def test_a_forged_mail_undoes_no_count_of_which_some_is_no_longer_kept(told_here: Refusals, kind: EventKind) -> None:
    told_here.bounce(1, 8, 15)
    forget_events(told_here, 1)
    told_here.tell(told_here.notice(8, kind, is_proven=False, hours=30))
    assert told_here.in_force is not None


@pytest.mark.parametrize("reason", [Reason.POLICY, Reason.MAILBOX_FULL])
def test_a_refusal_after_a_count_does_not_undo_it_when_the_settings_are_more_patient_now(
    told_here: Refusals, reason: Reason
) -> None:
    told_here.bounce(1, 8, 15)
    told_here.patience = Patience(copies=5)
    told_here.tell(told_here.notice(15, is_proven=False, hours=30))
    told_here.bounce(16, reason=reason)
    assert told_here.in_force is not None


def test_a_copy_that_is_told_late_to_have_come_back_earlier_is_counted_from_then(told_here: Refusals) -> None:
    told_here.bounce(1, 8)
    told_here.bounce(9, hours=24 * 7)
    assert told_here.in_force is not None
    told_here.bounce(9, hours=30)
    assert told_here.in_force is None


def test_a_refusal_of_us_tells_that_a_copy_has_not_arrived_and_a_count_goes_over_it(told_here: Refusals) -> None:
    told_here.copy(9)
    told_here.bounce(1, 8, 15)
    assert told_here.in_force is None
    told_here.bounce(9, reason=Reason.POLICY, status="5.7.1")
    assert told_here.in_force is not None


def history(refusals: Refusals, chance: random.Random) -> list[Notice]:
    """Twelve copies a few days apart, and what may be told of each; opens and clicks are known before."""
    found, day = [], 0.0
    for _ in range(12):
        day += chance.choice((1, 4, 7, 11))
        what = chance.choice(("soft", "soft", "soft", "soft", "silent", "arrived", "policy", "both", "asked", "forged"))
        if what in ("soft", "both"):
            found.append(refusals.notice(day))
        if what in ("arrived", "both"):
            found.append(refusals.notice(day, EventKind.DELIVERED, hours=chance.choice((2, 30))))
        if what == "asked":
            refusals.ask(day, chance.choice((EventKind.OPEN, EventKind.CLICK)), hours=chance.choice((2, 30)))
        if what == "forged":
            found.append(refusals.notice(day, chance.choice((EventKind.BOUNCE, EventKind.DELIVERED)), is_proven=False))
        if what == "policy":
            found.append(refusals.notice(day, reason=Reason.POLICY, status="5.7.1"))
        refusals.copy(day)
    if chance.random() < 0.3:
        found.append(refusals.notice(day, **FOR_GOOD))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_any_history_ends_the_same_however_it_is_told(
    migrated_sqlite: Any, tmp_path: Any, clock: Clock, seed: int
) -> None:  # F37 M53
    ends = []
    for shuffle in range(3):
        file = tmp_path / f"{shuffle}.db"
        file.write_bytes(migrated_sqlite.read_bytes())
        database = Database(f"sqlite:///{file}")
        refusals = Refusals(new_world(database, clock))
        refusals.now = datetime(2026, 12, 2, 12, tzinfo=refusals.now.tzinfo)
        told = history(refusals, random.Random(seed))  # noqa: S311 - the same history each time
        if shuffle:
            told = random.Random(seed + shuffle).sample(told * 2, 2 * len(told))  # noqa: S311
        at = 0
        while at < len(told):
            group = 1 + (seed + at) % 3
            refusals.tell(*told[at : at + group])
            at += group
        ends.append(end(refusals))
        database.close()
    assert ends[1:] == ends[:1] * 2


def test_two_calls_at_once_miss_no_count(refusals: Refusals) -> None:
    refusals.bounce(1)
    told = [refusals.notice(8), refusals.notice(15)]
    with ThreadPoolExecutor(2) as both:
        list(both.map(refusals.tell, told))
    assert refusals.in_force is not None


def test_an_old_refusal_told_again_does_not_undo_a_lift_and_a_new_one_silences_again(refusals: Refusals) -> None:
    old = refusals.notice(1, **FOR_GOOD)
    refusals.tell(old)
    refusals.lift(2)
    refusals.tell(old)
    refusals.tell(refusals.notice(1, hours=3, **FOR_GOOD))
    assert refusals.in_force is None
    refusals.tell(refusals.notice(3, **FOR_GOOD))
    assert refusals.in_force is not None
    assert refusals.rows == 2  # what was lifted stays as a record


def test_after_a_lift_the_count_begins_anew(refusals: Refusals) -> None:
    refusals.bounce(1, 8, 15)
    refusals.lift(16)
    refusals.bounce(22, 29)
    assert refusals.in_force is None
    refusals.bounce(36)
    assert refusals.in_force is not None


@pytest.mark.parametrize("first", [0, 1])
def test_what_is_for_good_outweighs_a_count_and_no_arrival_undoes_it(told_here: Refusals, first: int) -> None:
    facts = [lambda: told_here.bounce(1, 8, 15), lambda: told_here.bounce(16, **FOR_GOOD)]
    facts[first]()
    facts[1 - first]()
    told_here.tell(told_here.notice(10, EventKind.DELIVERED))
    found = told_here.in_force
    assert found is not None
    assert not found.is_counted


def test_a_complaint_silences_and_outweighs_a_refusal(refusals: Refusals) -> None:
    refusals.bounce(1, **FOR_GOOD)
    refusals.tell(refusals.notice(2, EventKind.COMPLAINT, text="abuse"))
    found = refusals.in_force
    assert found is not None
    assert (found.reason, found.detail) == (SuppressionReason.COMPLAINT, "abuse")
    assert ADDRESS not in str(found.grounds)


@pytest.mark.parametrize("reason", [reason for reason in SuppressionReason if reason is not SuppressionReason.BOUNCE])
def test_what_staff_or_the_reader_asked_outweighs_a_count_and_no_arrival_undoes_it(
    refusals: Refusals, reason: SuppressionReason
) -> None:
    refusals.bounce(1, 8, 15)
    refusals.suppress(reason, "never again")
    refusals.tell(refusals.notice(11, EventKind.DELIVERED))
    found = refusals.in_force
    assert found is not None
    assert (found.reason, found.detail, found.grounds, found.is_counted) == (reason, "never again", None, False)


def test_who_asks_at_their_erasure_never_to_be_mailed_is_not_mailed_whatever_is_told_late(refusals: Refusals) -> None:
    refusals.bounce(1, 8, 15)
    refusals.erase_reader()
    refusals.tell(refusals.notice(11, EventKind.DELIVERED))
    found = refusals.in_force
    assert found is not None
    assert (found.reason, found.is_counted) == (SuppressionReason.REQUEST, False)


def test_a_refusal_with_a_time_to_come_is_kept_and_weighed_as_of_now(told_here: Refusals) -> None:
    told_here.tell(told_here.notice(200, **FOR_GOOD))
    with told_here.world.database.reading() as session:
        at = session.scalars(select(Event.occurred_at)).one()
    found = told_here.in_force
    assert found is not None
    assert [ground["at"] for ground in found.grounds or ()] == [at.isoformat()]
    assert at <= told_here.world.app.clock.now()
