"""Who is known already exactly as the file says: seen in one look, and passed over.

Almost everybody of a file that comes again is. Whoever is not plainly so goes the long way, which decides by the rules;
so a fact that is told in another order costs time, and nothing else.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, Text, and_, bindparam, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from subscribers import suppressions
from subscribers.db import dialect_of
from subscribers.standings import Standing
from subscribers.tables import (
    Child,
    Household,
    School,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Tag,
    Told,
)

from .bulk import among, as_json, fetch
from .people import Facts, Person
from .scopes import Scope

_BETWEEN = ";"


class Recognised(NamedTuple):
    """The people of a page, by what one look at the database says of them."""

    settled: list[int]
    """The ids of those who are as the file says."""
    known: list[Person]
    """Those who are there, and may be told something new."""
    unknown: list[Person]


class _Known(NamedTuple):
    """What is there; roles, tags and children are each one text."""

    key: str
    id: int
    name: str
    language: str
    time_zone: str
    place: str
    attributes: str
    household: str | None
    tracking: bool
    state: str | None
    is_settled: bool
    """Whether they have not left, are on the roster if they ever were, and are not suppressed."""
    roles: str | None
    tags: str | None
    children: str | None


def recognise(session: Session, scope: Scope, people: Sequence[Person]) -> Recognised:
    """Look at people without locking anybody: who is settled was so at one moment, and nothing is written."""
    asked = {
        "organization": scope.organization_id,
        "list": scope.list_id,
        "keys": [person.address.key for person in people],
    }
    there = {row[0]: row for row in fetch(session, _there(dialect_of(session)), asked)}
    found = Recognised([], [], [])
    if not there:
        found.unknown.extend(people)
        return found
    for person in people:
        row = there.get(person.address.key)
        if row is None:
            found.unknown.append(person)
        elif _is_settled(scope, person, _Known._make(row)):
            found.settled.append(row[1])
        else:
            found.known.append(person)
    return found


def _is_settled(scope: Scope, person: Person, known: _Known) -> bool:
    facts = person.facts
    return (
        known.is_settled
        and (known.state == SubscriptionState.CONFIRMED or _stays_pending(scope, facts, known))
        and person.name in ("", known.name)
        and person.household in ("", known.household)
        and (not person.attributes or as_json(person.attributes) == known.attributes)
        and _says_nothing_new(facts, known)
    )


def _says_nothing_new(facts: Facts, known: _Known) -> bool:
    return (
        facts.standing in (Standing.SUBSCRIBED, Standing.PENDING)
        and facts.language in ("", known.language)
        and facts.time_zone in ("", known.time_zone)
        and facts.place in ("", known.place)
        and facts.tracking in (None, known.tracking)
        and not (facts.school or facts.attended or facts.interests)
        and (not facts.roles or set(facts.roles) <= set((known.roles or "").split(_BETWEEN)))
        and (not facts.tags or set(facts.tags) <= set((known.tags or "").split(_BETWEEN)))
        and (facts.children is None or facts.children.words == (known.children or ""))
    )


def _stays_pending(scope: Scope, facts: Facts, known: _Known) -> bool:
    asks = scope.state is SubscriptionState.PENDING or facts.standing is Standing.PENDING
    return asks and known.state == SubscriptionState.PENDING


@cache
def _there(dialect: str) -> Select[*tuple[Any, ...]]:
    list_id = bindparam("list", type_=Subscription.list_id.type)
    of_list = and_(Subscription.subscriber_id == Subscriber.id, Subscription.list_id == list_id)
    is_settled = and_(
        (Subscription.state == SubscriptionState.CONFIRMED) | Subscription.unsubscribed_at.is_(None),
        Subscription.off_roster_at.is_(None),
        ~suppressions.active_for(list_id, Subscriber.address_hash),
    )
    return (
        select(
            Subscriber.address_key,
            Subscriber.id,
            Subscriber.name,
            Subscriber.language,
            Subscriber.time_zone,
            Subscriber.place,
            cast(Subscriber.attributes, Text),
            Household.key,
            Subscriber.tracking,
            type_coerce(Subscription.state, String),
            is_settled,
            _roles(),
            _tags(),
            _children(),
        )
        .outerjoin(Subscription, of_list)
        .outerjoin(Household, Household.id == Subscriber.household_id)
        .where(Subscriber.organization_id == bindparam("organization"))
        .where(among(dialect, Subscriber.address_key, "keys"))
    )


def _roles() -> ColumnElement[str | None]:
    roles = select(func.aggregate_strings(type_coerce(SubscriberRole.role, String), _BETWEEN))
    return roles.where(SubscriberRole.subscriber_id == Subscriber.id).correlate(Subscriber).scalar_subquery()


def _tags() -> ColumnElement[str | None]:
    tags = select(func.aggregate_strings(Tag.name, _BETWEEN)).join(SubscriberTag, SubscriberTag.tag_id == Tag.id)
    return tags.where(SubscriberTag.subscriber_id == Subscriber.id).correlate(Subscriber).scalar_subquery()


def _children() -> ColumnElement[str | None]:
    """The children that imports told of, as `Children.words` has them; an exception makes them look different."""
    columns = (Child.graduation_year, Child.band, Child.end_year, Child.told_year)
    first, *others = [func.coalesce(cast(column, Text), "") for column in columns] + [func.coalesce(School.name, "")]
    words: ColumnElement[str] = first
    for other in others:
        words = words.concat("/").concat(other)
    told = select(func.aggregate_strings(words, _BETWEEN)).select_from(Child)
    told = told.outerjoin(School, School.id == Child.school_id)
    of_reader = and_(Child.subscriber_id == Subscriber.id, Child.told_by == Told.IMPORT)
    return told.where(of_reader).correlate(Subscriber).scalar_subquery()
