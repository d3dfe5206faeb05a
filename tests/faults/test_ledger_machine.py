"""The ledger under any order of events, held against what went over the wire."""

from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, update

from newsletter.campaigns import lifecycle
from newsletter.events.tables import Event, EventKind
from newsletter.feedback.conversations import Step
from newsletter.ledger import balance, reconciling
from newsletter.ledger.claims import LEASE
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, Chunk, ChunkState, Delivery, DeliveryState
from newsletter.sending.outcomes import Outcome, accepted, again, deferred, rejected, unknown
from subscribers import suppressions
from subscribers.db import Database
from subscribers.tables import Subscriber, Subscription, SubscriptionState, Suppression
from tests.support.people import LONG_AGO
from tests.support.stepwise import World

READERS, CHUNK, SENDERS = 12, 5, 3
OPEN = {DeliveryState.PENDING, DeliveryState.DEFERRED}
WAITS = (timedelta(seconds=61), timedelta(minutes=6), timedelta(minutes=70), timedelta(hours=5))
GONE = "550 5.1.1 no such user"
OUTCOMES = (
    accepted("id"),
    rejected("550 no"),
    rejected(GONE, Step.RECIPIENT),
    deferred("451 later"),
    again("421 rest"),
    unknown("no answer"),
)
Work = list[tuple[int, Outcome, bool]]
WORK = st.lists(st.tuples(st.integers(0, SENDERS - 1), st.sampled_from(OUTCOMES), st.booleans()), max_size=20)
"""Who goes on, what becomes of a message it hands over, and whether it hands over before it has heard."""


class LedgerMachine(RuleBasedStateMachine):
    """Three senders, two connections each, and one campaign of three chunks."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__()
        self.database = database
        self.world = World(database, folder, READERS, CHUNK)
        self.campaign_id = self.world.campaign_id
        self.senders = [self.world.a_sender() for _ in range(SENDERS)]

    @rule(work=WORK)
    def go_on(self, work: Work) -> None:
        """Senders take steps in any order."""
        for which, outcome, is_hasty in work:
            self.world.step(self.senders[which], outcome, is_hasty=is_hasty)

    @rule(which=st.integers(0, SENDERS - 1), work=WORK)
    def break_off_and_mend(self, which: int, work: Work) -> None:
        """The connection breaks, or the ledger was away: what is on the wire and unanswered is lost."""
        self.world.mend(self.senders[which])
        self.go_on(work)

    @rule(which=st.integers(0, SENDERS - 1), keeps_journal=st.booleans(), work=WORK)
    def kill(self, which: int, keeps_journal: bool, work: Work) -> None:
        self.world.kill(self.senders[which], keeps_journal=keeps_journal)
        self.senders[which] = self.world.a_sender()
        self.go_on(work)

    @rule(work=WORK)
    def sweep(self, work: Work) -> None:
        self.world.sweep()
        self.go_on(work)

    @rule(wait=st.sampled_from(WAITS), work=WORK)
    def pass_time(self, wait: timedelta, work: Work) -> None:
        self.world.clock.offset += wait
        for sender in self.senders:
            sender.seconds += wait.total_seconds()
            if sender.may_be_overtaken:
                self.world.doubtful |= set(sender.group.items())
        self.go_on(work)

    @rule(which=st.integers(0, SENDERS - 1), meanwhile=WORK, work=WORK)
    def freeze_and_wake(self, which: int, meanwhile: Work, work: Work) -> None:
        """Its lease runs out, others take over, and it goes on as if nothing had been."""
        self.pass_time(LEASE + timedelta(seconds=1), [])
        self.world.sweep()
        self.go_on([happening for happening in meanwhile if happening[0] != which])
        self.go_on([(which, outcome, is_hasty) for _, outcome, is_hasty in work])

    @rule(work=WORK)
    def pause_and_resume(self, work: Work) -> None:
        """While it is paused senders end what they have begun, and begin nothing."""
        if self.world.state() is CampaignState.SENDING:
            with self.database.writing() as session:
                lifecycle.pause(session, self.campaign_id)
            in_flight = sum(len(sender.waiting) for sender in self.senders)
            at_most = self.world.wire.total() + in_flight
            self.go_on(work)
            assert self.world.wire.total() <= at_most
            with self.database.writing() as session:
                lifecycle.resume(session, self.campaign_id)

    @rule(is_meant=st.integers(0, 5), work=WORK)
    def cancel(self, is_meant: int, work: Work) -> None:
        if is_meant == 0 and self.world.state() is CampaignState.SENDING:
            with self.database.writing() as session:
                lifecycle.cancel(session, self.world.clock, self.campaign_id)
        self.go_on(work)

    @rule(seq=st.integers(1, READERS), how=st.sampled_from(("unsubscribe", "suppress", "erase")), work=WORK)
    def leave(self, seq: int, how: str, work: Work) -> None:
        self.world.left.add(seq)
        of_reader = (Delivery.campaign_id == self.campaign_id, Delivery.seq == seq)
        with self.database.writing() as session:
            reader = session.scalar(
                select(Subscriber).join(Delivery, Delivery.subscriber_id == Subscriber.id).where(*of_reader)
            )
            if reader is None or how == "erase":
                session.execute(update(Delivery).where(*of_reader).values(subscriber_id=None))
            elif how == "unsubscribe":
                subscription = update(Subscription).where(Subscription.subscriber_id == reader.id)
                session.execute(subscription.values(state=SubscriptionState.UNSUBSCRIBED))
            else:
                of = {"organization_id": reader.organization_id, "address_hash": reader.address_hash}
                if session.scalar(select(Suppression.id).filter_by(**of)) is None:
                    session.add(Suppression(**of, reason="complaint", created_at=LONG_AGO))
        self.go_on(work)

    @rule(work=WORK)
    def finish(self, work: Work) -> None:
        self.go_on(work)
        self.end()

    @rule(work=WORK)
    def a_person_retries_the_unknown(self, work: Work) -> None:
        """Whom it may reach twice is that person's choice."""
        if self.world.state() in (CampaignState.SENDING, CampaignState.SENT):
            before = self.world.rows()
            with self.database.writing() as session:
                reconciling.retry(session, self.world.clock, self.campaign_id, DeliveryState.UNKNOWN)
            self.world.chosen.update(seq for seq, row in self.world.rows().items() if row != before[seq])
        self.go_on(work)

    @invariant()
    def the_sum_holds(self) -> None:
        with self.database.reading() as session:
            assert balance.balance(session, self.campaign_id).balances

    @invariant()
    def nobody_is_mailed_twice(self) -> None:
        assert all(times <= 1 + self.world.chosen[seq] for seq, times in self.world.wire.items())

    @invariant()
    def the_ledger_says_what_happened(self) -> None:
        for seq, (state, number) in self.world.rows().items():
            if state is DeliveryState.ACCEPTED:
                assert self.world.wire[seq] >= 1
            elif state is DeliveryState.UNKNOWN:
                assert (seq, number) in self.world.doubtful
            elif state is not DeliveryState.ATTEMPTING:
                assert self.world.wire[seq] <= self.world.chosen[seq]

    @invariant()
    def who_was_refused_for_good_is_silenced(self) -> None:
        """Of each copy that says so the refusal is kept, and its reader, unless erased, is suppressed."""
        is_silent = Subscriber.id.is_(None) | suppressions.active_for(None, Subscriber.address_hash)
        refused = select(Delivery.seq, Delivery.attempt, is_silent).outerjoin(
            Subscriber, Subscriber.id == Delivery.subscriber_id
        )
        says_so = Delivery.state == DeliveryState.REJECTED, Delivery.error == GONE
        of_campaign = Event.campaign_id == self.campaign_id, Event.kind == EventKind.REFUSED
        with self.database.reading() as session:
            found = session.execute(refused.where(Delivery.campaign_id == self.campaign_id, *says_so)).all()
            kept = {
                (event.seq, event.detail["attempt"]) for event in session.scalars(select(Event).where(*of_campaign))
            }
        assert {(seq, number) for seq, number, _ in found} <= kept
        assert [seq for seq, _, is_silent in found if not is_silent] == []

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """What is open lies in a chunk that somebody will take; what is attempted in one that is held."""
        rows = self.world.rows()
        with self.database.reading() as session:
            state = get(session, self.campaign_id).state
            of_campaign = Chunk.campaign_id == self.campaign_id
            chunks = session.execute(select(Chunk.lo, Chunk.hi, Chunk.state).where(of_campaign)).all()
        for lo, hi, chunk in chunks:
            states = {rows[seq][0] for seq in range(lo, hi + 1)}
            assert chunk is ChunkState.CLAIMED or DeliveryState.ATTEMPTING not in states
            assert chunk is not ChunkState.DONE or not states & OPEN
        if state is CampaignState.SENT:
            assert not {state for state, _ in rows.values()} & {*OPEN, DeliveryState.ATTEMPTING}

    def teardown(self) -> None:
        """Whatever happened, the campaign comes to its end, and every copy to one of its own."""
        try:
            self.come_to_an_end()
        finally:
            self.world.forget()

    def come_to_an_end(self) -> None:
        for sender in self.senders:
            self.world.mend(sender)
            sender.journal.close(keep=False)
        self.world.clock.offset += LEASE + timedelta(seconds=1)
        self.world.sweep()
        last = self.world.a_sender()
        while self.world.state() is CampaignState.SENDING:
            self.world.send_all_that_is_due(last)
            self.world.clock.offset += WAITS[-1]
            self.end()
        last.journal.close(keep=False)
        for check in (self.the_sum_holds, self.nobody_is_mailed_twice, self.the_ledger_says_what_happened):
            check()
        assert not {state for state, _ in self.world.rows().values()} & {*OPEN, DeliveryState.ATTEMPTING}

    def end(self) -> None:
        with self.database.writing() as session:
            balance.finish(session, self.world.clock, self.campaign_id)


def test_the_ledger_keeps_its_promise_under_any_order_of_events(
    database: Database, tmp_path: Path
) -> None:  # F1 F3 F6 F7 F18
    class OverThisDatabase(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(database, tmp_path)

    is_long = settings.get_current_profile_name() == "long"
    run_state_machine_as_test(
        OverThisDatabase,
        settings=settings(
            max_examples=(1_000 if is_long else 20) // (1 if database.is_sqlite else 4),
            stateful_step_count=40 if is_long else 15,
            phases=set(Phase) if is_long else (Phase.generate,),  # the long run makes what failed shorter
            deadline=None,
            database=None,
            derandomize=not is_long,
            suppress_health_check=list(HealthCheck),
        ),
    )
