"""What a group of opens and clicks leaves behind: counters always, an event only of readers who agreed."""

from collections import Counter as Multiset
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Campaign, Chunk, Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.db import insert_into
from subscribers.tables import Subscriber

from . import reach
from .classify import Copy, actor
from .counters import Counter, grow
from .reach import Reach
from .requests import Fact
from .tables import Actor, Event

PROVIDER = "web"
_IN_CHUNK = (Chunk.campaign_id == Delivery.campaign_id, Delivery.seq.between(Chunk.lo, Chunk.hi))
_ARM = case(
    (Campaign.subject_b != "", func.coalesce(select(Chunk.arm).where(*_IN_CHUNK).limit(1).scalar_subquery(), "")),
    else_="",
)
"""The arm of a copy, looked up only where there is a test of two subjects."""
_Copies = Mapping[tuple[int, int], Copy]


def write(session: Session, facts: Sequence[Fact], tracking: Tracking) -> None:
    """Write facts in the caller's transaction. Consent is read here, now: a withdrawal works for old mails too."""
    if tracking is Tracking.OFF or not facts:
        return
    copies = _copies(session, facts, tracking)
    judged = [(fact, actor(fact.request, copies.get(_key(fact)))) for fact in facts]
    grow(session, Multiset(_counter(fact, who, copies) for fact, who in judged))
    kept = [(fact, who) for fact, who in judged if _is_tracked(fact, copies)]
    rows = {row["event_id"]: row for row in (_row(fact, who) for fact, who in kept)}
    if rows:
        events = insert_into(session, Event).on_conflict_do_nothing(index_elements=["provider", "event_id"])
        session.execute(events, [rows[event_id] for event_id in sorted(rows)])
        reach.count(session, (each for fact, who in kept for each in _reaches(fact, who)))


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
    return copy is not None and copy.is_tracked


def _key(fact: Fact) -> tuple[int, int]:
    return fact.claim.campaign_id, fact.claim.seq


def _counter(fact: Fact, who: Actor, copies: _Copies) -> Counter:
    copy = copies.get(_key(fact))
    arm = copy.arm if copy is not None else ""
    return Counter.at(fact.claim.campaign_id, fact.kind, fact.request.at, who, fact.claim.link_no, arm)


def _reaches(fact: Fact, who: Actor) -> Iterator[Reach]:
    claim = fact.claim
    yield Reach(claim.campaign_id, claim.seq, fact.kind, who)
    if claim.link_no:
        yield Reach(claim.campaign_id, claim.seq, fact.kind, who, claim.link_no)


def _row(fact: Fact, who: Actor) -> dict[str, Any]:
    claim, at = fact.claim, fact.request.at
    # The same request again within a minute is the same fact: a reloading client cannot fill the table.
    parts = (claim.campaign_id, claim.seq, fact.kind, claim.link_no, who, f"{at:%Y%m%d%H%M}")
    return {
        "provider": PROVIDER,
        "event_id": ".".join(map(str, parts)),
        "kind": fact.kind,
        "campaign_id": claim.campaign_id,
        "seq": claim.seq,
        "link_no": claim.link_no,
        "actor": who,
        "detail": {"user_agent": fact.agent},
        "occurred_at": at,
        "received_at": at,
    }
