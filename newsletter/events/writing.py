"""What a group of opens and clicks leaves behind: counters always, an event only of readers who agreed."""

import json
from collections import Counter as Multiset
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any
from zlib import crc32

from sqlalchemy import JSON, Executable, and_, case, cast, func, literal, select, true
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Campaign, Chunk, Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.db import UtcDateTime, dialect_of, insert_for, json_rows
from subscribers.tables import Subscriber

from . import reach, rejudging
from .classify import Verdict
from .consents import agrees
from .counters import Counter, grow
from .judging import CopyKey, Judge
from .reach import Reach
from .rejudging import WEB, Moves
from .requests import Fact
from .tables import Actor, Event, EventKind
from .visits import Copy, Visit

_IN_CHUNK = (Chunk.campaign_id == Delivery.campaign_id, Delivery.seq.between(Chunk.lo, Chunk.hi))
_ARM = case(
    (Campaign.subject_b != "", func.coalesce(select(Chunk.arm).where(*_IN_CHUNK).limit(1).scalar_subquery(), "")),
    else_="",
)
"""The arm of a copy, looked up only where there is a test of two subjects."""
_BUCKETS = 16
_Copies = Mapping[CopyKey, Copy]
_Judged = tuple[Fact, Visit, Verdict]


def write(session: Session, facts: Sequence[Fact], tracking: Tracking, judge: Judge | None = None) -> None:
    """Write facts in the caller's transaction. Consent is read here, now: a withdrawal works for old mails too.

    Who withdraws or is erased meanwhile waits until the transaction ends, and finds all of it.

    `judge` remembers what came before; without one, facts are seen beside each other alone.
    """
    if tracking is Tracking.OFF or not facts:
        return
    judge = judge or Judge()
    copies = _copies(session, facts, tracking)
    visits = [_visit(session, fact, copies, judge) for fact in facts]
    verdicts = judge.verdicts([(_key(fact), visit) for fact, visit in zip(facts, visits, strict=True)])
    judged = list(zip(facts, visits, verdicts, strict=True))
    grow(session, Multiset(_counter(fact, verdict.actor, copies) for fact, _, verdict in judged))
    _keep(session, [each for each in judged if _is_tracked(each[0], copies)], judge)


def _visit(session: Session, fact: Fact, copies: _Copies, judge: Judge) -> Visit:
    return Visit.of(fact, copies.get(_key(fact)), judge.hidden_no(session, fact.claim.campaign_id))


def _keep(session: Session, judged: Sequence[_Judged], judge: Judge) -> None:
    """Write events, count the copies that they are the first of, and look at what came just before in their light."""
    rows = {row["event_id"]: row for row in (_row(*each) for each in judged)}
    if not rows:
        return
    # Always in the same order, so that two processes that write the same events never wait for each other.
    values = {"rows": [_values(rows[event_id]) for event_id in sorted(rows)]}
    new = [rows[event_id] for event_id in session.connection().scalars(_insert(dialect_of(session)), values)]
    moves = _look_back(session, new, judge)
    reach.count(session, {each for row in new for each in _reaches(row)} | moves.come, moves.gone)


def _look_back(session: Session, written: Sequence[Mapping[str, Any]], judge: Judge) -> Moves:
    """Let clicks and `HEAD` tell of what was kept of their copies before; a copy of which nothing was needs no look."""
    telling = [row for row in written if row["kind"] is EventKind.CLICK or row["detail"]["method"] == "HEAD"]
    counts = Multiset((row["campaign_id"], row["seq"]) for row in written)
    rows = [(*key, counts[key]) for key in sorted({(row["campaign_id"], row["seq"]) for row in telling})]
    found = session.connection().execute(_with_others(dialect_of(session)), {"rows": rows}) if rows else ()
    others = [(campaign_id, seq) for campaign_id, seq in found]
    if not others:
        return Moves(frozenset(), frozenset())
    return rejudging.look_back(session, others, [row["occurred_at"] for row in telling], judge)


@lru_cache
def _with_others(dialect: str) -> Executable:
    """Of which copies more requests are kept than were written just now, and judged together."""
    row = json_rows(dialect, "rows")
    columns = enumerate(("campaign_id", "seq", "count"))
    written = select(*(row[at].as_integer().label(name) for at, name in columns)).subquery()
    of_copy = Event.campaign_id == written.c.campaign_id, Event.seq == written.c.seq
    asked = Event.kind.in_((EventKind.OPEN, EventKind.CLICK))
    kept = select(func.count()).select_from(Event).where(*of_copy, asked).scalar_subquery()
    return select(written.c.campaign_id, written.c.seq).where(kept > written.c.count)


def _copies(session: Session, facts: Sequence[Fact], tracking: Tracking) -> _Copies:
    asked = _asked(dialect_of(session), tracking)
    rows = session.connection().execute(asked, {"rows": list(set(map(_key, facts)))})
    return {
        (campaign_id, seq): Copy(
            accepted_at=None if state is DeliveryState.ATTEMPTING else updated_at,
            is_tracked=is_tracked,
            arm=arm,
        )
        for campaign_id, seq, state, updated_at, is_tracked, arm in rows
    }


@lru_cache
def _asked(dialect: str, tracking: Tracking) -> Executable:
    """What the ledger knows of copies, and whether their readers agree now.

    Readers who do are held until the transaction ends, always in the same order. One who is just being erased, or just
    takes their consent back, is waited for, and seen as they are then.
    """
    row = json_rows(dialect, "rows")
    keys = select(row[0].as_integer().label("campaign_id"), row[1].as_integer().label("seq")).cte("asked")
    of_copy = and_(Delivery.campaign_id == keys.c.campaign_id, Delivery.seq == keys.c.seq)
    keys = keys.prefix_with("MATERIALIZED")
    readers = select(Delivery.subscriber_id).select_from(keys).join(Delivery, of_copy)
    agreed = select(Subscriber.id).where(Subscriber.id.in_(readers), agrees(tracking)).order_by(Subscriber.id)
    held = agreed.with_for_update(read=True).cte("held").prefix_with("MATERIALIZED")
    is_tracked = held.c.id.is_not(None)
    return (
        select(Delivery.campaign_id, Delivery.seq, Delivery.state, Delivery.updated_at, is_tracked, _ARM)
        .select_from(keys)
        .join(Delivery, of_copy)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .outerjoin(held, held.c.id == Delivery.subscriber_id)
    )


def _is_tracked(fact: Fact, copies: _Copies) -> bool:
    copy = copies.get(_key(fact))
    return copy is not None and copy.is_tracked and not fact.request.opted_out


def _key(fact: Fact) -> CopyKey:
    return fact.claim.campaign_id, fact.claim.seq


def _counter(fact: Fact, who: Actor, copies: _Copies) -> Counter:
    copy = copies.get(_key(fact))
    arm = copy.arm if copy is not None else ""
    return Counter.at(fact.claim.campaign_id, fact.kind, fact.request.at, who, fact.claim.link_no, arm)


def _reaches(row: Mapping[str, Any]) -> Iterator[Reach]:
    return reach.of_request(row["campaign_id"], row["seq"], row["kind"], row["actor"], row["link_no"])


def _row(fact: Fact, visit: Visit, verdict: Verdict) -> dict[str, Any]:
    claim, at = fact.claim, fact.request.at
    # The same request of the same client again within a minute is the same fact: who reloads cannot fill the table, nor
    # can who invents clients, for there are only so many to tell apart. No scanner takes the place of a person.
    client = crc32(f"{visit.method} {visit.client}".encode()) % _BUCKETS
    parts = (claim.campaign_id, claim.seq, fact.kind, claim.link_no, verdict.actor, client, f"{at:%Y%m%d%H%M}")
    return {
        "provider": WEB,
        "event_id": ".".join(map(str, parts)),
        "kind": fact.kind,
        "campaign_id": claim.campaign_id,
        "seq": claim.seq,
        "link_no": claim.link_no,
        "actor": verdict.actor,
        "detail": {**visit.detail, "signals": list(verdict.signals)},
        "occurred_at": at,
        "received_at": at,
    }


def _values(row: Mapping[str, Any]) -> list[Any]:
    """As `_insert` reads it."""
    moment = f"{row['occurred_at'].astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"  # as SQLite keeps it
    link_no, detail = row["link_no"], json.dumps(row["detail"])
    return [row["event_id"], row["kind"], row["campaign_id"], row["seq"], link_no, row["actor"], detail, moment]


@lru_cache
def _insert(dialect: str) -> Executable:
    """Write events, and tell which of them are new."""
    row = json_rows(dialect, "rows")
    detail, moment = row[6].as_string(), row[7].as_string()
    if dialect != "sqlite":
        detail, moment = cast(detail, JSON), cast(moment + "+00", UtcDateTime)
    values = {
        "provider": literal(WEB),
        "event_id": row[0].as_string(),
        "kind": row[1].as_string(),
        "campaign_id": row[2].as_integer(),
        "seq": row[3].as_integer(),
        "link_no": row[4].as_integer(),
        "actor": row[5].as_string(),
        "detail": detail,
        "occurred_at": moment,
        "received_at": moment,
    }
    new = insert_for(dialect, Event).from_select(list(values), select(*values.values()).where(true()))
    return new.on_conflict_do_nothing(index_elements=["provider", "event_id"]).returning(Event.event_id)
