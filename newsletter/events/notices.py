"""What a provider tells of our copies. It may tell it often and in any order; the end is the same."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.feedback.verdicts import Reason
from newsletter.ledger import reconciling
from newsletter.ledger.settling import Settlement, settle
from newsletter.ledger.tables import Campaign, Delivery, DeliveryState
from newsletter.tokens import DeliveryKey
from subscribers.consent import MAIL, Evidence
from subscribers.db import dialect_of, insert_into, json_rows
from subscribers.tables import List, Subscriber

from . import bounces, reach
from .reach import Reach
from .refusals import Patience
from .tables import UNCOUNTED, Actor, Event, EventKind
from .unsubscribes import leave

_NOT_KEPT = (EventKind.ACCEPTED, EventKind.OPEN, EventKind.CLICK)
"""That a copy was taken is the delivery's state; opens and clicks our own pixel and links have counted."""

_NOT_TAKEN = (EventKind.REJECTED, EventKind.REFUSED)
"""All else that is told of a copy proves that it was taken."""

PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Notice:
    """One fact about one attempt of one copy, in our words."""

    provider: str
    event_id: str
    """The provider's own name of the fact: the same however often it is told."""
    kind: EventKind
    key: DeliveryKey
    occurred_at: datetime
    provider_id: str | None = None
    """The provider's name of the message."""
    is_permanent: bool = False
    """For a bounce: whether the address will never take a mail."""
    status: str = ""
    """The receiving server's status, such as `5.1.1` (RFC 3463)."""
    reason: Reason = Reason.OTHER
    text: str = ""
    """The server's words, without any address: they are kept longer than the reader is."""
    is_proven: bool = True
    """Whether whoever tells it knew the copy, and not its reader's address alone. Else it silences nobody."""
    recalls: EventKind | None = None
    """For a refusal by the provider: what it knows of the reader from an earlier mail, and refused this one for."""


def take(
    session: Session, clock: Clock, notices: Sequence[Notice], patience: Patience = PATIENCE
) -> Collection[Notice]:
    """Bring the ledger, the kept events and the suppressions to what notices say, in the caller's transaction.

    Whatever a provider tells of a copy but its refusal proves that it took the copy, so it settles `unknown`. What is
    told again changes nothing; returns what is told for the first time, and kept. A time that is still to come is
    taken for now.
    """
    new = _told_first(session, clock, notices)
    _settle(session, clock, [n for n in notices if n.is_proven and n.kind not in _NOT_TAKEN])
    for notice in new:
        for kind in (notice.kind, notice.recalls):
            follow = _CONSEQUENCES.get(kind) if kind else None
            if follow is not None:
                follow(session, clock, notice)
    bounces.weigh(session, clock, new, patience)
    return new


def refused(session: Session, clock: Clock, notice: Notice) -> None:
    """The provider took the copy and then would not send it: it is rejected, whatever else was told of it."""
    reconciling.reject(session, clock, notice.key, notice.text, notice.provider_id)


def left(session: Session, clock: Clock, notice: Notice) -> None:
    """The reader unsubscribed at the provider: they leave the list of the copy, or all where it is of none."""
    copy = _copy_of(session, notice)
    reader = session.get(Subscriber, copy.subscriber_id) if copy and copy.subscriber_id else None
    if copy is not None and reader is not None:
        list_ = session.get(List, copy.list_id) if copy.list_id else None
        leave(session, reader, list_, clock.now(), evidence=Evidence(MAIL, f"told by {notice.provider}"))


_CONSEQUENCES: Mapping[EventKind, Callable[[Session, Clock, Notice], None]] = {
    EventKind.REJECTED: refused,
    EventKind.UNSUBSCRIBE: left,
}


def _settle(session: Session, clock: Clock, proofs: Sequence[Notice]) -> None:
    """Call accepted what these prove was taken, but for attempts that the provider is known to have refused then."""
    taken: dict[int, dict[tuple[int, int], Settlement]] = defaultdict(dict)
    for proof in proofs:
        campaign_id, seq, attempt = proof.key.campaign_id, proof.key.seq, proof.key.attempt
        accepted = Settlement(seq, attempt, DeliveryState.ACCEPTED, proof.provider_id)
        taken[campaign_id].setdefault((seq, attempt), accepted)
    # Always in the same order, so that two calls about the same copies never wait for each other.
    for campaign_id in sorted(taken):
        of_campaign = taken[campaign_id]
        proven = sorted(of_campaign.keys() - _refused_attempts(session, campaign_id, {seq for seq, _ in of_campaign}))
        settle(session, clock, campaign_id, [of_campaign[at] for at in proven])


def _refused_attempts(session: Session, campaign_id: int, seqs: Collection[int]) -> set[tuple[int, int]]:
    """A copy refused late may wait for a retry by now: what is told again of the refused attempt is no word of it."""
    refused_late = Event.campaign_id == campaign_id, Event.kind == EventKind.REJECTED, Event.seq.in_(seqs)
    return {
        (seq, detail["attempt"])
        for seq, detail in session.execute(select(Event.seq, Event.detail).where(*refused_late))
    }


def _told_first(session: Session, clock: Clock, notices: Sequence[Notice]) -> list[Notice]:
    """Keep those that are to be kept; the ones that were not known before. The database refuses the second of two."""
    now = clock.now()
    told = {notice.event_id: _by_now(notice, now) for notice in notices if notice.kind not in _NOT_KEPT}
    for event_id in known_among(session, told.values()):
        del told[event_id]
    if not told:
        return []
    statement = insert_into(session, Event).on_conflict_do_nothing(index_elements=["provider", "event_id"])
    rows = [_row(told[event_id], now) for event_id in sorted(told)]
    new = session.scalars(statement.returning(Event.event_id), rows).all()
    # In the order of the copies, as the ledger is settled.
    first = sorted((told[event_id] for event_id in new), key=lambda notice: (*astuple(notice.key), notice.event_id))
    counted = [n for n in first if n.is_proven and n.kind is not UNCOUNTED]
    reach.count(session, (Reach(n.key.campaign_id, n.key.seq, n.kind, Actor.HUMAN) for n in counted))
    return first


def _by_now(notice: Notice, now: datetime) -> Notice:
    return notice if notice.occurred_at <= now else replace(notice, occurred_at=now)


def known_among(session: Session, notices: Collection[Notice]) -> set[str]:
    """The `event_id` of those that were told before, which most are where a provider tells everything many times."""
    if not notices:
        return set()
    providers = {notice.provider for notice in notices}
    ids = [[notice.event_id] for notice in notices]
    known = select(Event.event_id).where(Event.provider.in_(providers), Event.event_id.in_(_named(dialect_of(session))))
    return set(session.scalars(known, {"ids": ids}))


@lru_cache
def _named(dialect: str) -> Select[str]:
    """One parameter for any number of names."""
    return select(json_rows(dialect, "ids")[0].as_string())


def _row(notice: Notice, now: datetime) -> dict[str, Any]:
    return {
        "provider": notice.provider,
        "event_id": notice.event_id,
        "kind": notice.kind,
        "campaign_id": notice.key.campaign_id,
        "seq": notice.key.seq,
        "detail": {
            "attempt": notice.key.attempt,
            "permanent": notice.is_permanent,
            "status": notice.status,
            "reason": notice.reason,
            "text": notice.text,
            **({} if notice.is_proven else {"unproven": True}),
        },
        "occurred_at": notice.occurred_at,
        "received_at": now,
    }


def _copy_of(session: Session, notice: Notice) -> Row[int | None, int | None] | None:
    """The copy a notice is about, as the ledger knows it; None where it is purged."""
    return session.execute(
        select(Delivery.subscriber_id, Campaign.list_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.campaign_id == notice.key.campaign_id, Delivery.seq == notice.key.seq)
    ).one_or_none()
