"""How much a reader's attention is asked for: who has had enough for now, and who did not open an earlier mail."""

from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, null, select

from newsletter.clock import Clock
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.ledger.tables import Campaign, CampaignKind, Delivery, DeliveryState, Exclusion
from subscribers.segments.rules import RuleContext
from subscribers.tables import Frequency, Subscriber, Subscription

WEEK = timedelta(days=7)
_HAD = (DeliveryState.ACCEPTED, DeliveryState.UNKNOWN)
_HAD_OR_WILL = (*_HAD, DeliveryState.PENDING, DeliveryState.ATTEMPTING, DeliveryState.DEFERRED)


def is_spent(list_id: int, context: RuleContext, mails_per_week: int, clock: Clock) -> ColumnElement[str | None]:
    """Why a reader has had enough for now, over `Subscriber` and their `Subscription`; NULL: they have not.

    Counted by the person, not the household: two guardians have an attention each.
    """
    this_month = Campaign.day >= context.day.replace(day=1)
    others = _broadcasts(select(Delivery.seq)).where(Delivery.state.in_(_HAD), Campaign.list_id == list_id, this_month)
    # Not an EXISTS: PostgreSQL would answer it for everybody at once, from every delivery there ever was.
    one = others.limit(1).correlate(Subscriber).scalar_subquery()
    monthly = and_(Subscription.frequency == Frequency.MONTHLY, one.is_not(None))
    reasons = [(monthly, literal(Exclusion.ENOUGH_THIS_MONTH.value))]
    if mails_per_week:
        lately = _broadcasts(select(func.count())).where(
            Delivery.state.in_(_HAD_OR_WILL), Delivery.updated_at > clock.sql(-WEEK)
        )
        enough = lately.correlate(Subscriber).scalar_subquery() >= mails_per_week
        reasons.append((enough, literal(Exclusion.ENOUGH_THIS_WEEK.value)))
    return case(*reasons, else_=null())


def did_not_open(campaign_id: int | None, *among: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Conditions over `Subscriber`: has that campaign's mail, agreed to tracking, and neither opened nor clicked.

    Who may have opened it, as far as anybody can tell, is not asked again.

    `among` are conditions over `Delivery` that narrow down where to look; none where there is no such campaign.
    """
    if campaign_id is None:
        return []
    seen = select(Event.id).where(
        Event.campaign_id == campaign_id,
        Event.seq == Delivery.seq,
        Event.kind.in_((EventKind.OPEN, EventKind.CLICK)),
        Event.actor.in_((Actor.HUMAN, Actor.UNKNOWN)),
    )
    unopened = select(Delivery.seq).where(
        Delivery.campaign_id == campaign_id,
        Delivery.subscriber_id == Subscriber.id,
        Delivery.state == DeliveryState.ACCEPTED,
        *among,
        ~seen.exists(),
    )
    return [Subscriber.tracking.is_(True), unopened.exists()]


def _broadcasts(of: Select[int]) -> Select[int]:
    """The reader's copies of broadcasts."""
    return (
        of.select_from(Delivery)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.subscriber_id == Subscriber.id, Campaign.kind == CampaignKind.BROADCAST)
    )
