"""The audience: who is on a list and chosen by a rule, and why some of them are not mailed."""

from sqlalchemy import ColumnElement, Select, and_, case, func, null, select, text
from sqlalchemy.orm import Session

from . import lists, suppressions
from .db import dialect_of
from .segments.rules import Rule, RuleContext
from .tables import Subscriber, Subscription, SubscriptionState

_ROOM = text("SELECT set_config('work_mem', '256MB', true), set_config('jit', 'off', true)")
_COUNTED = (*(state.value for state in SubscriptionState), "mailed", "paused", "off_roster", "suppressed")


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


def counts(session: Session, organization_id: int) -> dict[int, dict[str, int]]:
    """How many subscriptions of each state every list has, by its id, and where the confirmed stand now.

    These are `mailed` and, by what keeps them from it, `paused`, `off_roster` and `suppressed`.
    """
    found = {list_.id: dict.fromkeys(_COUNTED, 0) for list_ in lists.all_of(session, organization_id)}
    why = exclusion(Subscription.list_id.expression).label("why")
    of_lists = select(Subscription.list_id, Subscription.state, why, func.count())
    of_lists = of_lists.join(Subscriber, Subscriber.id == Subscription.subscriber_id)
    grouped = of_lists.where(Subscription.list_id.in_(found)).group_by(Subscription.list_id, Subscription.state, why)
    for list_id, state, excluded, count in session.execute(grouped):
        found[list_id][state.value] += count
        if state is SubscriptionState.CONFIRMED:
            found[list_id][(excluded or "mailed").replace("-", "_")] += count
    return found


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
