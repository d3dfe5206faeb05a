from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.campaigns import lifecycle
from newsletter.clock import Clock
from newsletter.ledger import balance, claims, links, listing, streams, sweeping
from newsletter.ledger.attempts import LeaseLost, attempt
from newsletter.ledger.claims import LEASE, Claim
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.states import STEPS, CampaignNotFound, StepRefused, get, move
from newsletter.ledger.tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState
from subscribers.db import Database
from subscribers.tables import Organization, Subscriber, Subscription, SubscriptionState, Suppression
from tests.support.people import LONG_AGO, a_sending_campaign, an_organization

Accept = Callable[[int], Settlement]


def claim(database: Database, clock: Clock, owner: str = "me") -> Claim:
    with database.writing() as session:
        held = claims.claim(session, clock, owner)
    assert held is not None
    return held


def take(database: Database, clock: Clock, held: Claim, limit: int = 50) -> list[int]:
    with database.writing() as session:
        return [due.seq for due in attempt(session, clock, held, limit)]


def accept(database: Database, clock: Clock, campaign_id: int, seqs: list[int], number: int = 1) -> None:
    with database.writing() as session:
        settle(session, clock, campaign_id, [Settlement(seq, number, DeliveryState.ACCEPTED, "id") for seq in seqs])


def give_back(database: Database, clock: Clock, held: Claim) -> None:
    with database.writing() as session:
        claims.release(session, clock, held)


def states(database: Database, campaign_id: int) -> dict[int, str]:
    with database.reading() as session:
        rows = session.execute(select(Delivery.seq, Delivery.state).where(Delivery.campaign_id == campaign_id))
        return {seq: state.value for seq, state in rows}


def test_a_campaign_is_sent_when_every_delivery_is_settled(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 15)
    for _ in range(2):
        held = claim(database, clock)
        accept(database, clock, campaign_id, take(database, clock, held))
        give_back(database, clock, held)
    with database.writing() as session:
        assert claims.claim(session, clock, "me") is None
        assert balance.finish(session, clock, campaign_id)
    with database.reading() as session:
        found = balance.balance(session, campaign_id)
        assert get(session, campaign_id).state == CampaignState.SENT
    assert found.counts[DeliveryState.ACCEPTED] == 15
    assert found.balances


def test_a_campaign_with_open_chunks_is_not_called_sent(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 3)
    with database.writing() as session:
        assert not balance.finish(session, clock, campaign_id)


def test_a_lost_delivery_is_not_hidden(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 3)
    with database.writing() as session:
        session.execute(update(Chunk).values(state=ChunkState.DONE))
    with pytest.raises(balance.SumBroken), database.writing() as session:
        balance.finish(session, clock, campaign_id)


@pytest.mark.parametrize(("audience", "lost"), [(3, 1), (6, 0), (2, 0)], ids=["a lost row", "doubled", "one too few"])
def test_a_campaign_whose_copies_are_not_its_audience_is_not_called_sent(
    database: Database, clock: Clock, audience: int, lost: int
) -> None:
    campaign_id = a_sending_campaign(database, 3)
    held = claim(database, clock)
    accept(database, clock, campaign_id, take(database, clock, held))
    give_back(database, clock, held)
    with database.writing() as session:
        session.execute(delete(Delivery).where(Delivery.seq <= lost))
        session.execute(update(Campaign).values(audience=audience))
    with pytest.raises(balance.SumBroken, match=f"audience of {audience}"), database.writing() as session:
        balance.finish(session, clock, campaign_id)
    with database.reading() as session:
        assert get(session, campaign_id).state == CampaignState.SENDING


def test_two_senders_never_hold_the_same_chunk(database: Database, clock: Clock) -> None:  # F6
    a_sending_campaign(database, 20)
    assert {claim(database, clock, owner).no for owner in ("one", "two")} == {1, 2}


def test_a_sender_whose_lease_was_taken_away_sends_nothing(database: Database, clock: Clock) -> None:  # F7
    campaign_id = a_sending_campaign(database, 5)
    frozen = claim(database, clock, "frozen")
    take(database, clock, frozen, 2)
    clock.offset += LEASE + timedelta(seconds=1)
    with database.writing() as session:
        assert claims.is_overdue(session, clock)
        assert sweeping.expire(session, clock) == 2
    other = claim(database, clock, "other")
    assert take(database, clock, other) == [3, 4, 5]
    with pytest.raises(LeaseLost):
        take(database, clock, frozen)
    assert states(database, campaign_id) == {
        1: "unknown",
        2: "unknown",
        3: "attempting",
        4: "attempting",
        5: "attempting",
    }


def test_a_sender_that_lost_its_chunk_cannot_give_it_back(database: Database, clock: Clock) -> None:  # F7
    campaign_id = a_sending_campaign(database, 5)
    frozen = claim(database, clock, "frozen")
    clock.offset += LEASE + timedelta(seconds=1)
    with database.writing() as session:
        sweeping.expire(session, clock)
    other = claim(database, clock, "other")
    assert take(database, clock, other, 2) == [1, 2]
    give_back(database, clock, frozen)
    accept(database, clock, campaign_id, [1, 2])
    assert take(database, clock, other) == [3, 4, 5]


def test_a_late_settlement_resolves_unknown_and_nothing_else_opens_a_finished_row(
    database: Database, clock: Clock
) -> None:
    campaign_id = a_sending_campaign(database, 2)
    take(database, clock, claim(database, clock))
    with database.writing() as session:
        settle(session, clock, campaign_id, [Settlement(1, 1, DeliveryState.UNKNOWN)])
        settle(session, clock, campaign_id, [Settlement(1, 1, DeliveryState.PENDING)])
        settle(session, clock, campaign_id, [Settlement(2, 1, DeliveryState.REJECTED, error="550 no")])
        settle(session, clock, campaign_id, [Settlement(2, 1, DeliveryState.ACCEPTED)])
    assert states(database, campaign_id) == {1: "unknown", 2: "rejected"}
    accept(database, clock, campaign_id, [1])
    assert states(database, campaign_id)[1] == "accepted"


def test_a_settlement_of_an_older_attempt_changes_nothing(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    take(database, clock, claim(database, clock))
    accept(database, clock, campaign_id, [1], number=7)
    assert states(database, campaign_id) == {1: "attempting"}


def test_what_did_not_leave_goes_again_without_burning_an_attempt(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 1)
    held = claim(database, clock)
    take(database, clock, held)
    with database.writing() as session:
        settle(session, clock, campaign_id, [Settlement(1, 1, DeliveryState.PENDING)])
    with database.writing() as session:
        assert [due.attempt for due in attempt(session, clock, held, 5)] == [1]


def test_a_deferred_delivery_waits_longer_each_time_and_is_rejected_in_the_end(
    database: Database, clock: Clock
) -> None:
    campaign_id = a_sending_campaign(database, 1)
    waits = [timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4)]
    for number, wait in enumerate([*waits, None], 1):
        held = claim(database, clock)
        assert take(database, clock, held) == [1]
        with database.writing() as session:
            settle(session, clock, campaign_id, [Settlement(1, number, DeliveryState.DEFERRED, error="451 later")])
        give_back(database, clock, held)
        if wait is not None:
            with database.writing() as session:
                assert claims.claim(session, clock, "me") is None
                assert not claims.is_busy(session, clock, campaign_id)
                assert claims.is_busy(session, clock, campaign_id, within=wait)
            clock.offset += wait + timedelta(seconds=1)
    with database.reading() as session:
        row = session.get_one(Delivery, (campaign_id, 1))
    assert (row.state, row.error, row.attempt) == (DeliveryState.REJECTED, "451 later", 5)


def test_who_left_since_the_snapshot_is_excluded_with_the_reason(database: Database, clock: Clock) -> None:  # F18 M34
    campaign_id = a_sending_campaign(database, 5)
    with database.writing() as session:
        people = session.scalars(select(Subscriber).order_by(Subscriber.id)).all()
        left = session.get_one(Subscription, (people[0].id, 1))
        left.state = SubscriptionState.UNSUBSCRIBED
        session.add(
            Suppression(
                organization_id=1,
                address_hash=people[1].address_hash,
                reason="complaint",
                created_at=LONG_AGO,
            )
        )
        session.execute(update(Delivery).where(Delivery.seq == 3).values(subscriber_id=None))
    assert take(database, clock, claim(database, clock)) == [4, 5]
    with database.reading() as session:
        reasons = session.execute(select(Delivery.seq, Delivery.reason).where(Delivery.reason.is_not(None)))
        assert {seq: reason.value for seq, reason in reasons if reason} == {
            1: "unsubscribed",
            2: "suppressed",
            3: "erased",
        }
    assert sum(state == "excluded" for state in states(database, campaign_id).values()) == 3


def test_a_group_of_people_who_all_left_does_not_end_the_chunk(database: Database, clock: Clock) -> None:
    a_sending_campaign(database, 4)
    with database.writing() as session:
        session.execute(update(Subscription).where(Subscription.subscriber_id <= 2).values(state="unsubscribed"))
    assert take(database, clock, claim(database, clock), limit=2) == [3, 4]


def test_pause_stops_the_next_group_and_resume_goes_on(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 4)
    held = claim(database, clock)
    accept(database, clock, campaign_id, take(database, clock, held, 2))
    with database.writing() as session:
        lifecycle.pause(session, campaign_id)
    with pytest.raises(LeaseLost):
        take(database, clock, held, 2)
    give_back(database, clock, held)
    with database.writing() as session:
        assert claims.claim(session, clock, "me") is None
        lifecycle.resume(session, campaign_id)
    assert take(database, clock, claim(database, clock)) == [3, 4]


def test_cancel_leaves_every_row_accounted_for(database: Database, clock: Clock) -> None:
    campaign_id = a_sending_campaign(database, 4)
    take(database, clock, claim(database, clock), 1)
    with database.writing() as session:
        assert lifecycle.cancel(session, clock, campaign_id) == 3
    accept(database, clock, campaign_id, [1])
    with database.reading() as session:
        found = balance.balance(session, campaign_id)
    assert found.balances
    assert found.counts[DeliveryState.CANCELLED] == 3
    assert found.counts[DeliveryState.ACCEPTED] == 1


def test_only_the_steps_of_the_table_are_taken(database: Database) -> None:
    campaign_id = a_sending_campaign(database, 1)
    for start in CampaignState:
        for target in CampaignState:
            with database.writing() as session:
                session.execute(update(Campaign).values(state=start))
            if target in STEPS[start]:
                with database.writing() as session:
                    assert move(session, campaign_id, target).state == target
            else:
                with pytest.raises(StepRefused, match=f"is {start}"), database.writing() as session:
                    move(session, campaign_id, target)


def test_an_unknown_campaign_is_named_as_such(database: Database) -> None:
    with pytest.raises(CampaignNotFound), database.writing() as session:
        move(session, 99, CampaignState.PAUSED)


def test_the_database_refuses_a_second_delivery_to_a_subscriber(database: Database) -> None:
    campaign_id = a_sending_campaign(database, 1)
    with pytest.raises(IntegrityError), database.writing() as session:
        first = session.get_one(Delivery, (campaign_id, 1))
        session.add(
            Delivery(
                campaign_id=campaign_id,
                seq=2,
                subscriber_id=first.subscriber_id,
                to_address=first.to_address,
                updated_at=LONG_AGO,
            )
        )


def test_a_dead_senders_rows_are_settled_by_its_journal(database: Database, clock: Clock) -> None:  # F1 F3
    campaign_id = a_sending_campaign(database, 4)
    take(database, clock, claim(database, clock, "dead"), 3)
    verdicts = {
        1: Settlement(1, 1, DeliveryState.ACCEPTED),
        2: Settlement(2, 1, DeliveryState.UNKNOWN),
        3: Settlement(3, 1, DeliveryState.PENDING),
    }
    with database.writing() as session:
        assert sweeping.recover(session, clock, "dead", lambda _, seq, __: verdicts[seq], {}) == 3
    assert states(database, campaign_id) == {1: "accepted", 2: "unknown", 3: "pending", 4: "pending"}
    assert take(database, clock, claim(database, clock)) == [3, 4]


def test_a_stream_takes_each_mail_once(database: Database, clock: Clock) -> None:
    with database.writing() as session:
        organization = an_organization(session)
        stream = streams.ensure(session, clock, organization.id, "confirm")
        assert streams.ensure(session, clock, organization.id, "confirm") == stream
        seqs = [
            streams.append(session, clock, stream, to_address="a@b.example", variant="v", dedupe=dedupe)
            for dedupe in ("one", "one", None, "two")
        ]
    assert seqs == [1, None, 2, 3]
    with database.reading() as session:
        assert balance.balance(session, stream).balances
        assert [row["to"] for row in listing.deliveries(session, stream, DeliveryState.PENDING)] == ["a@b.example"] * 3


def test_a_stream_never_ends_and_sends_urgently(database: Database, clock: Clock) -> None:
    a_sending_campaign(database, 2)
    with database.writing() as session:
        organization = session.scalars(select(Organization)).one()
        stream = streams.ensure(session, clock, organization.id, "test")
        streams.append(session, clock, stream, to_address="a@b.example", variant="v", payload={"name": "Ana"})
    held = claim(database, clock)
    assert held.campaign_id == stream
    with database.writing() as session:
        (due,) = attempt(session, clock, held, 5)
        assert due.payload == {"name": "Ana"}
        settle(session, clock, stream, [Settlement(1, 1, DeliveryState.ACCEPTED)])
        claims.release(session, clock, held)
        assert not balance.finish(session, clock, stream)


def test_links_are_fixed_once(database: Database) -> None:
    campaign_id = a_sending_campaign(database, 1)
    with database.writing() as session:
        links.fix(session, campaign_id, [])
        links.fix(session, campaign_id, [(2, "https://a.example/", "A")])
        links.fix(session, campaign_id, [(2, "https://evil.example/", "A")])
    with database.reading() as session:
        assert links.targets(session, [campaign_id])[campaign_id] == {2: "https://a.example/"}
        second = links.get(session, campaign_id, 2)
        assert second is not None
        assert second.target == "https://a.example/"
        assert links.get(session, campaign_id, 3) is None
