"""One page of an audience: who is in it, whether and why not each is mailed, and in which lane the copy travels.

A page is worked out once, into a temporary table; deliveries and chunks are both made from there.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    case,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.schema import CreateTableAs, DropTable

from newsletter.clock import Clock
from newsletter.issues.document import Document
from newsletter.ledger.tables import Campaign, Chunk, Delivery, DeliveryState, Exclusion
from newsletter.rendering.variants import role_masks, variant_columns
from subscribers import audience
from subscribers.db import dialect_of
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import Subscriber, SubscriberRole, Subscription

from . import budgets
from .lanes import Lanes

CHUNK = 1_000
_NO_LIMIT = 2**31 - 1

_Ids = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]

_PAGE = Table(
    "snapshot_page",
    MetaData(),
    Column("id", Integer),
    Column("address", String),
    Column("reason", String),
    Column("variant", String),
    Column("lane", String),
)
"""The same for every page, so that the statements that read it are built once."""


@dataclass(frozen=True, slots=True)
class Audience:
    """What a page needs to know of its campaign."""

    campaign_id: int
    list_id: int
    unopened_of_id: int | None
    document: Document
    rule: Rule
    context: RuleContext
    lanes: Lanes
    mails_per_week: int


@dataclass(frozen=True, slots=True)
class Span:
    """The ids of subscribers above one and up to another."""

    after: int
    last: int

    def holds(self, column: _Ids) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """Conditions over a column of ids. Each table is told, so that no database reads more of it than the page."""
        return column > self.after, column <= self.last


def next_span(session: Session, list_id: int, after: int, size: int) -> Span | None:
    """The next so many members of a list; None: there are no more."""
    ids = (
        select(Subscription.subscriber_id)
        .where(Subscription.list_id == list_id, Subscription.subscriber_id > after)
        .order_by(Subscription.subscriber_id)
        .limit(size)
        .subquery()
    )
    last = session.scalars(select(func.max(ids.c.subscriber_id))).one()
    return None if last is None else Span(after, last)


def write(session: Session, clock: Clock, chosen: Audience, campaign: Campaign, span: Span) -> None:
    """Add the copies of the readers in a span, and their chunks, to a campaign locked by the caller."""
    session.execute(CreateTableAs(_worked_out(session, clock, chosen, span), _PAGE.name, temporary=True))
    _insert_deliveries(session, clock, campaign)
    _insert_chunks(session, chosen.lanes, campaign)
    session.execute(DropTable(_PAGE))
    campaign.watermark = span.last


def _worked_out(session: Session, clock: Clock, chosen: Audience, span: Span) -> Select[Any]:
    """The rows of `_PAGE`; who is not mailed has no lane."""
    readers = _readers(clock, chosen, span).subquery("reader")
    reason = case(
        (readers.c.exclusion.is_not(None), readers.c.exclusion),
        (readers.c.spent.is_not(None), readers.c.spent),
        (readers.c.variant.endswith("-0"), literal(Exclusion.NOTHING_TO_READ.value)),
        else_=null(),
    )
    page = select(readers, reason.label("reason")).subquery("page")
    if chosen.lanes.test_percent:
        page = select(page, chosen.lanes.arm(page, chosen.campaign_id).label("arm")).subquery("tested")
    lane = chosen.lanes.lane(page).label("lane")
    rows = select(page.c.id, page.c.address, page.c.reason, page.c.variant, lane)
    return rows.order_by(lane) if dialect_of(session) == "sqlite" else rows  # see `_place`


def _insert_deliveries(session: Session, clock: Clock, campaign: Campaign) -> None:
    """One row a reader, lane by lane, so that chunks are dense ranges of one lane."""
    rows = select(
        literal(campaign.id),
        literal(campaign.audience) + _place(session),
        _PAGE.c.id,
        _PAGE.c.address,
        literal(0),
        _PAGE.c.variant,
        case((_PAGE.c.reason.is_(None), DeliveryState.PENDING.value), else_=DeliveryState.EXCLUDED.value),
        _PAGE.c.reason,
        literal(0),
        clock.sql(),
    )
    columns = (
        "campaign_id", "seq", "subscriber_id", "to_address", "occurrence", "variant", "state", "reason", "attempt",
        "updated_at",
    )  # fmt: skip
    session.execute(insert(Delivery).from_select(columns, rows, include_defaults=False))


def _place(session: Session) -> ColumnElement[int]:
    """Where a reader stands in the page, from 1, in the order of lanes."""
    if dialect_of(session) == "sqlite":
        return literal_column("rowid", Integer)  # CREATE TABLE AS numbers rows in the order of its SELECT: a sort less
    return func.row_number().over(order_by=_PAGE.c.lane).cast(Integer)


def _insert_chunks(session: Session, lanes: Lanes, campaign: Campaign) -> None:
    """Cut each lane's range of the page into chunks, and count copies and chunks."""
    counted = select(_PAGE.c.lane, func.count().label("copies")).group_by(_PAGE.c.lane).order_by(_PAGE.c.lane)
    chunks: list[dict[str, object]] = []
    for lane, copies in session.execute(counted):
        end = campaign.audience + copies
        for lo in range(campaign.audience + 1, end + 1, CHUNK) if lane is not None else ():
            no, hi = campaign.chunks + len(chunks) + 1, min(lo + CHUNK - 1, end)
            chunks.append({"campaign_id": campaign.id, "no": no, "lo": lo, "hi": hi, **lanes.chunk(lane)})
        campaign.audience = end
    if chunks:
        session.execute(insert(Chunk), chunks)
    campaign.chunks += len(chunks)


def _readers(clock: Clock, chosen: Audience, span: Span) -> Select[int]:
    roles = role_masks(chosen.document, *span.holds(SubscriberRole.subscriber_id))
    readers = (
        audience.members(chosen.list_id, chosen.rule, chosen.context)
        .add_columns(
            Subscriber.address,
            audience.exclusion(chosen.list_id).label("exclusion"),
            budgets.is_spent(chosen.list_id, chosen.context, chosen.mails_per_week, clock).label("spent"),
            variant_columns(chosen.document, chosen.context, roles).label("variant"),
            *chosen.lanes.columns(),
        )
        .where(*span.holds(Subscriber.id), *span.holds(Subscription.subscriber_id))
        .where(*budgets.did_not_open(chosen.unopened_of_id, *span.holds(Delivery.subscriber_id)))
    )
    if roles is not None:
        readers = readers.outerjoin(roles, roles.c.subscriber_id == Subscriber.id)
    return readers.limit(_NO_LIMIT).offset(0)  # no column is then worked out again wherever it is named
