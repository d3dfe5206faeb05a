"""The audience: who is on a list and chosen by a rule, and why some of them are not mailed."""

from sqlalchemy import ColumnElement, Select, and_, case, func, null, select
from sqlalchemy.orm import Session

from . import suppressions
from .segments.rules import Rule, RuleContext
from .tables import Subscriber, Subscription, SubscriptionState


def members(list_id: int, rule: Rule, context: RuleContext) -> Select[int]:
    """The ids of the list's subscribers whom the rule chooses, whatever their state.

    The caller adds columns (`exclusion` says why one is not mailed), order and paging by `Subscriber.id`.
    """
    return (
        select(Subscriber.id)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscriber.organization_id == context.organization_id, Subscription.list_id == list_id)
        .where(rule.where(context))
    )


def exclusion(list_id: int | ColumnElement[int]) -> ColumnElement[str | None]:
    """Why a subscriber is not mailed, over `Subscriber` and their `Subscription` to the list; NULL: they are."""
    is_confirmed = Subscription.state == SubscriptionState.CONFIRMED
    return case(
        (suppressions.active_for(list_id, Subscriber.address_hash), "suppressed"),
        (and_(is_confirmed, Subscription.off_roster_at.is_not(None)), "off-roster"),
        (and_(is_confirmed, Subscription.paused_until.is_not(None)), "paused"),
        (is_confirmed, null()),
        (Subscription.state == SubscriptionState.PENDING, "unconfirmed"),
        else_="unsubscribed",
    )


def count(session: Session, list_id: int, rule: Rule, context: RuleContext, *also: ColumnElement[bool]) -> int:
    """How many would be mailed now; `also` are more conditions over `Subscriber`."""
    mailable = members(list_id, rule, context).where(exclusion(list_id).is_(None), *also).subquery()
    return session.scalars(select(func.count()).select_from(mailable)).one()


def count_chosen(session: Session, rule: Rule, context: RuleContext) -> int:
    """How many subscribers a rule chooses, on any list or none."""
    chosen = select(func.count()).select_from(Subscriber).where(Subscriber.organization_id == context.organization_id)
    return session.scalars(chosen.where(rule.where(context))).one()
