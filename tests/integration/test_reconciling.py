"""What a person does about copies that were refused or that nobody can account for."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from newsletter.campaigns import lifecycle
from newsletter.clock import Clock
from newsletter.ledger import balance, claims
from newsletter.ledger.attempts import Due, attempt
from newsletter.ledger.claims import Claim
from newsletter.ledger.reconciling import retry, unsettled
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.states import StepRefused, get, move
from newsletter.ledger.tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState, Exclusion
from subscribers.db import Database
from subscribers.tables import Subscriber, Suppression, SuppressionReason
from tests.support.people import LONG_AGO, a_sending_campaign

UNKNOWN, REJECTED, ACCEPTED = DeliveryState.UNKNOWN, DeliveryState.REJECTED, DeliveryState.ACCEPTED


def work(database: Database, clock: Clock, ends: dict[int, DeliveryState], why: str = "no answer came") -> list[Due]:
    """Send one chunk; each of its copies ends as told, the others accepted."""
    held = taken(database, clock)
    with database.writing() as session:
        group = attempt(session, clock, held, 50)
        settle(session, clock, held.campaign_id, [ended(due, ends.get(due.seq, ACCEPTED), why) for due in group])
        claims.release(session, clock, held)
        balance.finish(session, clock, held.campaign_id)
    return group


def ended(due: Due, state: DeliveryState, why: str = "") -> Settlement:
    return Settlement(due.seq, due.attempt, state, error=why or None)


def taken(database: Database, clock: Clock) -> Claim:
    with database.writing() as session:
        held = claims.claim(session, clock, "me")
    assert held is not None
    return held


def again(database: Database, clock: Clock, campaign_id: int, state: DeliveryState) -> int:
    with database.writing() as session:
        return retry(session, clock, campaign_id, state)


def states(database: Database, campaign_id: int) -> list[DeliveryState]:
    with database.reading() as session:
        rows = select(Delivery.state).where(Delivery.campaign_id == campaign_id).order_by(Delivery.seq)
        return list(session.scalars(rows))


def campaign(database: Database, campaign_id: int) -> Campaign:
    with database.reading() as session:
        return get(session, campaign_id)


def test_a_sent_campaign_sends_again_what_was_refused_and_nothing_else(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 3)
    work(database, clock, {1: REJECTED, 2: UNKNOWN})
    assert campaign(database, campaign_id).state == CampaignState.SENT
    assert again(database, clock, campaign_id, REJECTED) == 1
    assert states(database, campaign_id) == [DeliveryState.PENDING, UNKNOWN, ACCEPTED]
    opened = campaign(database, campaign_id)
    assert (opened.state, opened.finished_at) == (CampaignState.SENDING, None)
    assert [(due.seq, due.attempt) for due in work(database, clock, {})] == [(1, 2)]
    assert states(database, campaign_id) == [ACCEPTED, UNKNOWN, ACCEPTED]
    assert campaign(database, campaign_id).state == CampaignState.SENT


def test_an_unknown_copy_goes_again_only_when_it_is_asked_for(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 2)
    work(database, clock, {1: UNKNOWN})
    assert again(database, clock, campaign_id, REJECTED) == 0
    assert campaign(database, campaign_id).state == CampaignState.SENT
    assert again(database, clock, campaign_id, UNKNOWN) == 1
    assert again(database, clock, campaign_id, UNKNOWN) == 0


def test_word_of_the_first_attempt_keeps_a_retried_copy_from_going_twice(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    (due,) = work(database, clock, {1: UNKNOWN})
    again(database, clock, campaign_id, UNKNOWN)
    with database.writing() as session:
        assert settle(session, clock, campaign_id, [ended(due, ACCEPTED)]) == [1]
    assert work(database, clock, {}) == []
    assert campaign(database, campaign_id).state == CampaignState.SENT


def test_word_of_the_first_attempt_does_not_settle_the_second(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    (due,) = work(database, clock, {1: UNKNOWN})
    again(database, clock, campaign_id, UNKNOWN)
    held = taken(database, clock)
    with database.writing() as session:
        attempt(session, clock, held, 50)
        assert settle(session, clock, campaign_id, [ended(due, ACCEPTED)]) == []
    assert states(database, campaign_id) == [DeliveryState.ATTEMPTING]


def test_a_retried_copy_is_put_off_and_tried_like_any_other(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    for _ in range(5):
        work(database, clock, {1: DeliveryState.DEFERRED}, "421 later")
        clock.offset += timedelta(hours=5)
    assert states(database, campaign_id) == [REJECTED]
    again(database, clock, campaign_id, REJECTED)
    assert [due.attempt for due in work(database, clock, {1: DeliveryState.DEFERRED}, "421 later")] == [6]
    assert states(database, campaign_id) == [DeliveryState.DEFERRED]


def test_who_was_suppressed_meanwhile_is_not_mailed_by_a_retry(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    work(database, clock, {1: REJECTED})
    with database.writing() as session:
        reader = session.scalars(select(Subscriber)).one()
        session.add(
            Suppression(
                organization_id=reader.organization_id,
                address_hash=reader.address_hash,
                reason=SuppressionReason.BOUNCE,
                created_at=LONG_AGO,
            )
        )
    again(database, clock, campaign_id, REJECTED)
    assert work(database, clock, {}) == []
    with database.reading() as session:
        assert balance.exclusions(session, campaign_id) == {Exclusion.SUPPRESSED: 1}


def test_what_a_sender_holds_just_now_is_left_to_it(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 20)
    work(database, clock, {1: REJECTED})
    held = taken(database, clock)
    with database.writing() as session:
        group = attempt(session, clock, held, 50)
        settle(session, clock, campaign_id, [ended(due, REJECTED) for due in group[:2]])
    assert again(database, clock, campaign_id, REJECTED) == 1
    with database.reading() as session:
        chunk = session.get_one(Chunk, (campaign_id, held.no))
        assert (chunk.state, chunk.fence) == (ChunkState.CLAIMED, held.fence)


@pytest.mark.parametrize(
    ("steps", "next_step"),
    [
        ((CampaignState.PAUSED,), "campaigns resume 1"),
        ((CampaignState.STOPPED,), "campaigns resume 1"),
        ((CampaignState.CANCELLED,), "campaigns copy 1"),
    ],
)
def test_a_campaign_that_does_not_send_is_not_tried_again(
    database: Database, clock: Clock, steps: Sequence[CampaignState], next_step: str
) -> None:
    campaign_id = a_sending_campaign(database, 2)
    with database.writing() as session:
        for step in steps:
            move(session, campaign_id, step)
    with pytest.raises(StepRefused, match=next_step), database.writing() as session:
        retry(session, clock, campaign_id, REJECTED)


def test_a_sent_campaign_is_not_resumed(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    work(database, clock, {})
    with pytest.raises(StepRefused, match="is sent; there is nothing to resume"), database.writing() as session:
        lifecycle.resume(session, campaign_id)


def test_a_campaign_is_not_called_sent_while_a_retry_opens_it(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    work(database, clock, {1: REJECTED})
    with database.writing() as session:
        session.execute(update(Campaign).values(state=CampaignState.SENDING))

    def end() -> None:
        with database.writing() as session:
            balance.finish(session, clock, campaign_id)

    ending = threading.Thread(target=end)
    with database.writing() as session:
        retry(session, clock, campaign_id, REJECTED)
        ending.start()
        ending.join(timeout=0.2)
    ending.join()
    assert campaign(database, campaign_id).state == CampaignState.SENDING


def test_what_is_not_settled_is_told_by_its_reason(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 15)
    work(database, clock, {1: UNKNOWN, 2: UNKNOWN, 3: DeliveryState.DEFERRED, 4: REJECTED}, "451 later")
    with database.reading() as session:
        found = [(group.state, group.why, group.count, group.next_at is not None) for group in unsettled(session, 1)]
    assert campaign_id == 1
    assert found == [
        (DeliveryState.PENDING, "not begun", 5, False),
        (DeliveryState.DEFERRED, "451 later", 1, True),
        (UNKNOWN, "451 later", 2, False),
    ]


def test_a_chunk_put_off_by_the_pace_says_when_it_goes_on(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    with database.writing() as session:
        assert claims.next_ready_at(session, campaign_id) is None
    held = taken(database, clock)
    with database.writing() as session:
        claims.release(session, clock, held, timedelta(hours=3))
    with database.reading() as session:
        at = claims.next_ready_at(session, campaign_id)
    assert at is not None
    assert timedelta(hours=2) < at - clock.now() < timedelta(hours=4)


def test_refusals_that_name_each_reader_are_one_reason(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 25, chunk=25)
    held = taken(database, clock)
    with database.writing() as session:
        group = attempt(session, clock, held, 50)
        full = [ended(due, UNKNOWN, f"452 4.2.2 <{due.to_address}>: Mailbox full") for due in group[:-1]]
        settle(session, clock, campaign_id, [*full, ended(group[-1], UNKNOWN, "421 later")])
    with database.reading() as session:
        found = [(group.state, group.why, group.count) for group in unsettled(session, campaign_id)]
    assert found == [(UNKNOWN, "452 4.2.2 <...>: Mailbox full", 24), (UNKNOWN, "421 later", 1)]


def test_refusals_that_are_numbered_are_not_all_listed(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 25, chunk=25)
    held = taken(database, clock)
    with database.writing() as session:
        group = attempt(session, clock, held, 50)
        settle(session, clock, campaign_id, [ended(due, UNKNOWN, f"lost in queue {due.seq}") for due in group])
    with database.reading() as session:
        *shown, rest = unsettled(session, campaign_id)
    assert len(shown) == 20
    assert (rest.why, rest.state, rest.count) == ("other reasons", UNKNOWN, 5)
