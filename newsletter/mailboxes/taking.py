"""Takes one message into the ledger, and says what that did."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.events import bounces, notices, refusals, returned
from newsletter.events.notices import Notice
from newsletter.events.refusals import Patience
from newsletter.events.returned import FoundBy, Returned
from newsletter.feedback.verdicts import Kind
from newsletter.tokens import Signer
from subscribers import suppressions
from subscribers.addresses import EmailAddress, address_hash
from subscribers.db import Database
from subscribers.tables import Organization

Also: TypeAlias = Callable[[Session, Sequence[Returned]], object]


class Outcome(StrEnum):
    """What a message comes to."""

    SILENCED = "suppresses"
    """A refusal for good, or a complaint: the reader is never mailed again."""
    COUNTED = "counts"
    """A refusal for now: so many of them in a row suppress."""
    LIFTED = "came before the lift"
    """Staff lifted the suppression of the address after that happened: it is kept, and silences nobody."""
    KNOWN = "known already"
    """It was taken before, and nothing is done again."""
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
    is_suppressed: bool
    """Whether the copy's reader is never mailed now."""
    is_new: bool
    """Whether that is since this message."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What takes messages."""

    database: Database
    clock: Clock
    signer: Signer
    patience: Patience
    organization: Organization

    def take(self, name: str, raw: bytes, also: Also = lambda *_: None) -> list[Taken]:
        """Take a message, committed before this returns; the same again changes nothing.

        `also` is called in the same transaction, with what was found, for what must not hold without it.
        """
        with self.database.writing() as session:
            found = returned.read(session, self.signer, raw, self.clock.now())
            told = _notices(found)
            before = self.suppressed(session, found)
            new = {notice.event_id for notice in notices.take(session, self.clock, told, self.patience)}
            also(session, found)
            after = self.suppressed(session, found)
            outcomes = _outcomes(session, found, {notice.event_id for notice in told} - new)
            return [
                Taken(name, each, outcome, each.address in after, each.address in after - before)
                for each, outcome in zip(found, outcomes, strict=True)
            ]

    def suppressed(self, session: Session, found: Sequence[Returned]) -> frozenset[str]:
        """The addresses that copies went to and that are never mailed."""
        salt, went_to = self.organization.salt, {each.address for each in found if each.address}
        hashes = {address: address_hash(EmailAddress.parse(address).key, salt) for address in went_to}
        known = suppressions.suppressed_among(session, self.organization.id, hashes.values()) if hashes else frozenset()
        return frozenset(address for address, hashed in hashes.items() if hashed in known)


@dataclass(frozen=True, slots=True)
class Trial:
    """Says what a desk would do with messages one after another, and does nothing.

    That a count of refusals would be full is not foreseen.
    """

    desk: Desk
    _known: set[str] = field(default_factory=set)
    _suppressed: set[str] = field(default_factory=set)

    def look(self, name: str, raw: bytes) -> list[Taken]:
        """Say what taking a message would do, after those that were looked at before."""
        desk = self.desk
        with desk.database.reading() as session:
            found = returned.read(session, desk.signer, raw, desk.clock.now())
            told = _notices(found)
            outcomes = _outcomes(session, found, notices.known_among(session, told) | self._known)
            before = desk.suppressed(session, found) | self._suppressed
        self._known.update(notice.event_id for notice in told)
        silenced = {each.address for each, what in zip(found, outcomes, strict=True) if what is Outcome.SILENCED}
        self._suppressed.update(silenced)
        return [
            Taken(name, each, outcome, each.address in before | silenced, each.address in silenced - before)
            for each, outcome in zip(found, outcomes, strict=True)
        ]


def _notices(found: Sequence[Returned]) -> list[Notice]:
    return [each.notice for each in found if each.notice is not None]


def _outcomes(session: Session, found: Sequence[Returned], known: Collection[str]) -> list[Outcome]:
    """What each verdict comes to, where these `event_id` were known before."""
    outweighed = bounces.outweighed(session, _notices(found))
    return [
        _outcome(
            each,
            is_known=each.notice is not None and each.notice.event_id in known,
            is_outweighed=each.notice in outweighed,
        )
        for each in found
    ]


def _outcome(each: Returned, *, is_known: bool, is_outweighed: bool) -> Outcome:
    """What a verdict comes to."""
    if each.verdict.kind in (Kind.AUTO_REPLY, Kind.NONE):
        return Outcome.NOTHING
    if each.found_by is FoundBy.ADDRESS:
        return Outcome.UNPROVEN
    if each.notice is None:
        return Outcome.NOT_OURS
    return _outcome_of_copy(each, each.notice, is_known=is_known, is_outweighed=is_outweighed)


def _outcome_of_copy(each: Returned, notice: Notice, *, is_known: bool, is_outweighed: bool) -> Outcome:
    is_silencing = each.verdict.kind is Kind.COMPLAINT or bounces.is_for_good(notice)
    is_counted = each.verdict.kind is Kind.BOUNCE and refusals.counts(notice.reason, notice.status)
    is_weighed = bool(each.address) and (is_silencing or is_counted)  # of an erased reader there is nobody to silence
    if is_weighed and is_outweighed:
        return Outcome.LIFTED
    if is_known:
        return Outcome.KNOWN
    if not is_weighed:
        return Outcome.KEPT
    return Outcome.SILENCED if is_silencing else Outcome.COUNTED


def is_read(taken: list[Taken]) -> bool:
    """Whether a message needs nobody any more: it is of a copy of ours, or a machine wrote it for a reader."""
    done = Outcome.SILENCED, Outcome.COUNTED, Outcome.LIFTED, Outcome.KNOWN, Outcome.KEPT
    return any(one.outcome in done or one.returned.verdict.kind is Kind.AUTO_REPLY for one in taken)
