"""Claiming a chunk, and giving it back. A chunk is leased; the fence tells a sender that its lease was taken away."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock, database_now

from .tables import Campaign, CampaignState, Chunk, ChunkState, Delivery, DeliveryState

LEASE = timedelta(minutes=2)
_OPEN = (DeliveryState.PENDING, DeliveryState.ATTEMPTING, DeliveryState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Claim:
    """A chunk that is ours until its lease ends."""

    campaign_id: int
    no: int
    lo: int
    hi: int
    variant: str
    arm: str
    domain: str
    list_id: int | None
    """The list whose consent is read again before each group; None for a stream."""
    owner: str
    fence: int


def claim(session: Session, clock: Clock, owner: str, campaign_id: int | None = None) -> Claim | None:
    """Lease one ready chunk of a campaign that is sending, the most urgent first; None where there is none.

    Step T1 of the protocol. Two senders never get the same chunk: PostgreSQL skips rows locked by another,
    SQLite has one writer.
    """
    values = {"of_campaign": campaign_id, "now": clock.seconds(), "lease_end": clock.seconds(LEASE), "by": owner}
    connection = session.connection()
    found = connection.execute(_READY if campaign_id is None else _READY_OF_CAMPAIGN, values).one_or_none()
    if found is None:
        return None
    fence = connection.scalar(_LEASE, {**values, "of_campaign": found.campaign_id, "of_no": found.no})
    return None if fence is None else Claim(*found, owner, fence)


def held_by(session: Session, owner: str) -> list[Claim]:
    """The chunks that an owner holds."""
    rows = session.execute(_CLAIMS.add_columns(Chunk.owner, Chunk.fence).where(Chunk.owner == owner, _IS_CLAIMED))
    return [Claim(*row) for row in rows]


def overdue(session: Session, clock: Clock) -> list[Claim]:
    """The chunks whose lease ran out, locked for the caller; those that another has locked are left to it."""
    rows = session.execute(
        _CLAIMS.add_columns(Chunk.owner, Chunk.fence)
        .where(_IS_CLAIMED, _is_over(clock))
        .with_for_update(skip_locked=True, of=Chunk)
    )
    return [Claim(*row) for row in rows]


def is_overdue(session: Session, clock: Clock) -> bool:
    """Whether a lease ran out."""
    return session.scalar(select(Chunk.no).where(_IS_CLAIMED, _is_over(clock)).limit(1)) is not None


def release(session: Session, clock: Clock, held: Claim, wait: timedelta = timedelta()) -> None:
    """Give the chunk back: done, or ready for what is left, after `wait` or when the first deferred row is due.

    The fence moves on, so whoever held the lease learns at the next step that it is gone. Does nothing where the
    fence has moved on already.
    """
    values = {"of_campaign": held.campaign_id, "of_no": held.no, "of_fence": held.fence, "lo": held.lo, "hi": held.hi}
    left = session.connection().execute(_LEFT, values).one()
    is_done = not left.now and not left.deferred
    session.connection().execute(
        _RELEASE,
        {
            **values,
            "new_state": ChunkState.DONE if is_done else ChunkState.READY,
            "is_open": bool(left.now),
            "later": clock.seconds(wait),
            "earliest": left.earliest,
        },
    )


def is_busy(session: Session, clock: Clock, campaign_id: int, within: timedelta = timedelta()) -> bool:
    """Whether a sender holds a chunk of the campaign, or one may be claimed now or `within` this time."""
    due = or_(Chunk.not_before.is_(None), Chunk.not_before <= clock.sql(within))
    busy = or_(Chunk.state == ChunkState.CLAIMED, and_(Chunk.state == ChunkState.READY, due))
    return session.scalar(select(Chunk.no).where(Chunk.campaign_id == campaign_id, busy).limit(1)) is not None


def next_ready_at(session: Session, campaign_id: int) -> datetime | None:
    """When the first waiting chunk of a campaign may be claimed; None where one may be now, or none is waiting."""
    ready = select(Chunk.not_before).where(Chunk.campaign_id == campaign_id, Chunk.state == ChunkState.READY)
    return session.scalar(ready.order_by(Chunk.not_before.nulls_first()).limit(1))


def _is_over(clock: Clock) -> ColumnElement[bool]:
    """Past; or longer than any lease is, given while the database's clock was ahead."""
    return or_(Chunk.lease_until < clock.sql(), Chunk.lease_until > clock.sql(2 * LEASE))


_IS_CLAIMED = Chunk.state == ChunkState.CLAIMED
_CLAIMS = select(
    Chunk.campaign_id, Chunk.no, Chunk.lo, Chunk.hi, Chunk.variant, Chunk.arm, Chunk.domain, Campaign.list_id
).join(Campaign, Campaign.id == Chunk.campaign_id)
_READY = (
    _CLAIMS.where(
        Chunk.state == ChunkState.READY,
        Campaign.state == CampaignState.SENDING,
        or_(Chunk.not_before.is_(None), Chunk.not_before <= database_now("now")),
    )
    .order_by(Chunk.priority.desc(), Chunk.campaign_id, Chunk.no)
    .limit(1)
    .with_for_update(skip_locked=True, of=Chunk)
)
_READY_OF_CAMPAIGN = _READY.where(Chunk.campaign_id == bindparam("of_campaign"))
_LEASE = (
    update(Chunk)
    .where(
        Chunk.campaign_id == bindparam("of_campaign"), Chunk.no == bindparam("of_no"), Chunk.state == ChunkState.READY
    )
    .values(
        state=ChunkState.CLAIMED,
        owner=bindparam("by"),
        fence=Chunk.fence + 1,
        lease_until=database_now("lease_end"),
    )
    .returning(Chunk.fence)
)
_LEFT = select(
    func.count().filter(Delivery.state != DeliveryState.DEFERRED).label("now"),
    func.count().filter(Delivery.state == DeliveryState.DEFERRED).label("deferred"),
    func.min(Delivery.next_at).label("earliest"),
).where(
    Delivery.campaign_id == bindparam("of_campaign"),
    Delivery.seq.between(bindparam("lo"), bindparam("hi")),
    Delivery.state.in_(_OPEN),
)
_RELEASE = (
    update(Chunk)
    .where(Chunk.campaign_id == bindparam("of_campaign"), Chunk.no == bindparam("of_no"), _IS_CLAIMED)
    .where(Chunk.fence == bindparam("of_fence"))
    .values(
        state=bindparam("new_state", type_=Chunk.state.type),
        not_before=case(
            (bindparam("is_open", type_=Boolean), database_now("later")),
            else_=bindparam("earliest", type_=Chunk.not_before.type),
        ),
        owner=None,
        lease_until=None,
        fence=Chunk.fence + 1,
    )
)
