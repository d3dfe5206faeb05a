"""The snapshot: the audience of a campaign is fixed in pages, each one transaction, resumable after any crash."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.issues import issues
from newsletter.issues.tables import Revision
from newsletter.ledger import links
from newsletter.ledger.jobs import Enqueue, Job, JobKind, nobody
from newsletter.ledger.states import get, move
from newsletter.ledger.tables import Campaign, CampaignState
from newsletter.rendering.links import LinkTable
from subscribers import subscriptions
from subscribers.db import Database
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import List

from . import arms, audiences
from .audiences import Audience
from .lanes import Lanes

PAGE = 50_000

RuleContextOf = Callable[[date], RuleContext]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings say about every audience."""

    domains: tuple[str, ...] = ()
    """Receiving domains with a pace of their own."""
    mails_per_week: int = 0
    """How many mails a reader gets in seven days at most; 0: no limit."""


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
        subscriptions.end_pauses(session, clock.now())
        chosen = _begin(session, campaign_id, today, context_of, limits)
    while chosen is not None and (so_far := _page(database, clock, chosen, page, enqueue)) is not None:
        yield so_far


def _begin(
    session: Session, campaign_id: int, today: date, context_of: RuleContextOf, limits: Limits
) -> Audience | None:
    """Fix the day and the links, once."""
    campaign = get(session, campaign_id)
    if campaign.state != CampaignState.PREPARING or campaign.revision_id is None or campaign.list_id is None:
        return None
    campaign.day = campaign.day or today
    document = issues.document_of(session.get_one(Revision, campaign.revision_id))
    list_ = session.get_one(List, campaign.list_id)
    table = LinkTable.of(document, list_.utm, hidden=True)  # also where no mail carries it: it may be turned on yet
    links.fix(session, campaign_id, ((row.no, row.target, row.label) for row in table.rows))
    return Audience(
        campaign_id,
        list_.id,
        campaign.unopened_of_id,
        document,
        Rule.parse(campaign.rule),
        context_of(campaign.day),
        Lanes.of(session, campaign, limits.domains),
        limits.mails_per_week,
    )


def _page(database: Database, clock: Clock, chosen: Audience, size: int, enqueue: Enqueue) -> int | None:
    """Write one page of deliveries and their chunks; the audience so far, or None: there is no more to write."""
    with database.writing() as session:
        campaign = session.scalars(select(Campaign).where(Campaign.id == chosen.campaign_id).with_for_update()).one()
        if campaign.state != CampaignState.PREPARING:
            return None
        span = audiences.next_span(session, chosen.list_id, campaign.watermark, size)
        if span is None:
            move(session, campaign.id, CampaignState.SENDING, started_at=clock.sql())
            arms.await_winner(session, clock, campaign)
            enqueue(session, Job(JobKind.SEND, campaign.id))
            return None
        audiences.write(session, clock, chosen, campaign, span)
        return campaign.audience
