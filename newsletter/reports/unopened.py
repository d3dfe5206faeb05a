"""For whom a draft is today, and of whom nobody knows whether they opened the mail before it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.campaigns import budgets
from newsletter.errors import NewsletterError
from newsletter.events.consents import may_track
from newsletter.ledger.tables import Campaign, Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers import audience
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import Subscriber


class NobodyKnows(NewsletterError):
    """Opens are kept of nobody here, so nobody knows who did not open. See NEWSLETTER_TRACKING in docs/settings.md."""


def readers(session: Session, draft: Campaign, context: RuleContext) -> int:
    """How many would be mailed now."""
    rule = Rule.parse(draft.rule)
    return audience.count(session, draft.list_id or 0, rule, context, *budgets.did_not_open(draft.unopened_of_id))


def not_known(session: Session, campaign_id: int, tracking: Tracking) -> int:
    """How many have a campaign's mail and did not agree, so that nobody knows whether they opened it.

    Raises `NobodyKnows` where that is everybody.
    """
    if tracking in (Tracking.COUNTS, Tracking.OFF):
        raise NobodyKnows
    copies = (
        select(func.count())
        .select_from(Delivery)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.campaign_id == campaign_id, Delivery.state == DeliveryState.ACCEPTED)
        .where(may_track(Tracking.CONSENT).is_not(True))
    )
    return session.scalars(copies).one()
