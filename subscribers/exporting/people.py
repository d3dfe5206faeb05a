"""The chosen people: a page of them in one statement, and what belongs to the page in one for each table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import Session

from subscribers.db import dialect_of
from subscribers.segments.rules import Rule, RuleContext
from subscribers.standings import Standing
from subscribers.suppressions import in_force
from subscribers.tables import Subscriber, Subscription, SubscriptionState, Suppression, SuppressionReason

from .belongings import Attended, Belongings, Parts

PAGE = 5_000
_STANDINGS: Mapping[str, str] = {
    SubscriptionState.CONFIRMED: Standing.SUBSCRIBED,
    SubscriptionState.PENDING: Standing.PENDING,
    SubscriptionState.UNSUBSCRIBED: Standing.UNSUBSCRIBED,
}
_LEFT = "left"
"""In place of a reason: they are kept off this one list, which they had left before they were forgotten."""
_OUT: Mapping[str, str] = {
    **dict.fromkeys(SuppressionReason, Standing.SUPPRESSED),
    SuppressionReason.BOUNCE: Standing.BOUNCED,
    SuppressionReason.COMPLAINT: Standing.COMPLAINED,
    _LEFT: Standing.UNSUBSCRIBED,
}
_TO_SECONDS = len("2026-12-02 12:00:00")
_NOTHING: Mapping[str, Any] = {}
_NO_PARTS = Parts()
_Rows: TypeAlias = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom to export: those of a list, in any state, or everybody; of them those whom the rule chooses."""

    context: RuleContext
    """Grades are written as they are on its day."""
    rule: Rule
    list_id: int | None = None
    with_suppressed: bool = False


class Person(NamedTuple):
    """What a file tells of one reader. Moments are ISO 8601 in UTC, to the second."""

    email: str
    name: str
    language: str
    time_zone: str
    place: str
    tracking: bool
    attributes: Mapping[str, Any]
    joined: str
    confirmed: str
    standing: str
    """A `Standing`; empty for who is on no list."""
    suppressed: str
    """Why they are never to be mailed; empty: they may be."""
    grades: Sequence[str]
    school: str
    """Where they work; the import would take it for the children's, so it is empty where they have some."""
    roles: Sequence[str]
    tags: Sequence[str]
    household: str
    """The name an import gave it, or one that nobody else has where several readers live in it."""
    attended: Sequence[Attended]
    interests: Sequence[str]


def pages(session: Session, chosen: Chosen) -> Iterator[list[Person]]:
    """Every chosen person, in the order of their ids."""
    belongings = Belongings(session, chosen.context)
    people = _people(chosen, dialect_of(session)).order_by(Subscriber.id).limit(PAGE)
    after = 0
    while rows := session.connection().execute(people.where(Subscriber.id > after)).all():
        ids, homes, *_ = zip(*rows, strict=True)
        belongings.read(ids, [home for home in homes if home])
        yield [_person(row, belongings) for row in rows]
        after = ids[-1]


def base(chosen: Chosen, *columns: Any) -> _Rows:
    """Columns of the chosen people; with a list, their subscription is joined."""
    context = chosen.context
    people = select(*columns).where(Subscriber.organization_id == context.organization_id, chosen.rule.where(context))
    if chosen.list_id is None:
        return people
    on_list = and_(Subscription.subscriber_id == Subscriber.id, Subscription.list_id == chosen.list_id)
    return people.join(Subscription, on_list)


def attribute_names(session: Session, chosen: Chosen) -> Sequence[str]:
    """What the chosen people have attributes for, in the order of the alphabet."""
    some = base(chosen, Subscriber.attributes).where(cast(Subscriber.attributes, String) != "{}").subquery()
    keys = func.json_each if dialect_of(session) == "sqlite" else func.json_each_text
    names = keys(some.c.attributes).table_valued("key")
    return sorted(session.scalars(select(names.c.key).select_from(some).join(names, onclause=true()).distinct()))


def _people(chosen: Chosen, dialect: str) -> _Rows:
    """In the order in which `_person` reads them; as texts, of which a million are read in half the time."""
    of_list = (_state(), Subscription.created_at, Subscription.confirmed_at)
    state, joined, confirmed = of_list if chosen.list_id else (_best_state(), Subscriber.created_at, _first_yes())
    return base(
        chosen,
        Subscriber.id,
        Subscriber.household_id,
        Subscriber.address,
        Subscriber.name,
        Subscriber.language,
        Subscriber.time_zone,
        Subscriber.place,
        Subscriber.school_id,
        Subscriber.tracking,
        cast(Subscriber.attributes, String),
        type_coerce(state, String),
        _moment(joined, dialect),
        _moment(confirmed, dialect),
        type_coerce(_suppression(chosen.list_id), String),
    )


def _moment(at: Any, dialect: str) -> ColumnElement[str]:
    """`2026-12-02T12:00:00Z`."""
    if dialect == "sqlite":
        return func.replace(func.substr(type_coerce(at, String), 1, _TO_SECONDS), " ", "T") + "Z"
    return func.to_char(func.timezone("UTC", at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')


def _state() -> ColumnElement[SubscriptionState]:
    """Who is off the school's roster has left as far as a file can tell."""
    left = literal(SubscriptionState.UNSUBSCRIBED, Subscription.state.type)
    return case((Subscription.off_roster_at.is_not(None), left), else_=Subscription.state)


def _best_state() -> Any:
    """Over all lists: confirmed on one, else pending on one, else left."""
    ranks = {SubscriptionState.CONFIRMED: 0, SubscriptionState.PENDING: 1}
    rank = case(*((_state() == state, place) for state, place in ranks.items()), else_=len(ranks))
    states = select(_state()).where(Subscription.subscriber_id == Subscriber.id)
    return states.order_by(rank).limit(1).scalar_subquery()


def _first_yes() -> Any:
    """When a list that they get was confirmed first."""
    gets = (Subscription.subscriber_id == Subscriber.id, _state() == SubscriptionState.CONFIRMED)
    return select(func.min(Subscription.confirmed_at)).where(*gets).scalar_subquery()


def _suppression(list_id: int | None) -> Any:
    """The reason that is in force everywhere, or else that they left the list."""
    reason = case((Suppression.list_id.is_(None), type_coerce(Suppression.reason, String)), else_=_LEFT)
    reasons = select(reason).where(in_force(list_id, Subscriber.address_hash))
    return reasons.order_by(Suppression.list_id.is_not(None)).limit(1).scalar_subquery()


def _person(row: Row[*tuple[Any, ...]], belongings: Belongings) -> Person:
    reader_id, home, address, name, language, zone, place, school, tracking, told, state, joined, confirmed, why = row
    grades = belongings.grades.get(reader_id, ())
    parts = belongings.parts.get(reader_id, _NO_PARTS)
    return Person(
        address,
        name,
        language,
        zone,
        place,
        tracking,
        _NOTHING if told == "{}" else json.loads(told),
        joined,
        confirmed or "",
        _OUT[why] if why else _STANDINGS.get(state, ""),
        why or "",
        grades,
        "" if grades else belongings.school(school),
        belongings.roles.get(reader_id, ()),
        belongings.tags.get(reader_id, ()),
        belongings.homes.get(home, ""),
        parts.attended,
        parts.interests,
    )
