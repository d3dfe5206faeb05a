"""Subscriptions: consent to one list. Only `confirmed` is mailed; who left stays out until they say so themselves."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import consent
from .consent import Evidence
from .tables import List, Purpose, Subscriber, Subscription, SubscriptionState


def subscribe(
    session: Session,
    subscriber: Subscriber,
    list_: List,
    state: SubscriptionState,
    now: datetime,
    *,
    evidence: Evidence,
) -> Subscription:
    """Subscribe a reader, as `pending` or `confirmed`.

    A confirmed subscription stays as it is. Who had left becomes `pending` at most, whatever is asked for: only a
    confirmation of their own brings them back.
    """
    subscription = session.get(Subscription, (subscriber.id, list_.id))
    if subscription is None:
        subscription = Subscription(subscriber_id=subscriber.id, list_id=list_.id, state=state, created_at=now)
        session.add(subscription)
        if state is SubscriptionState.CONFIRMED:
            subscription.confirmed_at = now
            _record(session, subscriber, list_.id, evidence, given=True, now=now)
    elif subscription.state is SubscriptionState.UNSUBSCRIBED:
        subscription.state = SubscriptionState.PENDING
    elif subscription.state is SubscriptionState.PENDING and state is SubscriptionState.CONFIRMED:
        confirm(session, subscriber, list_, now, evidence=evidence)
    session.flush()
    return subscription


def confirm(session: Session, subscriber: Subscriber, list_: List, now: datetime, *, evidence: Evidence) -> bool:
    """Confirm a pending subscription. Returns whether it was pending; a second time changes nothing."""
    subscription = session.get(Subscription, (subscriber.id, list_.id))
    if subscription is None or subscription.state is not SubscriptionState.PENDING:
        return False
    subscription.state = SubscriptionState.CONFIRMED
    subscription.confirmed_at, subscription.unsubscribed_at = now, None
    _record(session, subscriber, list_.id, evidence, given=True, now=now)
    return True


def unsubscribe(
    session: Session, subscriber: Subscriber, list_: List | None, now: datetime, *, evidence: Evidence
) -> list[int]:
    """Leave one list, or every list where `list_` is None. Returns the ids of those really left now."""
    mine = select(Subscription).where(
        Subscription.subscriber_id == subscriber.id, Subscription.state != SubscriptionState.UNSUBSCRIBED
    )
    if list_ is not None:
        mine = mine.where(Subscription.list_id == list_.id)
    left = []
    for subscription in session.scalars(mine.order_by(Subscription.list_id)).all():
        subscription.state, subscription.unsubscribed_at = SubscriptionState.UNSUBSCRIBED, now
        _record(session, subscriber, subscription.list_id, evidence, given=False, now=now)
        left.append(subscription.list_id)
    return left


def _record(
    session: Session, subscriber: Subscriber, list_id: int, evidence: Evidence, *, given: bool, now: datetime
) -> None:
    consent.record(session, subscriber, Purpose.LIST, given, evidence=evidence, now=now, list_id=list_id)
