"""A page of people is written with a handful of statements, whatever its size; the same page again changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from subscribers.suppressions import suppressed_among
from subscribers.tables import Purpose, Subscription, SubscriptionState

from . import belongings, homes, readers
from .bulk import insert_new
from .people import Person
from .readers import record
from .scopes import Reader, Scope


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of people."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.suppressed + other.suppressed,
        )


def write(session: Session, scope: Scope, people: Sequence[Person]) -> Tally:
    """Write people of different addresses; part of the caller's transaction."""
    stored = readers.stored(session, scope, people)
    suppressed = suppressed_among(session, scope.organization_id, [p.hashed for p in people], scope.list_id)
    left = {key for key, reader in stored.items() if reader.has_left}
    staying = [p for p in people if p.hashed not in suppressed and p.address.key not in left]
    home_of = homes.assign(session, scope, staying, stored)
    created = readers.insert(session, scope, [p for p in staying if p.address.key not in stored], home_of)
    found = [
        Reader(created.get(key) or stored[key].id, person, home_of.get(key), stored.get(key))
        for person in staying
        if (key := person.address.key) in stored or key in created
    ]
    updated = _change(session, scope, found).difference(created.values())
    unchanged = len(found) - len(created) - len(updated)
    tally = Tally(len(created), len(updated), unchanged, len(people) - len(staying))
    signed_up_meanwhile = [p for p in staying if p.address.key not in stored and p.address.key not in created]
    return tally + write(session, scope, signed_up_meanwhile) if signed_up_meanwhile else tally


def _change(session: Session, scope: Scope, found: Sequence[Reader]) -> set[int]:
    """Take what the file says of readers. Returns the ids of those it changed."""
    return (
        readers.update(session, scope, found)
        | _subscribe(session, scope, found)
        | belongings.add_roles(session, found)
        | belongings.add_tags(session, scope, found)
        | belongings.set_children(session, scope, found)
    )


def _subscribe(session: Session, scope: Scope, found: Sequence[Reader]) -> set[int]:
    is_confirmed = scope.state is SubscriptionState.CONFIRMED
    rows = [
        {
            "subscriber_id": reader.id,
            "list_id": scope.list_id,
            "state": scope.state,
            "created_at": scope.now,
            "confirmed_at": scope.now if is_confirmed else None,
        }
        for reader in found
        if reader.before is None or reader.before.state is None
    ]
    changed = {row.subscriber_id for row in insert_new(session, Subscription, rows)}
    if is_confirmed:
        changed |= _confirm(session, scope, found)
        record(session, scope, Purpose.LIST, dict.fromkeys(changed, True))
    return changed


def _confirm(session: Session, scope: Scope, found: Sequence[Reader]) -> set[int]:
    pending = [r.id for r in found if r.before and r.before.state is SubscriptionState.PENDING]
    confirmed = (
        update(Subscription)
        .where(Subscription.list_id == scope.list_id, Subscription.subscriber_id.in_(pending))
        .where(Subscription.state == SubscriptionState.PENDING, Subscription.unsubscribed_at.is_(None))
        .values(state=SubscriptionState.CONFIRMED, confirmed_at=scope.now)
        .returning(Subscription.subscriber_id)
    )
    return set(session.scalars(confirmed, execution_options={"synchronize_session": False}))
