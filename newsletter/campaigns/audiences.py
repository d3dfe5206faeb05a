"""One page of an audience: who is in it, whether and why not each is mailed, and in which lane the copy travels.

A page is worked out once, into a temporary table; deliveries and chunks are both made from there.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, Select, Table, case, func, insert, literal, literal_column, null, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.schema import CreateTableAs

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
_TABLE = "snapshot_page"
_NO_LIMIT = 2**31 - 1

_Ids = InstrumentedAttribute[int] | InstrumentedAttribute[int | None]


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


def work_out(session: Session, clock: Clock, chosen: Audience, span: Span) -> Table:
    """A temporary table of the readers in a span, in the order of their lanes; who is not mailed has none."""
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
    ordered = select(page.c.id, page.c.address, page.c.reason, page.c.variant, lane).order_by(lane)
    made = CreateTableAs(ordered, _TABLE, temporary=True)
    session.execute(made)
    return made.table


def insert_deliveries(session: Session, clock: Clock, campaign: Campaign, page: Table) -> None:
    """One row a reader, lane by lane, so that chunks are dense ranges of one lane."""
    rows = select(
        literal(campaign.id),
        literal(campaign.audience) + _place(session, page),
        page.c.id,
        page.c.address,
        literal(0),
        page.c.variant,
        case((page.c.reason.is_(None), DeliveryState.PENDING.value), else_=DeliveryState.EXCLUDED.value),
        page.c.reason,
        literal(0),
        clock.sql(),
    )
    columns = (
        "campaign_id", "seq", "subscriber_id", "to_address", "occurrence", "variant", "state", "reason", "attempt",
        "updated_at",
    )  # fmt: skip
    session.execute(insert(Delivery).from_select(columns, rows, include_defaults=False))


def insert_chunks(session: Session, lanes: Lanes, campaign: Campaign, page: Table) -> int:
    """Cut each lane's range of the page into chunks, and count both. Returns how many readers the page has."""
    before, chunks = campaign.audience, list[dict[str, object]]()
    for lane, readers in session.execute(select(page.c.lane, func.count()).group_by(page.c.lane).order_by(page.c.lane)):
        end = before + readers
        for lo in range(before + 1, end + 1, CHUNK) if lane is not None else ():
            no, hi = campaign.chunks + len(chunks) + 1, min(lo + CHUNK - 1, end)
            chunks.append({"campaign_id": campaign.id, "no": no, "lo": lo, "hi": hi, **lanes.chunk(lane)})
        before = end
    if chunks:
        session.execute(insert(Chunk), chunks)
    readers = before - campaign.audience
    campaign.audience, campaign.chunks = before, campaign.chunks + len(chunks)
    return readers


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


def _place(session: Session, page: Table) -> ColumnElement[int]:
    """Where a reader stands in the page, from 1."""
    if dialect_of(session) == "sqlite":
        return literal_column("rowid", Integer)  # CREATE TABLE AS numbers rows in the order of its SELECT
    return func.row_number().over(order_by=page.c.lane).cast(Integer)
