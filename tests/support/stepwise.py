"""Senders that take one step at a time over a real ledger with real journals, and the wire they send to."""

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import ColumnElement, delete, select

from newsletter.clock import Clock
from newsletter.events import handovers
from newsletter.events.tables import Event
from newsletter.ledger import claims
from newsletter.ledger.attempts import LeaseLost, attempt
from newsletter.ledger.claims import LEASE, Claim
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, Chunk, Delivery, DeliveryState
from newsletter.sending import recovery
from newsletter.sending.journal import AttemptJournal
from newsletter.sending.outcomes import Outcome
from subscribers.db import Database
from subscribers.tables import Suppression

from .people import a_sending_campaign

CONNECTIONS = 2


@dataclass(eq=False)
class Sender:
    """A sender as the ledger knows it, one step at a time; its journal is a real one."""

    journal: AttemptJournal
    owner: str
    held: Claim | None = None
    group: dict[int, int] = field(default_factory=dict)
    """In flight: the attempt's number of each `seq`."""
    waiting: list[int] = field(default_factory=list)
    """Not begun yet."""
    begun: dict[int, Outcome] = field(default_factory=dict)
    """On the wire, and what will be answered: one a connection."""
    heard: dict[int, Outcome] = field(default_factory=dict)
    unwritten: list[int] = field(default_factory=list)
    """Heard, and not in the journal yet."""
    seconds: float = 0
    """Since the lease was last renewed."""

    @property
    def may_be_overtaken(self) -> bool:
        return self.seconds >= LEASE.total_seconds()

    def take(self, group: dict[int, int]) -> None:
        """Begin a group."""
        self.group, self.waiting, self.seconds = group, list(group), 0
        self.begun, self.heard, self.unwritten = {}, {}, []


def _is_final(outcome: Outcome) -> bool:
    return outcome.state in (DeliveryState.ACCEPTED, DeliveryState.REJECTED)


class World:
    """One campaign, what went over the wire, and what may be in doubt."""

    def __init__(self, database: Database, folder: Path, readers: int, chunk: int) -> None:
        self.database, self.clock, self.chunk = database, Clock(), chunk
        self.campaign_id = a_sending_campaign(database, readers, chunk=chunk)
        self.folder = folder / str(self.campaign_id)
        self.wire: Counter[int] = Counter()
        self.left: set[int] = set()
        """Who may not be mailed any more."""
        self.chosen: Counter[int] = Counter()
        """How often a person chose to send once more what may have arrived."""
        self.doubtful: set[tuple[int, int]] = set()
        """The attempts that may be unknown."""
        self.answered: set[tuple[int, int]] = set()
        """The attempts whose answer a journal kept, for whoever looks into it."""
        self._born = 0

    def a_sender(self) -> Sender:
        self._born += 1
        owner = f"{self.campaign_id}-{self._born}"
        return Sender(AttemptJournal(self.folder, owner), owner)

    def step(self, sender: Sender, outcome: Outcome, *, is_hasty: bool) -> None:
        """Claim, attempt, hand over, hear or settle, whichever is next."""
        if sender.held is None:
            with self.database.writing() as session:
                sender.held = claims.claim(session, self.clock, sender.owner, self.campaign_id)
            sender.seconds = 0
        elif not sender.group:
            self.attempt_a_group(sender, self.chunk - is_hasty)
        elif sender.waiting and (is_hasty or not sender.begun) and len(sender.begun) < CONNECTIONS:
            self.hand_over(sender, outcome, is_taken=is_hasty)
        elif sender.begun:
            self.hear(sender)
        else:
            self.settle_a_group(sender)

    def attempt_a_group(self, sender: Sender, limit: int) -> None:
        assert sender.held is not None
        try:
            with self.database.writing() as session:
                due = attempt(session, self.clock, sender.held, limit)
        except LeaseLost:
            due = []
        assert not {one.seq for one in due} & self.left
        if due:
            sender.take({one.seq: one.attempt for one in due})
            sender.journal.begin_group(self.campaign_id, sender.group)
            return
        with self.database.writing() as session:
            claims.release(session, self.clock, sender.held)
        sender.held = None

    def hand_over(self, sender: Sender, outcome: Outcome, *, is_taken: bool) -> None:
        seq = sender.waiting.pop(0)
        sender.journal.begun([seq])
        sender.unwritten.clear()
        sender.begun[seq] = outcome
        if outcome.state is DeliveryState.ACCEPTED or (outcome.state is DeliveryState.UNKNOWN and is_taken):
            self.wire[seq] += 1

    def hear(self, sender: Sender) -> None:
        seq = min(sender.begun)
        outcome = sender.heard[seq] = sender.begun.pop(seq)
        sender.journal.replied(seq, outcome)
        sender.unwritten.append(seq)
        if outcome.state is DeliveryState.UNKNOWN:
            self.doubtful.add((seq, sender.group[seq]))

    def settle_a_group(self, sender: Sender) -> None:
        with self.database.writing() as session:
            outcomes = [self.settlement(sender, seq) for seq in sender.group]
            handovers.take(session, self.clock, self.campaign_id, outcomes)
            settle(session, self.clock, self.campaign_id, outcomes)
        sender.journal.forget()
        sender.take({})

    def kill(self, sender: Sender, *, keeps_journal: bool) -> None:
        """Its journal's lock goes with it, without a last word; or the whole journal does."""
        lost = [*sender.begun, *sender.unwritten] if keeps_journal else list(sender.group)
        self.doubtful |= {(seq, sender.group[seq]) for seq in lost}
        os.close(sender.journal._file)  # noqa: SLF001 - what a kill does
        if keeps_journal:
            kept = set(sender.heard) - set(sender.unwritten)
            self.answered |= {(seq, sender.group[seq]) for seq in kept if _is_final(sender.heard[seq])}
        else:
            (self.folder / f"{sender.owner}.journal").unlink()

    def mend(self, sender: Sender) -> None:
        """As a sender does whose connection broke, or whose ledger was away."""
        self.doubtful |= {(seq, sender.group[seq]) for seq in sender.begun}
        known = sender.journal.records()
        with self.database.writing() as session:
            recovery.mend(session, self.clock, sender.owner, known)
        self.answered |= {(seq, sender.group[seq]) for seq in sender.heard if _is_final(sender.heard[seq])}
        self.what_was_answered_is_known()
        sender.journal.forget()
        sender.take({})
        sender.held = None

    def sweep(self) -> None:
        """As any process does for the others."""
        recovery.sweep(self.database, self.clock, self.folder)
        self.what_was_answered_is_known()

    def what_was_answered_is_known(self) -> None:
        """Unless its journal is lost, a lease that ran out does not make anybody forget an answer."""
        rows = self.rows()
        lost = {seq for seq, number in self.answered if rows[seq] == (DeliveryState.UNKNOWN, number)}
        assert not lost

    def send_all_that_is_due(self, sender: Sender) -> None:
        while True:
            with self.database.writing() as session:
                held = claims.claim(session, self.clock, sender.owner, self.campaign_id)
                if held is None:
                    return
                due = attempt(session, self.clock, held, self.chunk)
                assert not {one.seq for one in due} & self.left
                self.wire.update(one.seq for one in due)
                outcomes = [Settlement(one.seq, one.attempt, DeliveryState.ACCEPTED) for one in due]
                settle(session, self.clock, self.campaign_id, outcomes)
                claims.release(session, self.clock, held)

    def settlement(self, sender: Sender, seq: int) -> Settlement:
        return Settlement(seq, sender.group[seq], *sender.heard[seq])

    def rows(self) -> dict[int, tuple[DeliveryState, int]]:
        with self.database.reading() as session:
            found = session.execute(
                select(Delivery.seq, Delivery.state, Delivery.attempt).where(self.of_campaign(Delivery))
            )
            return {seq: (state, number) for seq, state, number in found}

    def state(self) -> CampaignState:
        with self.database.reading() as session:
            return get(session, self.campaign_id).state

    def of_campaign(self, table: type[Chunk | Delivery | Event]) -> ColumnElement[bool]:
        return table.campaign_id == self.campaign_id

    def forget(self) -> None:
        """Leave nothing of this campaign to the next."""
        with self.database.writing() as session:
            for table in (Chunk, Delivery, Event):
                session.execute(delete(table).where(self.of_campaign(table)))
            session.execute(delete(Suppression))
