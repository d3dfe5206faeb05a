"""What SendGrid would not send, or a server would not take: what that does to the copy, its reader, and nobody else."""

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from newsletter.clock import Clock
from newsletter.events.tables import CampaignReach, EventKind
from newsletter.ledger import reconciling
from newsletter.ledger.tables import Campaign, Chunk, ChunkState, Delivery, DeliveryState
from subscribers.db import Database
from subscribers.tables import Subscription, SubscriptionState, Suppression, SuppressionReason
from tests.support.event_streams import SIGNER, a_copy, an_unsettled_campaign, end_of, take
from tests.support.sendgrid.webhooks import event, written


@pytest.fixture
def campaign_id(database: Database) -> int:
    return an_unsettled_campaign(database, 3)


def told(database: Database, clock: Clock, campaign_id: int, word: str, attempt: int = 1, **facts: Any) -> None:
    """One event of the first copy."""
    take(database, clock, written([event(a_copy(campaign_id, 1, attempt), word, clock.now().timestamp(), **facts)]))


def copy_of(database: Database, campaign_id: int) -> Delivery:
    with database.reading() as session:
        return session.get_one(Delivery, (campaign_id, 1))


def suppressed(database: Database) -> list[tuple[SuppressionReason, str]]:
    with database.reading() as session:
        return [(one.reason, one.detail) for one in session.scalars(select(Suppression))]


def standings(database: Database) -> list[SubscriptionState]:
    with database.reading() as session:
        return list(session.scalars(select(Subscription.state).order_by(Subscription.subscriber_id)))


def test_who_once_reported_spam_is_never_mailed_again_and_counts_as_no_complaint_of_this_mail(
    database: Database, clock: Clock, campaign_id: int
) -> None:
    told(database, clock, campaign_id, "dropped", reason="Spam Reporting Address")
    assert copy_of(database, campaign_id).state is DeliveryState.REJECTED
    assert suppressed(database) == [(SuppressionReason.COMPLAINT, "Spam Reporting Address")]
    with database.reading() as session:
        assert set(session.scalars(select(CampaignReach.kind))) == {EventKind.REJECTED}


def test_who_once_left_at_sendgrid_leaves_the_list_here(database: Database, clock: Clock, campaign_id: int) -> None:
    told(database, clock, campaign_id, "dropped", reason="Unsubscribed Address")
    assert suppressed(database) == []
    confirmed = SubscriptionState.CONFIRMED
    assert standings(database) == [SubscriptionState.UNSUBSCRIBED, confirmed, confirmed]


@pytest.mark.parametrize("reason", ["Bounced Address", "Invalid", "Recipient List over Package Quota", ""])
def test_what_sendgrid_would_not_send_for_another_reason_suppresses_nobody(
    database: Database, clock: Clock, campaign_id: int, reason: str
) -> None:
    told(database, clock, campaign_id, "dropped", reason=reason)
    assert (copy_of(database, campaign_id).state, copy_of(database, campaign_id).error) == (
        DeliveryState.REJECTED,
        reason,
    )
    assert suppressed(database) == []
    assert set(standings(database)) == {SubscriptionState.CONFIRMED}


@pytest.mark.parametrize("kind", ["blocked", "expired"])
def test_a_server_that_blocks_or_never_answers_suppresses_nobody(
    database: Database, clock: Clock, campaign_id: int, kind: str
) -> None:  # M58
    told(database, clock, campaign_id, "bounce", type=kind, status="5.1.1", reason="550 5.1.1 no such user")
    assert copy_of(database, campaign_id).state is DeliveryState.ACCEPTED
    assert suppressed(database) == []


@pytest.mark.parametrize("word", ["open", "click"])
def test_an_open_of_a_machine_and_of_a_person_only_prove_that_the_copy_was_taken(
    database: Database, clock: Clock, campaign_id: int, word: str
) -> None:  # M40
    for n, is_machine in enumerate((True, False)):
        told(database, clock, campaign_id, word, sg_event_id=f"{n}", sg_machine_open=is_machine, ip="203.0.113.9")
    left = end_of(database, campaign_id)
    assert copy_of(database, campaign_id).state is DeliveryState.ACCEPTED
    assert [left[what] for what in ("events", "reached", "reach", "requests")] == [[], [], [], []]


def test_a_retry_that_has_not_begun_ends_when_the_first_attempt_turns_out_to_be_taken(
    database: Database, clock: Clock, campaign_id: int
) -> None:  # F2
    with database.writing() as session:
        session.execute(update(Chunk).values(state=ChunkState.DONE))
        assert reconciling.retry(session, clock, campaign_id, DeliveryState.UNKNOWN) == 3
    told(database, clock, campaign_id, "delivered")
    assert copy_of(database, campaign_id).state is DeliveryState.ACCEPTED


@pytest.mark.parametrize("word", ["delivered", "dropped"])
def test_what_is_told_of_the_first_attempt_does_not_decide_the_second(
    database: Database, clock: Clock, campaign_id: int, word: str
) -> None:  # F37
    with database.writing() as session:
        session.execute(update(Delivery).values(attempt=2))
    told(database, clock, campaign_id, word)
    assert copy_of(database, campaign_id).state is DeliveryState.UNKNOWN
    told(database, clock, campaign_id, "processed", attempt=2)
    assert copy_of(database, campaign_id).state is DeliveryState.ACCEPTED


def test_a_refusal_of_a_reader_who_was_erased_names_nothing(database: Database, clock: Clock, campaign_id: int) -> None:
    with database.writing() as session:
        session.execute(update(Delivery).values(subscriber_id=None, to_address=""))
    told(database, clock, campaign_id, "dropped", reason="Spam Reporting Address")
    copy = copy_of(database, campaign_id)
    assert (copy.state, copy.error, copy.provider_id) == (DeliveryState.REJECTED, None, None)
    assert suppressed(database) == []


@pytest.mark.parametrize("word", ["delivered", "dropped", "bounce", "spamreport", "unsubscribe"])
def test_what_is_told_of_a_campaign_that_is_gone_harms_nobody(
    database: Database, clock: Clock, campaign_id: int, word: str
) -> None:  # F37
    with database.writing() as session:
        for table in (Delivery, Chunk):
            session.execute(delete(table).where(table.campaign_id == campaign_id))
        session.execute(delete(Campaign).where(Campaign.id == campaign_id))
    told(database, clock, campaign_id, word, type="bounce", status="5.1.1", reason="Spam Reporting Address")
    assert suppressed(database) == []
    assert set(standings(database)) == {SubscriptionState.CONFIRMED}


def test_a_copy_of_another_installation_is_passed_over(database: Database, clock: Clock, campaign_id: int) -> None:
    theirs = SIGNER.unknown().delivery_key
    copy = a_copy(campaign_id, 1, sign=theirs)
    take(database, clock, written([event(copy, "delivered"), event(copy, "spamreport")]))
    assert copy_of(database, campaign_id).state is DeliveryState.UNKNOWN
    assert suppressed(database) == []
