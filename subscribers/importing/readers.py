"""The subscribers of a page: looked up, inserted and updated together."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, String, Text, and_, bindparam, cast, select, type_coerce
from sqlalchemy.orm import Session

from subscribers.db import dialect_of, random_ids
from subscribers.tables import ConsentRecord, OwnField, Purpose, Subscriber, Subscription

from . import homes
from .bulk import among, as_json, change, fetch, insert, moment, reserve
from .people import Person
from .scopes import SOURCE, Changes, Reader, Scope, Stored

_CHANGING = ("name", "language", "time_zone", "place", "school_id", "attributes", "household_id", "tracking")
_CALLED = {"time_zone": "timezone", "school_id": "school", "household_id": "household"}
"""How a file calls them."""
_UPDATE = f"UPDATE subscriber SET {', '.join(f'{name} = ?' for name in _CHANGING)}, updated_at = ? WHERE id = ?"  # noqa: S608
_INSERTED = (
    *("id", "organization_id", "public_id", "address", "address_key", "address_hash", "name", "language", "time_zone"),
    *("place", "school_id", "own_fields", "attributes", "household_id", "tracking", "created_at", "updated_at"),
)


def stored(session: Session, scope: Scope, people: Sequence[Person]) -> dict[str, Stored]:
    """What is known of people, by address key. On PostgreSQL their rows are locked: what holds now holds at the end."""
    if not people:
        return {}
    keys = [person.address.key for person in people]
    asked = {"organization": scope.organization_id, "list": scope.list_id, "keys": keys}
    return {row[0]: Stored._make(row) for row in fetch(session, _stored(dialect_of(session)), asked)}


def insert_people(
    session: Session,
    scope: Scope,
    people: Sequence[Person],
    home_of: Mapping[str, int | None],
    schools: Mapping[str, int],
) -> dict[str, int]:
    """Insert people, as since they joined where the file tells that. Returns their ids by address key."""
    if not people:
        return {}
    ids = reserve(session, Subscriber, len(people))
    written = moment(session)
    now = written(scope.now)
    rows = [
        (
            reader_id,
            scope.organization_id,
            public_id,
            person.address.mailed,
            person.address.key,
            person.hashed,
            person.name,
            person.facts.language,
            person.facts.time_zone,
            person.facts.place,
            schools.get(person.facts.school),
            0,
            as_json(person.attributes) if person.attributes else "{}",
            home_of.get(person.address.key),
            person.facts.tracking is True,
            written(person.joined) if person.joined else now,
            now,
        )
        for reader_id, public_id, person in zip(ids, random_ids(len(people)), people, strict=True)
    ]
    insert(session, Subscriber, _INSERTED, rows)
    return {person.address.key: reader_id for reader_id, person in zip(ids, people, strict=True)}


def update(
    session: Session, scope: Scope, found: Sequence[Reader], schools: Mapping[str, int], changes: Changes
) -> dict[int, bool]:
    """Take what the file says newly of readers already there. Returns the answers about tracking that are new."""
    known = [(reader, reader.before) for reader in found if reader.before]
    tracking = _tracking_changes(session, known)
    now = moment(session)(scope.now)
    changed = []
    for reader, before in known:
        if not tracking and _says_nothing_new(reader, before):
            continue
        told, was = _told(reader, before, schools, tracking.get(reader.id, before.tracking)), _known(before)
        if told != was:
            changed.append((*told, now, reader.id))
            for name, new, old in zip(_CHANGING, told, was, strict=True):
                if new != old:
                    changes.note(_CALLED.get(name, name), [reader.id])
    change(session, _UPDATE, changed)
    homes.follow(session, known)
    return tracking


@cache
def _stored(dialect: str) -> Select[*tuple[Any, ...]]:
    of_list = and_(Subscription.subscriber_id == Subscriber.id, Subscription.list_id == bindparam("list"))
    return (
        select(
            Subscriber.address_key,
            Subscriber.id,
            Subscriber.name,
            Subscriber.language,
            Subscriber.time_zone,
            Subscriber.place,
            Subscriber.school_id,
            Subscriber.own_fields,
            cast(Subscriber.attributes, Text),
            Subscriber.household_id,
            Subscriber.tracking,
            type_coerce(Subscription.state, String),
            Subscription.unsubscribed_at.is_not(None),
            Subscription.roster_id,
            Subscription.off_roster_at.is_not(None),
        )
        .outerjoin(Subscription, of_list)
        .where(Subscriber.organization_id == bindparam("organization"))
        .where(among(dialect, Subscriber.address_key, "keys"))
        .order_by(Subscriber.id)
        .with_for_update(of=Subscriber, key_share=True)
    )


def _says_nothing_new(reader: Reader, before: Stored) -> bool:
    """Whether that is plain to see, as it is of almost everybody whom a file names again; tracking is not looked at."""
    person, facts = reader.person, reader.person.facts
    return (
        person.name in ("", before.name)
        and facts.language in ("", before.language)
        and facts.time_zone in ("", before.time_zone)
        and facts.place in ("", before.place)
        and not facts.school
        and not person.attributes
        and reader.household_id == before.household_id
    )


def _known(before: Stored) -> tuple[object, ...]:
    return (
        before.name,
        before.language,
        before.time_zone,
        before.place,
        before.school_id,
        before.attributes,
        before.household_id,
        before.tracking,
    )


def _told(reader: Reader, before: Stored, schools: Mapping[str, int], tracking: bool) -> tuple[object, ...]:
    """What holds after the import: an empty cell changes nothing, and what a reader wrote themself stays."""
    person, facts, own = reader.person, reader.person.facts, before.own_fields
    return (
        before.name if own & OwnField.NAME else person.name or before.name,
        before.language if own & OwnField.LANGUAGE else facts.language or before.language,
        before.time_zone if own & OwnField.TIME_ZONE else facts.time_zone or before.time_zone,
        before.place if own & OwnField.PLACE else facts.place or before.place,
        schools.get(facts.school, before.school_id),
        _merged(before.attributes, person.attributes) if person.attributes else before.attributes,
        reader.household_id,
        tracking,
    )


def _merged(before: str, told: Mapping[str, Any]) -> str:
    """Attributes with those the file tells; the text from before where that is the same."""
    known = json.loads(before)
    merged = as_json(known | dict(told))
    return before if merged == as_json(known) else merged


def _tracking_changes(session: Session, known: Sequence[tuple[Reader, Stored]]) -> dict[int, bool]:
    """The answers that differ, without those of readers who gave one themselves: theirs holds."""
    told = {
        r.id: answer
        for r, before in known
        if (answer := r.person.facts.tracking) is not None and answer != before.tracking
    }
    own = {row[0] for row in fetch(session, _answered(dialect_of(session)), {"readers": list(told)})} if told else set()
    return {reader_id: bool(answer) for reader_id, answer in told.items() if reader_id not in own}


@cache
def _answered(dialect: str) -> Select[int | None]:
    return select(ConsentRecord.subscriber_id).where(
        among(dialect, ConsentRecord.subscriber_id, "readers"),
        ConsentRecord.purpose == Purpose.TRACKING,
        ConsentRecord.source != SOURCE,
    )
