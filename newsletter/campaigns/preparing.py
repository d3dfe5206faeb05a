"""The snapshot: the audience of a campaign is fixed in pages, each one transaction, resumable after any crash.

A page is worked out once, into a temporary table; deliveries and chunks are both made from there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Integer, Table, case, cast, func, insert, literal, null, select
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTableAs, DropTable

from newsletter.clock import Clock
from newsletter.issues import issues
from newsletter.issues.document import Document
from newsletter.issues.tables import Revision
from newsletter.ledger import links
from newsletter.ledger.jobs import Enqueue, Job, JobKind, nobody
from newsletter.ledger.states import get, move
from newsletter.ledger.tables import Campaign, CampaignState, Chunk, Delivery, DeliveryState, Exclusion
from newsletter.rendering.links import LinkTable
from newsletter.rendering.variants import variant_columns
from subscribers import audience
from subscribers.db import Database
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import List, Subscriber, Subscription

from . import arms, budgets
from .lanes import Lanes

PAGE = 50_000
CHUNK = 1_000
_PAGE_TABLE = "snapshot_page"

RuleContextOf = Callable[[date], RuleContext]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings say about every audience."""

    domains: tuple[str, ...] = ()
    """Receiving domains with a pace of their own."""
    mails_per_week: int = 0
    """How many mails a reader gets in seven days at most; 0: no limit."""


@dataclass(frozen=True, slots=True)
class _Audience:
    """What a page needs to know of its campaign."""

    campaign_id: int
    list_id: int
    unopened_of_id: int | None
    document: Document
    rule: Rule
    context: RuleContext
    lanes: Lanes
    mails_per_week: int


def prepare(
    database: Database,
    clock: Clock,
    campaign_id: int,
    today: date,
    context_of: RuleContextOf,
    limits: Limits = Limits(),
    *,
    page: int = PAGE,
    enqueue: Enqueue = nobody,
) -> None:
    """Snapshot the audience of a campaign that is `preparing`, then let it be sent.

    Killed anywhere, it goes on from its watermark when called again; called twice at once, each page is written
    once. A campaign that was cancelled meanwhile is left alone. `enqueue` is told in the last page's transaction that
    there is something to send.
    """
    for _ in pages(database, clock, campaign_id, today, context_of, limits, page=page, enqueue=enqueue):
        pass


def pages(
    database: Database,
    clock: Clock,
    campaign_id: int,
    today: date,
    context_of: RuleContextOf,
    limits: Limits = Limits(),
    *,
    page: int = PAGE,
    enqueue: Enqueue = nobody,
) -> Iterator[int]:
    """`prepare` in steps: after each page, how many deliveries there are so far."""
    with database.writing() as session:
        chosen = _begin(session, campaign_id, today, context_of, limits)
    while chosen is not None and (so_far := _page(database, clock, chosen, page, enqueue)) is not None:
        yield so_far


def _begin(
    session: Session, campaign_id: int, today: date, context_of: RuleContextOf, limits: Limits
) -> _Audience | None:
    """Fix the day and the links, once."""
    campaign = get(session, campaign_id)
    if campaign.state != CampaignState.PREPARING or campaign.revision_id is None or campaign.list_id is None:
        return None
    campaign.day = campaign.day or today
    document = issues.document_of(session.get_one(Revision, campaign.revision_id))
    list_ = session.get_one(List, campaign.list_id)
    table = LinkTable.of(document, list_.utm)
    links.fix(session, campaign_id, ((row.no, row.target, row.label) for row in table.rows))
    return _Audience(
        campaign_id,
        list_.id,
        campaign.unopened_of_id,
        document,
        Rule.parse(campaign.rule),
        context_of(campaign.day),
        Lanes.of(session, campaign, limits.domains),
        limits.mails_per_week,
    )


def _page(database: Database, clock: Clock, chosen: _Audience, size: int, enqueue: Enqueue) -> int | None:
    """Write one page of deliveries and their chunks; the audience so far, or None: there is no more to write."""
    with database.writing() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.id == chosen.campaign_id).with_for_update()).one()
        if campaign.state != CampaignState.PREPARING:
            return None
        page = _work_out(session, clock, chosen, campaign.watermark, size)
        last, readers = session.execute(select(func.max(page.c.id), func.count())).one()
        if readers:
            _insert_deliveries(session, clock, chosen.lanes, campaign, page)
            campaign.chunks += _insert_chunks(session, chosen.lanes, campaign, page)
            campaign.audience += readers
            campaign.watermark = last
        else:
            move(session, campaign.id, CampaignState.SENDING, started_at=clock.sql())
            arms.await_winner(session, clock, campaign)
            enqueue(session, Job(JobKind.SEND, campaign.id))
        session.execute(DropTable(page))
        return campaign.audience if readers else None


def _work_out(session: Session, clock: Clock, chosen: _Audience, watermark: int, size: int) -> Table:
    """A temporary table of the next readers: whether and why not each is mailed, and the lane of the copy."""
    lanes = chosen.lanes
    members = (
        audience.members(chosen.list_id, chosen.rule, chosen.context)
        .with_only_columns(
            Subscriber.id,
            Subscriber.address,
            audience.exclusion(chosen.list_id).label("exclusion"),
            budgets.is_spent(chosen.list_id, chosen.context, chosen.mails_per_week, clock).label("spent"),
            variant_columns(chosen.document, chosen.context).label("variant"),
            lanes.wave().label("wave"),
            lanes.domain().label("domain"),
        )
        .where(Subscription.subscriber_id > watermark, *budgets.did_not_open(chosen.unopened_of_id))
        .order_by(Subscription.subscriber_id)
        .limit(size)
        .cte("members")
    )
    reason = case(
        (members.c.exclusion.is_not(None), members.c.exclusion),
        (members.c.spent.is_not(None), members.c.spent),
        (members.c.variant.endswith("-0"), literal(Exclusion.NOTHING_TO_READ.value)),
        else_=null(),
    ).label("reason")
    of_lane = (members.c.variant, members.c.wave, members.c.domain)
    page = select(members.c.id, members.c.address, reason, *of_lane).subquery("page")
    made = CreateTableAs(select(page, lanes.arm(page, chosen.campaign_id).label("arm")), _PAGE_TABLE, temporary=True)
    session.execute(made)
    return made.table


def _insert_deliveries(session: Session, clock: Clock, lanes: Lanes, campaign: Campaign, page: Table) -> None:
    """Who is mailed first, lane by lane, so that chunks are dense ranges of one lane."""
    c = page.c
    order = (c.reason.is_not(None), *(c[key] for key in lanes.keys), c.id)
    rows = select(
        literal(campaign.id),
        literal(campaign.audience) + cast(func.row_number().over(order_by=order), Integer),
        c.id,
        c.address,
        literal(0),
        c.variant,
        case((c.reason.is_(None), DeliveryState.PENDING.value), else_=DeliveryState.EXCLUDED.value),
        c.reason,
        literal(0),
        clock.sql(),
    )
    columns = (
        "campaign_id", "seq", "subscriber_id", "to_address", "occurrence", "variant", "state", "reason", "attempt",
        "updated_at",
    )  # fmt: skip
    session.execute(insert(Delivery).from_select(columns, rows, include_defaults=False))


def _insert_chunks(session: Session, lanes: Lanes, campaign: Campaign, page: Table) -> int:
    """Cut each lane's range of the page into chunks; how many."""
    lane = [page.c[key] for key in lanes.keys]
    counted = select(*lane, func.count().label("copies")).where(page.c.reason.is_(None)).group_by(*lane).order_by(*lane)
    chunks: list[dict[str, object]] = []
    before = campaign.audience
    for row in session.execute(counted):
        end = before + row.copies
        for lo in range(before + 1, end + 1, CHUNK):
            chunks.append(
                {
                    "campaign_id": campaign.id,
                    "no": campaign.chunks + len(chunks) + 1,
                    "lo": lo,
                    "hi": min(lo + CHUNK - 1, end),
                    **lanes.chunk(row),
                }
            )
        before = end
    if chunks:
        session.execute(insert(Chunk), chunks)
    return len(chunks)
