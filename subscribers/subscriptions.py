"""Subscriptions: consent to one list. Only `confirmed` is mailed; who left stays out until they say so themselves."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from . import consent, suppressions
from .addresses import EmailAddress
from .consent import Evidence
from .db import insert_into
from .tables import ConsentRecord, List, Organization, Purpose, Subscriber, Subscription, SubscriptionState

PENDING = SubscriptionState.PENDING
CONFIRMED = SubscriptionState.CONFIRMED
UNSUBSCRIBED = SubscriptionState.UNSUBSCRIBED


def is_current() -> ColumnElement[bool]:
    """Whether a subscription is confirmed, and no roster has taken it off its list."""
    return and_(Subscription.state == CONFIRMED, Subscription.off_roster_at.is_(None))


def is_waiting() -> ColumnElement[bool]:
    """Whether a subscription waits for `confirm`: pending, or off the roster and asked for again since."""
    asked_again = exists().where(
        ConsentRecord.subscriber_id == Subscription.subscriber_id,
        ConsentRecord.list_id == Subscription.list_id,
        ConsentRecord.given.is_(True),
        ConsentRecord.recorded_at >= Subscription.off_roster_at,
    )
    return or_(Subscription.state == PENDING, and_(Subscription.state == CONFIRMED, asked_again))


def waits(session: Session, subscriber: Subscriber, list_: List) -> bool:
    """Whether a reader's subscription to a list waits for `confirm`."""
    return _is(session, subscriber, list_, is_waiting())


def joins_at_once(session: Session, organization: Organization, address: EmailAddress, list_: List) -> bool:
    """Whether a list asks for no confirmation of an address: one that suppresses the address always does."""
    return not (list_.double_opt_in or suppressions.is_suppressed(session, organization, address, list_.id))


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

    A confirmed subscription stays as it is. Who had left becomes `pending` at most, whatever is asked for, and who is
    off the roster stays so: only `confirm` brings them back. What changes, or waits now, is written to the consent
    ledger.
    """
    if (
        _insert(session, subscriber, list_, state, now)
        or (state is CONFIRMED and _promote(session, subscriber, list_, now))
        or _ask_again(session, subscriber, list_)
        or _is_off_roster(session, subscriber, list_)
    ):
        _record(session, subscriber, list_.id, evidence, given=True, now=now)
    return session.get_one(Subscription, (subscriber.id, list_.id))


def confirm(session: Session, subscriber: Subscriber, list_: List, now: datetime, *, evidence: Evidence) -> bool:
    """Confirm a subscription that waits. Returns whether it did; a second time changes nothing.

    Nothing that the reader asked for before keeps them from the list: neither that they left, nor that they did so as
    somebody we have forgotten since.
    """
    waiting = _of(subscriber, list_).where(is_waiting())
    if not _moves(session, waiting, state=CONFIRMED, confirmed_at=now, unsubscribed_at=None, off_roster_at=None):
        return False
    suppressions.lift_request(session, subscriber, list_.id, now)
    _record(session, subscriber, list_.id, evidence, given=True, now=now)
    return True


def unsubscribe(
    session: Session, subscriber: Subscriber, list_: List | None, now: datetime, *, evidence: Evidence
) -> list[int]:
    """Leave one list, or every list where `list_` is None. Returns the ids of those really left now."""
    leaving = _of(subscriber, list_).where(Subscription.state != UNSUBSCRIBED)
    left = sorted(_moves(session, leaving, state=UNSUBSCRIBED, unsubscribed_at=now, paused_until=None))
    for list_id in left:
        _record(session, subscriber, list_id, evidence, given=False, now=now)
    return left


def pause(session: Session, subscriber: Subscriber, list_: List, until: datetime) -> bool:
    """Send a confirmed reader nothing of a list until then. Returns whether they are confirmed."""
    confirmed = _of(subscriber, list_).where(Subscription.state == CONFIRMED)
    return bool(_moves(session, confirmed, paused_until=until))


def resume(session: Session, subscriber: Subscriber, list_: List) -> bool:
    """Go on with a list that pauses. Returns whether it did."""
    pausing = _of(subscriber, list_).where(Subscription.paused_until.is_not(None))
    return bool(_moves(session, pausing, paused_until=None))


def is_pause_over(session: Session, now: datetime) -> bool:
    """Whether there is anything for `end_pauses` to do."""
    return session.scalar(select(Subscription.list_id).where(Subscription.paused_until <= now).limit(1)) is not None


def end_pauses(session: Session, now: datetime) -> int:
    """Go on with every list whose pause is over. Returns how many subscriptions that were."""
    ended = update(Subscription).where(Subscription.paused_until <= now).values(paused_until=None)
    return len(session.scalars(ended.returning(Subscription.subscriber_id)).all())


def _insert(session: Session, subscriber: Subscriber, list_: List, state: SubscriptionState, now: datetime) -> bool:
    values = {
        "subscriber_id": subscriber.id,
        "list_id": list_.id,
        "state": state,
        "created_at": now,
        "confirmed_at": now if state is CONFIRMED else None,
    }
    new = insert_into(session, Subscription).values(values).on_conflict_do_nothing()
    return session.scalar(new.returning(Subscription.list_id)) is not None


def _promote(session: Session, subscriber: Subscriber, list_: List, now: datetime) -> bool:
    """Confirm who is pending and has never left."""
    pending = _of(subscriber, list_).where(Subscription.state == PENDING, Subscription.unsubscribed_at.is_(None))
    return bool(_moves(session, pending, state=CONFIRMED, confirmed_at=now))


def _ask_again(session: Session, subscriber: Subscriber, list_: List) -> bool:
    """Make who left pending; `unsubscribed_at` stays until they confirm."""
    left = _of(subscriber, list_).where(Subscription.state == UNSUBSCRIBED)
    return bool(_moves(session, left, state=PENDING))


def _is_off_roster(session: Session, subscriber: Subscriber, list_: List) -> bool:
    """Whether a roster took the reader off the list and nobody has asked since."""
    off = and_(Subscription.state == CONFIRMED, Subscription.off_roster_at.is_not(None), ~is_waiting())
    return _is(session, subscriber, list_, off)


def _is(session: Session, subscriber: Subscriber, list_: List, such: ColumnElement[bool]) -> bool:
    """Whether a reader's subscription to a list is there, and such."""
    theirs = (Subscription.subscriber_id == subscriber.id, Subscription.list_id == list_.id)
    return session.scalar(select(Subscription.list_id).where(*theirs, such)) is not None


def _of(subscriber: Subscriber, list_: List | None) -> Update:
    mine = update(Subscription).where(Subscription.subscriber_id == subscriber.id)
    return mine if list_ is None else mine.where(Subscription.list_id == list_.id)


def _moves(session: Session, expected: Update, **values: Any) -> list[int]:
    """The lists whose subscription was as expected and is changed now; the database lets one caller win."""
    moved = expected.values(**values).returning(Subscription.list_id)
    return list(session.scalars(moved, execution_options={"synchronize_session": "fetch"}))


def _record(
    session: Session, subscriber: Subscriber, list_id: int, evidence: Evidence, *, given: bool, now: datetime
) -> None:
    consent.record(session, subscriber, Purpose.LIST, given, evidence=evidence, now=now, list_id=list_id)
