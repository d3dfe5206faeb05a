"""What providers tell, in any order and any number of copies: the same end."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.events.notices import Notice, take
from newsletter.events.tables import CampaignReach, CampaignStat, Event, EventKind
from newsletter.ledger import balance, reconciling
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.tables import Chunk, ChunkState, Delivery, DeliveryState
from newsletter.reports.status import status
from newsletter.tokens import DeliveryKey
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.tables import (
    ConsentRecord,
    Organization,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from tests.support.people import a_sending_campaign

READERS = 24
ORDERS = list(itertools.permutations(range(4)))


@pytest.fixture
def campaign_id(database: Database) -> int:
    """A campaign of which every copy was attempted once and nobody knows more."""
    campaign_id = a_sending_campaign(database, READERS)
    put(database, DeliveryState.UNKNOWN)
    return campaign_id


def put(database: Database, state: DeliveryState, attempt: int = 1) -> None:
    with database.writing() as session:
        session.execute(update(Delivery).values(state=state, attempt=attempt))


def notice(campaign_id: int, seq: int, kind: EventKind, clock: Clock, attempt: int = 1, **more: Any) -> Notice:
    return Notice(
        provider="sendgrid",
        event_id=f"{kind}-{seq}-{attempt}",
        kind=kind,
        key=DeliveryKey(campaign_id, seq, attempt),
        occurred_at=clock.now() - timedelta(minutes=1),
        provider_id="message-1",
        **more,
    )


def tell(database: Database, clock: Clock, *notices: Notice) -> None:
    with database.writing() as session:
        take(session, clock, notices)


def state(database: Database, campaign_id: int, seq: int = 1) -> DeliveryState:
    with database.reading() as session:
        return session.get_one(Delivery, (campaign_id, seq)).state


def is_suppressed(session: Session, seq: int) -> bool:
    organization = session.scalars(select(Organization)).one()
    return suppressions.is_suppressed(session, organization, EmailAddress.parse(f"reader{seq}@school.example"))


def end_of(session: Session, campaign_id: int, seq: int) -> tuple[Any, ...]:
    """All that is left of what was told about one copy."""
    copy = session.get_one(Delivery, (campaign_id, seq))
    events = session.scalars(select(Event.kind).where(Event.seq == seq).order_by(Event.kind)).all()
    return copy.state, copy.error, copy.provider_id, tuple(events), is_suppressed(session, seq)


def every_order(
    database: Database, clock: Clock, campaign_id: int, *facts: tuple[EventKind, dict[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    """Tell the facts of each reader in another order, in calls of their own, then all twice again; the ends."""
    chance = random.Random(2026)  # noqa: S311 - the same shuffle each time
    for seq, order in enumerate(ORDERS, 1):
        told = [notice(campaign_id, seq, facts[at][0], clock, **facts[at][1]) for at in order]
        for one in told:
            tell(database, clock, one)
        tell(database, clock, *chance.sample(told * 2, 2 * len(told)))
    with database.reading() as session:
        for seq in range(1, READERS + 1):
            yield end_of(session, campaign_id, seq)


@pytest.mark.parametrize("begin", [DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING, DeliveryState.ACCEPTED])
def test_shuffled_and_repeated_events_have_one_end(
    database: Database, clock: Clock, campaign_id: int, begin: DeliveryState
) -> None:  # F37 M52 M53
    put(database, begin)
    ends = set(
        every_order(
            database,
            clock,
            campaign_id,
            (EventKind.ACCEPTED, {}),
            (EventKind.DEFERRED, {"text": "451 later"}),
            (EventKind.DELIVERED, {}),
            (EventKind.BOUNCE, {"is_permanent": True, "text": "550 no such user"}),
        )
    )
    provider_id = None if begin is DeliveryState.ACCEPTED else "message-1"
    kinds = (EventKind.BOUNCE, EventKind.DEFERRED, EventKind.DELIVERED)
    assert ends == {(DeliveryState.ACCEPTED, None, provider_id, kinds, True)}


@pytest.mark.parametrize("begin", [DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING, DeliveryState.ACCEPTED])
def test_a_copy_that_the_provider_took_and_did_not_send_is_rejected_in_any_order(
    database: Database, clock: Clock, campaign_id: int, begin: DeliveryState
) -> None:  # F37
    put(database, begin)
    ends = set(
        every_order(
            database,
            clock,
            campaign_id,
            (EventKind.ACCEPTED, {}),
            (EventKind.REJECTED, {"text": "Bounced Address"}),
            (EventKind.OPEN, {}),
            (EventKind.CLICK, {}),
        )
    )
    assert {(state, error, events) for state, error, _, events, _ in ends} == {
        (DeliveryState.REJECTED, "Bounced Address", (EventKind.REJECTED,))
    }


def test_what_is_told_again_does_not_keep_a_refused_copy_from_its_retry(
    database: Database, clock: Clock, campaign_id: int
) -> None:  # F37
    told = [notice(campaign_id, 1, kind, clock) for kind in (EventKind.ACCEPTED, EventKind.REJECTED)]
    tell(database, clock, *told)
    with database.writing() as session:
        session.execute(update(Chunk).values(state=ChunkState.DONE))
        assert reconciling.retry(session, clock, campaign_id, DeliveryState.REJECTED) == 1
    for order in (told, told[::-1]):
        tell(database, clock, *order)
        assert state(database, campaign_id) is DeliveryState.PENDING


@pytest.mark.parametrize("kinds", [(EventKind.BOUNCE, EventKind.COMPLAINT), (EventKind.COMPLAINT, EventKind.BOUNCE)])
def test_a_complaint_outweighs_a_bounce_whichever_is_told_first(
    database: Database, clock: Clock, campaign_id: int, kinds: tuple[EventKind, ...]
) -> None:  # F37
    for kind in kinds:
        tell(database, clock, notice(campaign_id, 1, kind, clock, is_permanent=True, text=f"told by {kind}"))
    with database.reading() as session:
        (kept,) = session.scalars(select(Suppression)).all()
        assert (kept.reason, kept.detail) == (SuppressionReason.COMPLAINT, "told by complaint")


def test_a_delivery_told_late_does_not_undo_a_suppression(database: Database, clock: Clock, campaign_id: int) -> None:
    tell(database, clock, notice(campaign_id, 1, EventKind.BOUNCE, clock, is_permanent=True))
    tell(database, clock, notice(campaign_id, 1, EventKind.DELIVERED, clock))
    with database.reading() as session:
        assert is_suppressed(session, 1)


def test_a_bounce_told_again_does_not_undo_what_a_person_lifted(
    database: Database, clock: Clock, campaign_id: int
) -> None:  # M52
    told = notice(campaign_id, 1, EventKind.BOUNCE, clock, is_permanent=True)
    tell(database, clock, told)
    with database.writing() as session:
        organization, address = (
            session.scalars(select(Organization)).one(),
            EmailAddress.parse("reader1@school.example"),
        )
        assert suppressions.lift(session, organization, address, now=clock.now())
    tell(database, clock, told)
    with database.reading() as session:
        assert not is_suppressed(session, 1)


def test_a_refusal_that_is_not_for_good_suppresses_nobody(
    database: Database, clock: Clock, campaign_id: int
) -> None:  # M58
    tell(database, clock, notice(campaign_id, 1, EventKind.BOUNCE, clock))
    with database.reading() as session:
        assert not is_suppressed(session, 1)
        assert status(session, campaign_id)["bounced"] == 1


def test_whatever_comes_of_a_copy_proves_that_it_was_taken(
    database: Database, clock: Clock, campaign_id: int
) -> None:  # F2
    kinds = [kind for kind in EventKind if kind not in (EventKind.REJECTED, EventKind.REFUSED)]
    tell(database, clock, *(notice(campaign_id, seq, kind, clock) for seq, kind in enumerate(kinds, 1)))
    with database.reading() as session:
        found = balance.balance(session, campaign_id)
    assert found.counts[DeliveryState.ACCEPTED] == len(kinds)
    assert found.counts[DeliveryState.UNKNOWN] == READERS - len(kinds)
    assert found.balances


def test_an_event_of_an_earlier_attempt_settles_nothing(database: Database, clock: Clock, campaign_id: int) -> None:
    put(database, DeliveryState.UNKNOWN, attempt=2)
    tell(database, clock, notice(campaign_id, 1, EventKind.DELIVERED, clock))
    tell(database, clock, notice(campaign_id, 2, EventKind.REJECTED, clock))
    assert {state(database, campaign_id, seq) for seq in (1, 2)} == {DeliveryState.UNKNOWN}


@pytest.mark.parametrize("outcome", [DeliveryState.ACCEPTED, DeliveryState.UNKNOWN])
def test_an_event_that_comes_before_our_own_commit_is_not_lost(
    database: Database, clock: Clock, campaign_id: int, outcome: DeliveryState
) -> None:  # F37
    put(database, DeliveryState.ATTEMPTING)
    tell(database, clock, notice(campaign_id, 1, EventKind.DELIVERED, clock))
    with database.writing() as session:
        assert settle(session, clock, campaign_id, [Settlement(1, 1, outcome)]) == []
    assert state(database, campaign_id) is DeliveryState.ACCEPTED


def test_the_figures_are_what_providers_told(database: Database, clock: Clock, campaign_id: int) -> None:
    told = [notice(campaign_id, seq, EventKind.DELIVERED, clock) for seq in (1, 2, 3)]
    told += [notice(campaign_id, 2, EventKind.COMPLAINT, clock), notice(campaign_id, 4, EventKind.BOUNCE, clock)]
    tell(database, clock, *told, *told)
    with database.reading() as session:
        facts = status(session, campaign_id)
    assert {name: facts[name] for name in ("delivered", "bounced", "complained")} == {
        "delivered": 3,
        "bounced": 1,
        "complained": 1,
    }


def test_an_open_told_by_the_provider_is_counted_for_nobody(
    database: Database, clock: Clock, campaign_id: int
) -> None:  # M40 M41
    tell(database, clock, notice(campaign_id, 1, EventKind.OPEN, clock), notice(campaign_id, 1, EventKind.CLICK, clock))
    with database.reading() as session:
        facts = status(session, campaign_id)
        assert {*facts["opened"].values(), *facts["clicked"].values()} == {0}
        assert session.scalars(select(Event)).all() == []


def test_who_unsubscribes_at_the_provider_leaves_the_list_once(
    database: Database, clock: Clock, campaign_id: int
) -> None:
    told = notice(campaign_id, 1, EventKind.UNSUBSCRIBE, clock)
    tell(database, clock, told)
    tell(database, clock, told)
    with database.reading() as session:
        assert session.get_one(Subscription, (1, 1)).state == SubscriptionState.UNSUBSCRIBED
        assert [record.source for record in session.scalars(select(ConsentRecord))] == ["mail"]
        assert session.scalars(select(CampaignStat.count)).all() == [1]


def test_what_is_told_of_a_person_who_was_erased_or_a_copy_that_is_gone_harms_nothing(
    database: Database, clock: Clock, campaign_id: int
) -> None:
    with database.writing() as session:
        session.execute(update(Delivery).where(Delivery.seq == 1).values(subscriber_id=None, to_address=""))
    for seq in (1, READERS + 1):
        for kind in (EventKind.COMPLAINT, EventKind.UNSUBSCRIBE, EventKind.REJECTED):
            tell(database, clock, notice(campaign_id, seq, kind, clock))
    with database.reading() as session:
        assert session.scalars(select(Suppression)).all() == []


def test_a_copy_is_counted_once_however_often_it_is_told_of(
    database: Database, clock: Clock, campaign_id: int
) -> None:  # M52
    first = notice(campaign_id, 1, EventKind.DELIVERED, clock)
    tell(database, clock, first, replace(first, event_id="told again by another name"))
    tell(database, clock, first, notice(campaign_id, 2, EventKind.DELIVERED, clock))
    with database.reading() as session:
        reach = session.scalars(select(CampaignReach)).one()
    assert (reach.kind, reach.link_no, reach.copies) == (EventKind.DELIVERED, 0, 2)
