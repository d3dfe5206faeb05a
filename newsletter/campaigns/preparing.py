"""The snapshot: the audience of a campaign is fixed in pages, each one transaction, resumable after any crash."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Integer, and_, case, cast, func, insert, literal, null, select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.issues import issues
from newsletter.issues.document import Document
from newsletter.issues.tables import Revision
from newsletter.ledger import links
from newsletter.ledger.states import get, move
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Chunk, Delivery, DeliveryState, Exclusion
from newsletter.rendering.links import LinkTable
from newsletter.rendering.variants import variant_columns
from subscribers import audience
from subscribers.db import Database
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import Frequency, List, Subscriber, Subscription

PAGE = 50_000
CHUNK = 1_000

RuleContextOf = Callable[[date], RuleContext]


@dataclass(frozen=True, slots=True)
class _Audience:
    """What a page needs to know of its campaign."""

    campaign_id: int
    list_id: int
    document: Document
    rule: Rule
    context: RuleContext


def prepare(
    database: Database, clock: Clock, campaign_id: int, today: date, context_of: RuleContextOf, *, page: int = PAGE
) -> None:
    """Snapshot the audience of a campaign that is `preparing`, then let it be sent.

    Killed anywhere, it goes on from its watermark when called again; called twice at once, each page is written
    once. A campaign that was cancelled meanwhile is left alone.
    """
    for _ in pages(database, clock, campaign_id, today, context_of, page=page):
        pass


def pages(
    database: Database, clock: Clock, campaign_id: int, today: date, context_of: RuleContextOf, *, page: int = PAGE
) -> Iterator[int]:
    """`prepare` in steps: after each page, how many deliveries there are so far."""
    with database.writing() as session:
        chosen = _begin(session, campaign_id, today, context_of)
    while chosen is not None and (so_far := _page(database, clock, chosen, page)) is not None:
        yield so_far


def _begin(session: Session, campaign_id: int, today: date, context_of: RuleContextOf) -> _Audience | None:
    """Fix the day and the links, once."""
    campaign = get(session, campaign_id)
    if campaign.state != CampaignState.PREPARING or campaign.revision_id is None or campaign.list_id is None:
        return None
    campaign.day = campaign.day or today
    document = issues.document_of(session.get_one(Revision, campaign.revision_id))
    list_ = session.get_one(List, campaign.list_id)
    table = LinkTable.of(document, list_.utm)
    links.fix(session, campaign_id, ((row.no, row.target, row.label) for row in table.rows))
    return _Audience(campaign_id, list_.id, document, Rule.parse(campaign.rule), context_of(campaign.day))


def _page(database: Database, clock: Clock, chosen: _Audience, size: int) -> int | None:
    """Write one page of deliveries and their chunks; the audience so far, or None: there is no more to write."""
    with database.writing() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.id == chosen.campaign_id).with_for_update()).one()
        if campaign.state != CampaignState.PREPARING:
            return None
        last = _last_of_page(session, chosen, campaign.watermark, size)
        if last is None:
            move(session, campaign.id, CampaignState.SENDING, started_at=clock.sql())
            return None
        before = campaign.audience
        campaign.audience += _insert_deliveries(session, clock, chosen, campaign, last)
        chunks = list(_chunks(session, campaign, before))
        if chunks:
            session.execute(insert(Chunk), chunks)
        campaign.chunks += len(chunks)
        campaign.watermark = last
        return campaign.audience


def _last_of_page(session: Session, chosen: _Audience, watermark: int, size: int) -> int | None:
    ids = (
        audience.members(chosen.list_id, chosen.rule, chosen.context)
        .with_only_columns(Subscriber.id)
        .where(Subscriber.id > watermark)
        .order_by(Subscriber.id)
        .limit(size)
        .subquery()
    )
    last: int | None = session.scalar(select(func.max(ids.c.id)))
    return last


def _insert_deliveries(session: Session, clock: Clock, chosen: _Audience, campaign: Campaign, last: int) -> int:
    """One `INSERT ... SELECT`: who is mailed first, by variant, so that chunks are dense ranges of one variant."""
    page = (
        audience.members(chosen.list_id, chosen.rule, chosen.context)
        .with_only_columns(
            Subscriber.id,
            Subscriber.address,
            audience.exclusion(chosen.list_id).label("exclusion"),
            _has_enough(chosen).label("has_enough"),
            variant_columns(chosen.document, chosen.context).label("variant"),
        )
        .where(Subscriber.id > campaign.watermark, Subscriber.id <= last)
        .cte("page")
    )
    reason = case(
        (page.c.exclusion.is_not(None), page.c.exclusion),
        (page.c.has_enough, literal(Exclusion.ENOUGH_THIS_MONTH.value)),
        (page.c.variant.endswith("-0"), literal(Exclusion.NOTHING_TO_READ.value)),
        else_=null(),
    )
    row_no = func.row_number().over(order_by=(reason.is_not(None), page.c.variant, page.c.id))
    rows = select(
        literal(campaign.id),
        literal(campaign.audience) + cast(row_no, Integer),
        page.c.id,
        page.c.address,
        literal(0),
        page.c.variant,
        case((reason.is_(None), DeliveryState.PENDING.value), else_=DeliveryState.EXCLUDED.value),
        reason,
        literal(0),
        clock.sql(),
    )
    session.execute(
        insert(Delivery).from_select(
            [
                "campaign_id", "seq", "subscriber_id", "to_address", "occurrence", "variant", "state", "reason",
                "attempt", "updated_at",
            ],
            rows,
            include_defaults=False,
        )
    )  # fmt: skip
    counted = select(func.count()).where(Delivery.campaign_id == campaign.id, Delivery.seq > campaign.audience)
    return session.scalars(counted).one()


def _has_enough(chosen: _Audience) -> ColumnElement[bool]:
    """Whether the reader wants this list monthly, and an issue of it went out to them this month already."""
    others = (
        select(Delivery.seq)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Delivery.subscriber_id == Subscriber.id,
            Delivery.state.in_((DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)),
            Campaign.kind == CampaignKind.BROADCAST,
            Campaign.list_id == chosen.list_id,
            Campaign.day >= chosen.context.day.replace(day=1),
        )
    )
    return and_(Subscription.frequency == Frequency.MONTHLY, others.exists())


def _chunks(session: Session, campaign: Campaign, audience_before: int) -> Iterator[dict[str, object]]:
    """Cut each variant's range of the page into chunks."""
    ranges = session.execute(
        select(Delivery.variant, func.min(Delivery.seq), func.max(Delivery.seq))
        .where(Delivery.campaign_id == campaign.id, Delivery.seq > audience_before)
        .where(Delivery.state == DeliveryState.PENDING)
        .group_by(Delivery.variant)
        .order_by(func.min(Delivery.seq))
    )
    no = campaign.chunks
    for variant, lowest, highest in ranges:
        for lo in range(lowest, highest + 1, CHUNK):
            no += 1
            yield {
                "campaign_id": campaign.id,
                "no": no,
                "lo": lo,
                "hi": min(lo + CHUNK - 1, highest),
                "variant": variant,
            }
