"""The audience: who is on a list and chosen by a rule, and why some of them are not mailed."""

from sqlalchemy import ColumnElement, Select, and_, case, func, null, select, text
from sqlalchemy.orm import Session

from . import suppressions
from .db import dialect_of
from .segments.rules import Rule, RuleContext
from .tables import Subscriber, Subscription, SubscriptionState

_ROOM = text("SELECT set_config('work_mem', '256MB', true), set_config('jit', 'off', true)")


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


def chosen(rule: Rule, context: RuleContext) -> Select[int]:
    """The ids of the subscribers whom a rule chooses, on any list or none."""
    return select(Subscriber.id).where(Subscriber.organization_id == context.organization_id, rule.where(context))


def count(session: Session, list_id: int, rule: Rule, context: RuleContext, *also: ColumnElement[bool]) -> int:
    """How many would be mailed now; `also` are more conditions over `Subscriber`."""
    return _count(session, members(list_id, rule, context).where(exclusion(list_id).is_(None), *also))


def count_chosen(session: Session, rule: Rule, context: RuleContext) -> int:
    """How many subscribers a rule chooses, on any list or none."""
    return _count(session, chosen(rule, context))


def counted(ids: Select[int]) -> Select[int]:
    """How many ids there are."""
    return ids.with_only_columns(func.count(), maintain_column_froms=True)


def make_room(session: Session) -> None:
    """Let this transaction's counts take the memory they need, so that PostgreSQL reads each table once.

    A question joined by `or` is then answered for all subscribers at once, and kept; without the room it would be asked
    for each of them. To compile a plan takes longer than the count.
    """
    if dialect_of(session) == "postgresql":
        session.execute(_ROOM)


def _count(session: Session, ids: Select[int]) -> int:
    make_room(session)
    return session.scalars(counted(ids)).one()
