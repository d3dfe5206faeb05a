"""The subscribers of a page: looked up, inserted and updated together."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Session

from subscribers.db import random_id
from subscribers.tables import ConsentRecord, Purpose, Subscriber, Subscription

from . import homes
from .bulk import insert_new
from .people import Person
from .scopes import Reader, Scope, Stored

_SOURCE = "import"


def stored(session: Session, scope: Scope, people: Sequence[Person]) -> dict[str, Stored]:
    """What is known of people, by address key."""
    of_list = and_(Subscription.subscriber_id == Subscriber.id, Subscription.list_id == scope.list_id)
    rows = session.execute(
        select(
            Subscriber.address_key,
            Subscriber.id,
            Subscriber.name,
            Subscriber.language,
            Subscriber.time_zone,
            Subscriber.household_id,
            Subscriber.tracking,
            Subscription.state,
            Subscription.unsubscribed_at.is_not(None),
        )
        .outerjoin(Subscription, of_list)
        .where(Subscriber.organization_id == scope.organization_id)
        .where(Subscriber.address_key.in_([person.address.key for person in people]))
    )
    return {row.address_key: Stored(*row[1:]) for row in rows}


def insert(
    session: Session, scope: Scope, people: Sequence[Person], home_of: Mapping[str, int | None]
) -> dict[str, int]:
    """Insert people. Returns their ids by address key, without those whom somebody else has just added."""
    rows = [_row(scope, person, home_of.get(person.address.key)) for person in people]
    ids = dict(insert_new(session, Subscriber, rows, Subscriber.address_key, Subscriber.id))
    agreed = {ids[p.address.key]: True for p in people if p.tracking and p.address.key in ids}
    record(session, scope, Purpose.TRACKING, agreed)
    return ids


def update(session: Session, scope: Scope, found: Sequence[Reader]) -> set[int]:
    """Take what the file says newly of readers already there. Returns the ids of those it changed."""
    known = [(reader, reader.before) for reader in found if reader.before]
    tracking = _tracking_changes(session, known)
    rows = []
    for reader, before in known:
        after = _told(reader, before, tracking.get(reader.id, before.tracking))
        if any(value != getattr(before, name) for name, value in after.items()):
            rows.append({"id": reader.id, **after, "updated_at": scope.now})
    if rows:
        session.execute(update_rows(Subscriber), rows)
    homes.follow(session, known)
    record(session, scope, Purpose.TRACKING, tracking)
    return {row["id"] for row in rows}


def record(session: Session, scope: Scope, purpose: Purpose, given: Mapping[int, bool]) -> None:
    """Write the consents of readers, by their ids, to the ledger."""
    rows = [
        {
            "organization_id": scope.organization_id,
            "subscriber_id": reader_id,
            "list_id": scope.list_id if purpose is Purpose.LIST else None,
            "purpose": purpose,
            "given": is_given,
            "wording": scope.wording,
            "source": _SOURCE,
            "recorded_at": scope.now,
        }
        for reader_id, is_given in given.items()
    ]
    insert_new(session, ConsentRecord, rows)


def _row(scope: Scope, person: Person, household_id: int | None) -> dict[str, Any]:
    return {
        "organization_id": scope.organization_id,
        "public_id": random_id(),
        "address": person.address.mailed,
        "address_key": person.address.key,
        "address_hash": person.hashed,
        "name": person.name,
        "language": person.language,
        "time_zone": person.time_zone,
        "household_id": household_id,
        "tracking": person.tracking is True,
        "created_at": scope.now,
        "updated_at": scope.now,
    }


def _told(reader: Reader, before: Stored, tracking: bool) -> dict[str, Any]:
    """What holds after the import; an empty cell changes nothing."""
    person = reader.person
    return {
        "name": person.name or before.name,
        "language": person.language or before.language,
        "time_zone": person.time_zone or before.time_zone,
        "household_id": reader.household_id,
        "tracking": tracking,
    }


def _tracking_changes(session: Session, known: Sequence[tuple[Reader, Stored]]) -> dict[int, bool]:
    """The answers that differ, without those of readers who gave one themselves: theirs holds."""
    told = {r.id: r.person.tracking for r, before in known if r.person.tracking not in (None, before.tracking)}
    answered = select(ConsentRecord.subscriber_id).where(
        ConsentRecord.subscriber_id.in_(told),
        ConsentRecord.purpose == Purpose.TRACKING,
        ConsentRecord.source != _SOURCE,
    )
    own = set(session.scalars(answered)) if told else set()
    return {reader_id: bool(answer) for reader_id, answer in told.items() if reader_id not in own}
