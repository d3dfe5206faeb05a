"""Who is kept no longer: sign-ups that were never confirmed, and readers who have left every list."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from . import consent
from .tables import (
    Child,
    ConsentRecord,
    ImportRun,
    Participation,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
    Told,
)

_Rows: TypeAlias = Select[*tuple[Any, ...]]
_UNSYNCHRONIZED = {"synchronize_session": False}


def unconfirmed(before: datetime) -> _Rows:
    """The subscriptions (`subscriber_id`, `list_id`) that wait for a confirmation `since` some time before a moment.

    It is the last time that the reader asked for the list or a roster named them; for who came by another import, when
    that was.
    """
    asked = (
        select(func.max(ConsentRecord.recorded_at))
        .where(ConsentRecord.subscriber_id == Subscription.subscriber_id)
        .where(ConsentRecord.list_id == Subscription.list_id, ConsentRecord.purpose == Purpose.LIST)
        .where(ConsentRecord.given)
        .scalar_subquery()
    )
    came = func.coalesce(asked, Subscription.created_at)
    named = select(ImportRun.updated_at).where(ImportRun.id == Subscription.roster_id).scalar_subquery()
    since = case((named > came, named), else_=came)
    waiting = select(Subscription.subscriber_id, Subscription.list_id, since.label("since"))
    return waiting.where(Subscription.state == SubscriptionState.PENDING, since < before)


def lapse(session: Session, waiting: Collection[tuple[int, int]]) -> tuple[int, Sequence[int]]:
    """End pending subscriptions, each a (`subscriber_id`, `list_id`): who had left the list before has left it again.

    Returns how many were still pending, and the ids of readers of whom there is nothing else: no list that they are on
    or have left, and nothing that was told of them but by the form. They are locked: nobody adds to what is theirs
    until the caller's transaction ends.
    """
    _hold(session, {subscriber_id for subscriber_id, _ in waiting})
    pending = (
        tuple_(Subscription.subscriber_id, Subscription.list_id).in_(waiting),
        Subscription.state == SubscriptionState.PENDING,
    )
    had_left = update(Subscription).where(*pending, Subscription.unsubscribed_at.is_not(None))
    back = session.scalars(
        had_left.values(state=SubscriptionState.UNSUBSCRIBED).returning(Subscription.subscriber_id),
        execution_options=_UNSYNCHRONIZED,
    ).all()
    ended = session.scalars(
        delete(Subscription).where(*pending).returning(Subscription.subscriber_id), execution_options=_UNSYNCHRONIZED
    ).all()
    on_a_list = exists().where(Subscription.subscriber_id == Subscriber.id)
    nothing_else = (~on_a_list, ~_is_told_of())
    alone = session.scalars(select(Subscriber.id).where(Subscriber.id.in_(set(ended)), *nothing_else)).all()
    return len(back) + len(ended), alone


def gone(before: datetime) -> _Rows:
    """The readers (`subscriber_id`) who have left every list they were on, the last of them `since` before a moment.

    Whom a school's roster no longer names has left too, where they never said yes behind a mailed link. Who was never
    on a list has left none.
    """
    other = aliased(Subscription)
    other_left = _left_at(other)
    stays = exists().where(
        other.subscriber_id == Subscription.subscriber_id, or_(other_left.is_(None), other_left >= before)
    )
    left = _left_at(Subscription)
    return (
        select(Subscription.subscriber_id, func.max(left).label("since"))
        .where(left < before, ~stays)
        .group_by(Subscription.subscriber_id)
    )


def _left_at(of: type[Subscription]) -> ColumnElement[datetime | None]:
    """When a reader left a list; NULL for who has not."""
    has_left = of.state == SubscriptionState.UNSUBSCRIBED
    return case(
        (has_left, of.unsubscribed_at), (and_(of.off_roster_at.is_not(None), ~consent.own_yes(of)), of.off_roster_at)
    )


def still_gone(session: Session, reader_ids: Collection[int], before: datetime) -> Sequence[int]:
    """Those of readers who have not come back, locked so that none of them does until the caller's transaction ends."""
    _hold(session, reader_ids)
    theirs = select(Subscription.list_id).where(Subscription.subscriber_id.in_(reader_ids))
    session.execute(theirs.order_by(Subscription.subscriber_id, Subscription.list_id).with_for_update()).all()
    return session.scalars(gone(before).where(Subscription.subscriber_id.in_(reader_ids))).all()


def _hold(session: Session, reader_ids: Collection[int]) -> None:
    """Let nobody subscribe readers. What is asked in a later statement sees those who were faster."""
    theirs = select(Subscriber.id).where(Subscriber.id.in_(reader_ids)).order_by(Subscriber.id)
    session.execute(theirs.with_for_update()).all()


def _is_told_of() -> ColumnElement[bool]:
    """Whether staff or the family told of a reader. What a form says does not count: anybody can write any address."""
    by_form = exists().where(ConsentRecord.subscriber_id == Subscriber.id, ConsentRecord.source == consent.FORM)
    children = exists().where(Child.subscriber_id == Subscriber.id, Child.told_by == Told.FAMILY)
    took_part = exists().where(Participation.subscriber_id == Subscriber.id)
    return or_(took_part, and_(~by_form, or_(children, Subscriber.own_fields != 0)))
