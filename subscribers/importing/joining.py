"""The subscriptions of a page to the list of the import."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Update, bindparam, or_, update
from sqlalchemy.orm import Session

from subscribers.db import dialect_of
from subscribers.standings import Standing
from subscribers.tables import Frequency, Purpose, Subscription, SubscriptionState

from .bulk import among, change, insert, moment
from .consents import Answer, record
from .people import Person
from .scopes import Changes, Reader, Scope, Stored

PENDING, CONFIRMED = SubscriptionState.PENDING, SubscriptionState.CONFIRMED
UNSUBSCRIBED = SubscriptionState.UNSUBSCRIBED
_COLUMNS = (
    *("subscriber_id", "list_id", "state", "frequency"),
    *("created_at", "confirmed_at", "unsubscribed_at", "roster_id"),
)
_WORDS = {state: state.value for state in SubscriptionState}
_EVERY = Frequency.EVERY.value
_OF_LIST = "WHERE subscriber_id = ? AND list_id = ?"
_CONFIRM = f"UPDATE subscription SET state = ?, confirmed_at = ? {_OF_LIST} AND state = ? AND unsubscribed_at IS NULL"  # noqa: S608
_LEAVE = f"UPDATE subscription SET state = ?, unsubscribed_at = ?, paused_until = NULL {_OF_LIST} AND state = ?"  # noqa: S608
_WAIT = f"UPDATE subscription SET unsubscribed_at = ? {_OF_LIST} AND state = ? AND unsubscribed_at IS NULL"  # noqa: S608


def take_in(session: Session, scope: Scope, found: Sequence[Reader], changes: Changes) -> None:
    """Put readers on the list, and confirm those pending whom the import may confirm."""
    new = [reader for reader in found if reader.before is None or reader.before.state is None]
    promoted = [
        reader
        for reader in found
        if reader.before and reader.before.state == PENDING and _wanted(scope, reader.person) is CONFIRMED
    ]
    _insert(session, scope, [(reader, _wanted(scope, reader.person)) for reader in new])
    written = moment(session)
    rows = [
        (CONFIRMED.value, written(_told_at(reader.person) or scope.now), reader.id, scope.list_id, PENDING.value)
        for reader in promoted
    ]
    change(session, _CONFIRM, rows)
    agreed = [reader for reader in (*new, *promoted) if _wanted(scope, reader.person) is CONFIRMED]
    answers = (Answer(reader.id, True, _told_at(reader.person), reader.person.network) for reader in agreed)
    record(session, scope, Purpose.LIST, answers)
    changes.note("standing", [reader.id for reader in (*new, *promoted)])


def leave(session: Session, scope: Scope, found: Sequence[Reader]) -> None:
    """Keep readers as unsubscribed, whether they are on the list or not; they said no."""
    _insert(session, scope, [(r, UNSUBSCRIBED) for r in found if r.before is None or r.before.state is None])
    now = moment(session)(scope.now)
    here = [(reader.id, reader.before.state) for reader in found if reader.before and reader.before.state]
    rows = [(UNSUBSCRIBED.value, now, reader_id, scope.list_id, state) for reader_id, state in here]
    change(session, _LEAVE, rows)
    record(session, scope, Purpose.LIST, (Answer(reader.id, is_given=False) for reader in found))


def wait(session: Session, scope: Scope, known: Sequence[Stored]) -> None:
    """Let no import confirm those who asked here themselves and had left elsewhere: only they can."""
    now = moment(session)(scope.now)
    change(session, _WAIT, [(now, one.id, scope.list_id, PENDING.value) for one in known])


def name_on_roster(session: Session, scope: Scope, settled: Sequence[int], known: Mapping[str, Stored]) -> set[int]:
    """Say that this roster names these members. Returns the ids of those who had left the roster before."""
    members = [one for one in known.values() if one.state is not None]
    if scope.roster_id is None or not (settled or members):
        return set()
    readers = [*settled, *(one.id for one in members)]
    asked = {"list": scope.list_id, "roster": scope.roster_id, "readers": readers}
    session.execute(_named(dialect_of(session)), asked, execution_options={"synchronize_session": False})
    return {one.id for one in members if one.is_off_roster}


def _insert(session: Session, scope: Scope, joining: Sequence[tuple[Reader, SubscriptionState]]) -> None:
    written = moment(session)
    now = written(scope.now)
    rows = []
    for (reader_id, person, _, _), state in joining:
        # Who is pending waits from now on: an old day would have the wait end before it began.
        joined = None if state is PENDING else person.joined or person.confirmed
        agreed = None if state is PENDING else person.confirmed if state is UNSUBSCRIBED else _told_at(person)
        rows.append(
            (
                reader_id,
                scope.list_id,
                _WORDS[state],
                _EVERY,
                written(joined) if joined else now,
                written(agreed) if agreed else now if state is CONFIRMED else None,
                now if state is UNSUBSCRIBED else None,
                scope.roster_id,
            )
        )
    insert(session, Subscription, _COLUMNS, rows)


def _wanted(scope: Scope, person: Person) -> SubscriptionState:
    return PENDING if person.facts.standing is Standing.PENDING else scope.state


def _told_at(person: Person) -> datetime | None:
    """When they agreed, as the file tells it."""
    return person.confirmed or person.joined


@cache
def _named(dialect: str) -> Update:
    of_page = among(dialect, Subscription.subscriber_id, "readers")
    is_new = or_(
        Subscription.roster_id.is_(None),
        Subscription.roster_id != bindparam("roster"),
        Subscription.off_roster_at.is_not(None),
    )
    named = update(Subscription).where(Subscription.list_id == bindparam("list"), of_page, is_new)
    return named.values(roster_id=bindparam("roster"), off_roster_at=None)
