"""The steps of readers onto lists and off them, as the consent ledger tells them, grouped by minute.

Of readers who are here the records of one list are read as a row: only the first yes after a no is a sign-up, only the
yes that let them in is joining, and only a no of who was in is leaving. The records of forgotten readers cannot be
joined any more, so each of them is counted as it stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    distinct,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from subscribers.consent import MAIL, ROSTER
from subscribers.db import dialect_of
from subscribers.subscriptions import is_current
from subscribers.suppressions import active_for
from subscribers.tables import (
    ConsentRecord,
    List,
    Purpose,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

from .periods import minute_of

IMPORT = "import"
HOUR, DAY, LATER = "hour", "day", "later"
_HOUR_SECONDS, _DAY_SECONDS = 3_600, 86_400
_Rows: TypeAlias = Select[*tuple[Any, ...]]


class Step(StrEnum):
    """What can happen between a reader and a list."""

    SIGNED_UP = "signed up"
    ASKED = "asked"
    """Signed up where a confirmation is asked for."""
    CONFIRMED = "confirmed"
    """Asked, and confirmed by now; counted when they asked."""
    JOINED = "joined"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose steps, and since when."""

    organization_id: int
    list_id: int | None
    since: datetime


def steps(session: Session, scope: Scope) -> Iterator[tuple[str, Step, str, int]]:
    """Each step since then: the minute in UTC, what it was, a word for how, and how many took it."""
    for minute, word, is_asked, outcome, count in session.execute(_sign_ups(session, scope)):
        yield minute, Step.SIGNED_UP, word, count
        if is_asked:
            yield minute, Step.ASKED, word, count
        if is_asked and outcome:
            yield minute, Step.CONFIRMED, outcome, count
    for minute, given, word, count in session.execute(_moves(session, scope)):
        yield minute, Step.JOINED if given else Step.LEFT, word, count
    for minute, word, count in session.execute(_silent_leaves(session, scope)):
        yield minute, Step.LEFT, word, count
    for minute, given, word, is_asked, count in session.execute(_of_the_forgotten(session, scope)):
        for step in _as_it_stands(given, word, is_asked=is_asked):
            yield minute, step, "" if step is Step.CONFIRMED else word, count


def standing(session: Session, scope: Scope) -> int:
    """How many are on the list now and are mailed."""
    now = (
        select(func.count())
        .select_from(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.organization_id == scope.organization_id, is_current())
        .where(not_(active_for(Subscription.__table__.c.list_id, Subscriber.address_hash)))
    )
    return int(session.scalars(_of_list(now, Subscription.list_id, scope)).one())


def _as_it_stands(given: bool, word: str, *, is_asked: bool) -> tuple[Step, ...]:
    if not given:
        return () if word == IMPORT else (Step.LEFT,)
    if is_asked:
        return (Step.SIGNED_UP, Step.ASKED)
    return (Step.JOINED, Step.CONFIRMED) if word == MAIL else (Step.SIGNED_UP, Step.JOINED)


def _only_asks() -> ColumnElement[bool]:
    """Whether a yes had to be confirmed behind a mailed link first."""
    return and_(ConsentRecord.given, List.double_opt_in, ConsentRecord.source.not_in((MAIL, IMPORT)))


def _records(scope: Scope) -> _Rows:
    """Yes and no to lists."""
    records = (
        select(
            ConsentRecord.recorded_at,
            ConsentRecord.given,
            ConsentRecord.source,
            _only_asks().label("is_asked"),
        )
        .join(List, List.id == ConsentRecord.list_id)
        .where(ConsentRecord.organization_id == scope.organization_id, ConsentRecord.purpose == Purpose.LIST)
    )
    return _of_list(records, ConsentRecord.list_id, scope)


def _sign_ups(session: Session, scope: Scope) -> _Rows:
    """The first yes of a row of yeses; where it only asked, how long the reader took to confirm, or nothing."""
    row = _in_a_row()
    lead = {name: func.lead(getattr(ConsentRecord, name)).over(**row) for name in ("given", "source", "recorded_at")}
    told = _records(scope).where(ConsentRecord.subscriber_id.is_not(None))
    before = func.lag(ConsentRecord.given).over(**row)
    seen = told.add_columns(before.label("before"), *(value.label(f"next_{name}") for name, value in lead.items()))
    r = seen.subquery("records").c
    waited = _seconds(session, r.next_recorded_at) - _seconds(session, r.recorded_at)
    outcome = case(
        (not_(and_(r.is_asked, r.next_given.is_(True), r.next_source.in_((MAIL, IMPORT)))), literal("")),
        (r.next_given.is_(None), literal("")),
        (waited <= _HOUR_SECONDS, literal(HOUR)),
        (waited <= _DAY_SECONDS, literal(DAY)),
        else_=literal(LATER),
    )
    minute, begins = minute_of(session, r.recorded_at), or_(r.before.is_(None), r.before.is_(False))
    keys = (minute, r.source, r.is_asked, outcome)
    return select(*keys, func.count()).where(r.given, begins, r.recorded_at >= scope.since).group_by(*keys)


def _moves(session: Session, scope: Scope) -> _Rows:
    """Joining and leaving: a change between yes and no, those yeses left out that only asked."""
    counted = _records(scope).where(ConsentRecord.subscriber_id.is_not(None))
    r = _decided(counted).c
    came = and_(r.given, or_(r.before.is_(None), r.before.is_(False)))
    minute = minute_of(session, r.recorded_at)
    keys = (minute, r.given, r.source)
    moved = or_(came, and_(not_(r.given), r.before.is_(True)))
    return select(*keys, func.count()).where(moved, r.recorded_at >= scope.since).group_by(*keys)


def _decided(records: _Rows) -> Subquery:
    before = func.lag(ConsentRecord.given).over(**_in_a_row())
    return records.where(not_(_only_asks())).add_columns(before.label("before")).subquery("records")


def _silent_leaves(session: Session, scope: Scope) -> _Rows:
    """Who said no to nothing: off the school's roster, or suppressed; counted by the first of them."""
    r = _of_list(_gone(scope), Subscription.list_id, scope).subquery("gone").c
    by_roster = and_(r.off_roster_at.is_not(None), or_(r.suppressed_at.is_(None), r.off_roster_at <= r.suppressed_at))
    at = case((by_roster, r.off_roster_at), else_=r.suppressed_at)
    keys = (minute_of(session, at), case((by_roster, literal(ROSTER)), else_=r.reason))
    return select(*keys, func.count()).where(at >= scope.since).group_by(*keys)


def _gone(scope: Scope) -> _Rows:
    """For each reader who is off a roster or suppressed: since when, and why."""
    applies = and_(
        Suppression.organization_id == Subscriber.organization_id,
        Suppression.address_hash == Subscriber.address_hash,
        Suppression.lifted_at.is_(None),
        or_(Suppression.list_id.is_(None), Suppression.list_id == Subscription.list_id),
    )
    reason = type_coerce(Suppression.reason, String)
    own = case((Suppression.reason.in_((SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT)), reason), else_="")
    return (
        select(
            Subscription.off_roster_at,
            func.min(Suppression.created_at).label("suppressed_at"),
            func.max(own).label("reason"),
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, applies)
        .where(Subscriber.organization_id == scope.organization_id)
        .where(Subscription.state == SubscriptionState.CONFIRMED)
        .where(or_(Subscription.off_roster_at.is_not(None), Suppression.id.is_not(None)))
        .group_by(Subscription.subscriber_id, Subscription.list_id)
    )


def _of_the_forgotten(session: Session, scope: Scope) -> _Rows:
    """What stays of readers who are erased or purged. The two records of one answer behind a link are one."""
    r = _records(scope).where(ConsentRecord.subscriber_id.is_(None)).subquery("records").c
    keys = (minute_of(session, r.recorded_at), r.given, r.source, r.is_asked)
    count = case((and_(r.given, r.source == MAIL), func.count(distinct(r.recorded_at))), else_=func.count())
    return select(*keys, count).where(r.recorded_at >= scope.since).group_by(*keys)


def _in_a_row() -> dict[str, Any]:
    return {
        "partition_by": (ConsentRecord.subscriber_id, ConsentRecord.list_id),
        "order_by": (ConsentRecord.recorded_at, ConsentRecord.id),
    }


def _of_list(rows: _Rows, list_id: InstrumentedAttribute[Any], scope: Scope) -> _Rows:
    return rows if scope.list_id is None else rows.where(list_id == scope.list_id)


def _seconds(session: Session, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    if dialect_of(session) == "sqlite":
        return func.julianday(type_coerce(moment, String)) * literal(_DAY_SECONDS)
    return func.extract("epoch", moment)
