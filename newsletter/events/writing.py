"""What a group of opens and clicks leaves behind: counters always, an event only of readers who agreed."""

from collections import Counter as Multiset
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Campaign, Chunk, Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.db import insert_into
from subscribers.tables import Subscriber

from . import reach, rejudging
from .classify import Verdict
from .counters import Counter, grow
from .judging import Judge
from .reach import Reach
from .rejudging import WEB
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
_Copies = Mapping[tuple[int, int], Copy]
_Judged = tuple[Fact, Visit, Verdict]


def write(session: Session, facts: Sequence[Fact], tracking: Tracking, judge: Judge | None = None) -> None:
    """Write facts in the caller's transaction. Consent is read here, now: a withdrawal works for old mails too.

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
    events = insert_into(session, Event).on_conflict_do_nothing(index_elements=["provider", "event_id"])
    new = session.scalars(events.returning(Event.event_id), [rows[event_id] for event_id in sorted(rows)]).all()
    come, gone = {each for event_id in new for each in _reaches(rows[event_id])}, set[Reach]()
    telling = [fact for fact, visit, _ in judged if visit.kind is EventKind.CLICK or visit.method == "HEAD"]
    if telling:
        moves = rejudging.look_back(session, map(_key, telling), [fact.request.at for fact in telling], judge)
        come, gone = come | moves.come, gone | moves.gone
    reach.count(session, come, gone)


def _copies(session: Session, facts: Sequence[Fact], tracking: Tracking) -> _Copies:
    seqs = defaultdict(set)
    for fact in facts:
        seqs[fact.claim.campaign_id].add(fact.claim.seq)
    rows = session.execute(
        select(Delivery.campaign_id, Delivery.seq, Delivery.state, Delivery.updated_at, Subscriber.tracking, _ARM)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(or_(*(and_(Delivery.campaign_id == c, Delivery.seq.in_(of_c)) for c, of_c in seqs.items())))
    )
    return {
        (campaign_id, seq): Copy(
            accepted_at=None if state is DeliveryState.ATTEMPTING else updated_at,
            is_tracked=_may_track(agreed, tracking),
            arm=arm,
        )
        for campaign_id, seq, state, updated_at, agreed, arm in rows
    }


def _may_track(agreed: bool | None, tracking: Tracking) -> bool:
    """`agreed` is empty where the person was erased: then there is nobody to write about."""
    return bool(agreed) if tracking is Tracking.CONSENT else tracking is Tracking.PERSONAL and agreed is not None


def _is_tracked(fact: Fact, copies: _Copies) -> bool:
    copy = copies.get(_key(fact))
    return copy is not None and copy.is_tracked and not fact.request.opted_out


def _key(fact: Fact) -> tuple[int, int]:
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
    # can who invents clients, for there are only so many to tell apart.
    client = crc32(f"{visit.method} {visit.client}".encode()) % _BUCKETS
    parts = (claim.campaign_id, claim.seq, fact.kind, claim.link_no, client, f"{at:%Y%m%d%H%M}")
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
