"""The sender: one step claims a chunk and sends what is due of it, group by group.

What may go wrong in between ends in the ledger, or in the journal from which the ledger is mended.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from enum import Enum, auto
from pathlib import Path

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from newsletter.campaigns import lifecycle
from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.events import handovers
from newsletter.ledger import claims
from newsletter.ledger.attempts import Due, LeaseLost, attempt
from newsletter.ledger.claims import Claim
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.tables import DeliveryState
from subscribers.db import Database

from . import pace, recovery
from .composing import Composer, copy_of
from .journal import AttemptJournal
from .transports import AccountRefused, Connection, Outgoing, ServiceTrouble, SlowDown, Transport

_log = structlog.get_logger()


class Step(Enum):
    """What one step found."""

    WORKED = auto()
    NOTHING_READY = auto()


class DatabaseLost(NewsletterError):
    """The database went away while sending. What was sent is in the journal; nothing is lost. Run it again."""


class JournalUnwritable(NewsletterError):
    """The attempt journal cannot be written, so nothing more is sent. Nothing is lost; free space and send again."""


@dataclass(frozen=True, slots=True)
class Sending:
    """What every sender of a process shares."""

    database: Database
    clock: Clock
    composer: Composer
    transport: Transport
    journals: Path
    limits: pace.Limits


class Sender:
    """One connection, one journal, one chunk at a time. Not shared between threads."""

    def __init__(
        self,
        shared: Sending,
        campaign_id: int | None = None,
        on_settled: Callable[[int], None] = lambda _: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._shared = shared
        self._campaign_id = campaign_id
        self._on_settled = on_settled
        self._is_stopping = is_stopping
        self._owner = secrets.token_hex(8)
        try:
            self._journal = AttemptJournal(shared.journals, self._owner)
        except OSError as error:
            raise self._unwritable(error) from error
        self._connection: Connection | None = None
        self._is_probing = False
        """Whether the group in hand finds out if the provider's trouble is over."""
        self._in_doubt = False

    def step(self) -> Step:
        """Claim one chunk and send what is due of it.

        Raises `DatabaseLost`; call `step` again when the database is back. Raises the transport's errors when it
        cannot be reached or the account refuses; then nothing of the chunk is lost, and an account's refusal stops
        the campaign, as does the provider's trouble when it does not end. One that asks us to wait is waited for.
        """
        try:
            self._mend()
            return self._step()
        except (OperationalError, InterfaceError) as error:
            raise DatabaseLost from error
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Hang up, and tell the ledger what it does not know yet; where it cannot be told, the journal stays."""
        self._hang_up()
        with suppress(OperationalError, InterfaceError):
            self._mend()
        self._journal.close(keep=self._in_doubt)

    def _step(self) -> Step:
        shared = self._shared
        with shared.database.writing() as session:
            held = claims.claim(session, shared.clock, self._owner, self._campaign_id)
        if held is None:
            self._hang_up()
            return Step.NOTHING_READY
        self._in_doubt = True  # until the chunk is given back, whatever happens
        try:
            wait = self._send_chunk(held)
        except SlowDown as plea:
            _log.warning(str(plea))
            with shared.database.writing() as session:
                pace.brake(session, shared.clock, shared.transport.account, plea.wait)
        except ServiceTrouble as trouble:
            self._weather(held, trouble)
        except AccountRefused as refusal:
            self._stop(held, str(refusal))
            raise
        else:
            with shared.database.writing() as session:
                claims.release(session, shared.clock, held, wait)
            self._in_doubt = False
        return Step.WORKED

    def _send_chunk(self, held: Claim) -> timedelta:
        """Send group after group; how long the account's pace makes the rest wait."""
        settlements: list[Settlement] = []
        while True:
            group, wait = self._settle_and_take(held, settlements)
            if not group:
                return wait
            settlements = self._send(held, group)

    def _settle_and_take(self, held: Claim, settlements: list[Settlement]) -> tuple[list[Due], timedelta]:
        """Settle the last group and take the next, in one commit; where none is taken, how long to wait."""
        shared, account = self._shared, self._shared.transport.account
        group: list[Due] = []
        permit = pace.Permit(0)
        with shared.database.writing() as session:
            handovers.take(session, shared.clock, held.campaign_id, settlements)
            settle(session, shared.clock, held.campaign_id, settlements)
            if self._is_probing:
                pace.calm(session, account)
                self._is_probing = False
            if not self._is_stopping():
                at_most = shared.transport.group_size
                permit = pace.ask(session, shared.clock, shared.limits, account, held.domain, at_most)
            with suppress(LeaseLost):
                if permit.mails:
                    group = attempt(session, shared.clock, held, permit.mails)
                    pace.charge(session, permit, account, len(group))
        self._is_probing = permit.is_probe
        self._journal.forget()
        self._on_settled(sum(settlement.state != DeliveryState.PENDING for settlement in settlements))
        return group, permit.wait

    def _weather(self, held: Claim, trouble: ServiceTrouble) -> None:
        """The provider has trouble: wait, then try one mail; after three times a person must look."""
        shared = self._shared
        _log.warning(str(trouble))
        with shared.database.writing() as session:
            has_enough = pace.storm(session, shared.clock, shared.transport.account, probing=self._is_probing)
        self._is_probing = False
        if has_enough:
            self._stop(held, f"{trouble} It failed {pace.STORMS} times in a row. Resume the campaign when it is over.")

    def _stop(self, held: Claim, reason: str) -> None:
        with self._shared.database.writing() as session:
            lifecycle.stop(session, held.campaign_id, reason)

    def _send(self, held: Claim, group: list[Due]) -> list[Settlement]:
        """Hand one group to the transport, outside any transaction."""
        prepared = self._shared.composer.prepared(held.campaign_id, held.variant, held.arm)
        date = format_datetime(self._shared.clock.now())
        attempts = {due.seq: due.attempt for due in group}
        self._journal.begin_group(held.campaign_id, attempts)
        if self._connection is None:
            self._connection = self._shared.transport.connect()
        outgoing = [Outgoing(due.seq, due.to_address, prepared, copy_of(held.campaign_id, due, date)) for due in group]
        try:
            outcomes = self._connection.send(outgoing, self._journal)
        finally:
            self._journal.flush()
        return [Settlement(seq, attempts[seq], *outcome) for seq, outcome in outcomes]

    def _mend(self) -> None:
        """Tell the ledger what the journal knows of a chunk whose work was broken off, and give it back."""
        if self._in_doubt:
            known = self._journal.records()
            with self._shared.database.writing() as session:
                recovery.mend(session, self._shared.clock, self._owner, known)
            self._journal.forget()
            self._in_doubt = False

    def _unwritable(self, error: OSError) -> JournalUnwritable:
        return JournalUnwritable(
            f"The attempt journal in {self._shared.journals} cannot be written: {error.strerror}. "
            "Nothing is lost; free space and send again."
        )

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
