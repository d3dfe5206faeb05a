"""Step T2: a group of deliveries becomes `attempting`, after everything that could forbid it was read again.

The statements are built once: building one costs ten times what running it does.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Executable, Integer, Select, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock, database_now
from subscribers import audience, suppressions
from subscribers.db import dialect_of, json_rows
from subscribers.tables import Subscriber, Subscription

from .claims import LEASE, Claim
from .tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState, Exclusion


class Due(NamedTuple):
    """One copy about to be sent. The reader's columns are empty where the mail has no subscriber."""

    seq: int
    attempt: int
    to_address: str
    payload: dict[str, Any] | None
    public_id: str
    name: str
    language: str


class LeaseLost(Exception):
    """The chunk is no longer ours, or its campaign is not sending: nothing of it may be sent."""


def attempt(session: Session, clock: Clock, held: Claim, limit: int) -> list[Due]:
    """Take up to `limit` deliveries of a claimed chunk that are due, for sending as soon as this is committed.

    Checks the fence, renews the lease, checks that the campaign is sending, and reads consent and suppressions
    again: who left since the snapshot becomes `excluded` with the reason. An empty list: the chunk has nothing due.
    Raises `LeaseLost`.
    """
    _renew(session, clock, held)
    while True:
        rows = _due(session, clock, held, limit)
        allowed = [Due._make(row[:-1]) for row in rows if row.exclusion is None]
        if len(allowed) < len(rows):
            _exclude(session, clock, held, {row.seq: row.exclusion for row in rows if row.exclusion is not None})
        if allowed or not rows:
            return _begin(session, clock, held, allowed)


def _renew(session: Session, clock: Clock, held: Claim) -> None:
    fence = {"of_campaign": held.campaign_id, "of_no": held.no, "by": held.owner, "of_fence": held.fence}
    renewed = session.connection().scalar(_RENEW, {**fence, "lease_end": clock.seconds(LEASE)})
    if renewed is None:
        raise LeaseLost


def _due(session: Session, clock: Clock, held: Claim, limit: int) -> list[Any]:
    statement = _DUE_OF_STREAM if held.list_id is None else _DUE_OF_LIST
    values = {**_range(held), "list_id": held.list_id, "now": clock.seconds(), "at_most": limit}
    return list(session.connection().execute(statement, values).all())


def _exclude(session: Session, clock: Clock, held: Claim, forbidden: Mapping[int, str]) -> None:
    for reason in set(forbidden.values()):
        seqs = [[seq] for seq, why in forbidden.items() if why == reason]
        values = {**_range(held), "seqs": seqs, "now": clock.seconds(), "why": Exclusion(reason)}
        session.connection().execute(_of_many_rows(dialect_of(session)).exclude, values)


def _begin(session: Session, clock: Clock, held: Claim, allowed: list[Due]) -> list[Due]:
    """Those of the group that became `attempting` by this; a cancellation may have come first."""
    if not allowed:
        return []
    seqs = [[due.seq] for due in allowed]
    values = {**_range(held), "seqs": seqs, "now": clock.seconds(), "lo": allowed[0].seq, "hi": allowed[-1].seq}
    begun = set(session.connection().scalars(_of_many_rows(dialect_of(session)).begin, values).all())
    return allowed if len(begun) == len(allowed) else [due for due in allowed if due.seq in begun]


def _range(held: Claim) -> dict[str, int]:
    return {"of_campaign": held.campaign_id, "lo": held.lo, "hi": held.hi}


_RENEW = (
    update(Chunk)
    .where(
        Chunk.campaign_id == bindparam("of_campaign"),
        Chunk.no == bindparam("of_no"),
        Chunk.state == ChunkState.CLAIMED,
        Chunk.owner == bindparam("by"),
        Chunk.fence == bindparam("of_fence"),
        exists().where(Campaign.id == bindparam("of_campaign"), Campaign.state == CampaignState.SENDING),
    )
    .values(lease_until=database_now("lease_end"))
    .returning(Chunk.no)
)


def _of_due(forbidden: Any) -> Select[Any]:
    """The next due rows of a chunk, in the order of `Due`'s fields, and why each may not be mailed."""
    is_due = and_(Delivery.state == DeliveryState.DEFERRED, Delivery.next_at <= database_now("now"))
    return (
        select(
            Delivery.seq,
            Delivery.attempt + 1,
            Delivery.to_address,
            Delivery.payload,
            func.coalesce(Subscriber.public_id, ""),
            func.coalesce(Subscriber.name, ""),
            func.coalesce(Subscriber.language, ""),
            forbidden.label("exclusion"),
        )
        .select_from(Delivery)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(
            Delivery.campaign_id == bindparam("of_campaign"),
            Delivery.seq.between(bindparam("lo"), bindparam("hi")),
            or_(Delivery.state == DeliveryState.PENDING, is_due),
        )
        .order_by(Delivery.seq)
        .limit(bindparam("at_most", type_=Integer))
    )


_LIST_ID = bindparam("list_id", type_=Integer)
_HAD_A_READER = Delivery.subscriber_id.is_not(None)
_DUE_OF_LIST = _of_due(
    case((Subscriber.id.is_(None), Exclusion.ERASED.value), else_=audience.exclusion(_LIST_ID))
).outerjoin(Subscription, and_(Subscription.subscriber_id == Subscriber.id, Subscription.list_id == _LIST_ID))
_DUE_OF_STREAM = _of_due(
    case(
        # Mails to no reader, such as tests, keep their address.
        (and_(Subscriber.id.is_(None), or_(_HAD_A_READER, Delivery.to_address == "")), Exclusion.ERASED.value),
        (suppressions.active_for(None, Subscriber.address_hash), Exclusion.SUPPRESSED.value),
        else_=None,
    )
)


class _OfManyRows(NamedTuple):
    """The statements that carry many rows, which each database spells in its own way."""

    exclude: Executable
    begin: Executable


@lru_cache
def _of_many_rows(dialect: str) -> _OfManyRows:
    named = select(json_rows(dialect, "seqs")[0].as_integer())
    change = (
        update(Delivery)
        .where(
            Delivery.campaign_id == bindparam("of_campaign"),
            Delivery.seq.in_(named),
            Delivery.seq.between(bindparam("lo"), bindparam("hi")),  # PostgreSQL cannot see into the JSON
            Delivery.state.in_((DeliveryState.PENDING, DeliveryState.DEFERRED)),
        )
        .values(updated_at=database_now("now"))
    )
    return _OfManyRows(
        exclude=change.values(state=DeliveryState.EXCLUDED, reason=bindparam("why"), next_at=None),
        begin=change.values(state=DeliveryState.ATTEMPTING, attempt=Delivery.attempt + 1).returning(Delivery.seq),
    )
