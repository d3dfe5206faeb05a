"""Takes one message into the ledger, and says what that did."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.events import bounces, notices, refusals, returned
from newsletter.events.refusals import Patience
from newsletter.events.returned import FoundBy, Returned
from newsletter.feedback.verdicts import Kind
from newsletter.tokens import Signer
from subscribers.db import Database

Also: TypeAlias = Callable[[Session, Sequence[Returned]], object]


class Outcome(StrEnum):
    """What a message comes to."""

    SILENCED = "suppresses"
    """A refusal for good, or a complaint: the reader is never mailed again."""
    COUNTED = "counts"
    """A refusal for now: so many of them in a row suppress."""
    LIFTED = "came before the lift"
    """Staff lifted the suppression of the address after that happened: it is kept, and silences nobody."""
    KEPT = "is kept"
    """It is told in reports, and silences nobody."""
    UNPROVEN = "names only an address"
    """It has no key of ours, so anybody may have written it: a person decides."""
    NOT_OURS = "is of no mail of ours"
    NOTHING = "changes nothing"
    """An automatic reply, or a person writes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One verdict of a message, and what it came to."""

    name: str
    """Where the message is."""
    returned: Returned
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Desk:
    """What takes messages."""

    database: Database
    clock: Clock
    signer: Signer
    patience: Patience

    def take(self, name: str, raw: bytes, also: Also = lambda *_: None) -> list[Taken]:
        """Take a message, committed before this returns; the same again changes nothing.

        `also` is called in the same transaction, with what was found, for what must not hold without it.
        """
        with self.database.writing() as session:
            found = returned.read(session, self.signer, raw, self.clock.now())
            told = [each.notice for each in found if each.notice is not None]
            if told:
                notices.take(session, self.clock, told, self.patience)
            also(session, found)
            return _taken(session, name, found)

    def look(self, name: str, raw: bytes) -> list[Taken]:
        """Say what taking a message would do, and do nothing."""
        with self.database.reading() as session:
            return _taken(session, name, returned.read(session, self.signer, raw, self.clock.now()))


def _taken(session: Session, name: str, found: Sequence[Returned]) -> list[Taken]:
    outweighed = bounces.outweighed(session, [each.notice for each in found if each.notice is not None])
    return [Taken(name, each, _outcome(each, is_outweighed=each.notice in outweighed)) for each in found]


def _outcome(each: Returned, *, is_outweighed: bool) -> Outcome:
    """What a verdict comes to."""
    if each.verdict.kind in (Kind.AUTO_REPLY, Kind.NONE):
        return Outcome.NOTHING
    if each.found_by is FoundBy.ADDRESS:
        return Outcome.UNPROVEN
    notice = each.notice
    if notice is None:
        return Outcome.NOT_OURS
    is_silencing = each.verdict.kind is Kind.COMPLAINT or bounces.is_for_good(notice)
    is_counted = each.verdict.kind is Kind.BOUNCE and refusals.counts(notice.reason, notice.status)
    if not each.address or not (is_silencing or is_counted):
        return Outcome.KEPT  # of an erased reader there is nobody to silence
    if is_outweighed:
        return Outcome.LIFTED
    return Outcome.SILENCED if is_silencing else Outcome.COUNTED


def is_read(taken: list[Taken]) -> bool:
    """Whether a message needs nobody any more: it is of a copy of ours, or a machine wrote it for a reader."""
    done = Outcome.SILENCED, Outcome.COUNTED, Outcome.LIFTED, Outcome.KEPT
    return any(one.outcome in done or one.returned.verdict.kind is Kind.AUTO_REPLY for one in taken)
