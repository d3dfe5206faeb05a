"""The fields of subscribers. `newsletter.events` adds what happened to them."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from subscribers import lists
from subscribers.tables import (
    List,
    Part,
    Participation,
    Purpose,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Tag,
)

from . import children, texts, values
from .contexts import Person, RuleContext
from .questions import Field, Question, Questions, Values, choices, names, text, within
from .trees import Operator

SEGMENT = "segment"
"""Names another rule, which takes its place before anybody is chosen; see `saved.resolved`."""


class SegmentUnresolved(LookupError):
    """A rule that names a segment was compiled before `saved.resolved` put the segment's own rule in its place."""


def _is_on_list(slugs: Values, context: RuleContext) -> ColumnElement[bool]:
    known = select(List.id).where(List.organization_id == context.organization_id, List.slug.in_(slugs))
    return _is_confirmed(Subscription.list_id.in_(known))


def _is_confirmed(*on: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        exists()
        .where(Subscription.subscriber_id == Subscriber.id, Subscription.state == SubscriptionState.CONFIRMED, *on)
        .correlate(Subscriber)
    )


def _has_role(roles: Values, _: RuleContext) -> ColumnElement[bool]:
    return (
        exists()
        .where(SubscriberRole.subscriber_id == Subscriber.id, SubscriberRole.role.in_(roles))
        .correlate(Subscriber)
    )


def _speaks(languages: Values, _: RuleContext) -> ColumnElement[bool]:
    spoken = Subscriber.language + "-"
    return or_(*(texts.is_like(spoken, Operator.STARTS, f"{tag}-") for tag in languages))


def _person_speaks(person: Person, languages: Values, _: RuleContext) -> bool:
    return any(texts.alike(f"{person.language}-", Operator.STARTS, f"{tag}-") for tag in languages)


def _has_tag(such: ColumnElement[bool], context: RuleContext) -> ColumnElement[bool]:
    known = select(Tag.id).where(Tag.organization_id == context.organization_id, such)
    return (
        exists()
        .where(SubscriberTag.subscriber_id == Subscriber.id, SubscriberTag.tag_id.in_(known))
        .correlate(Subscriber)
    )


def _took_part(part: Part, *such: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        exists()
        .where(Participation.subscriber_id == Subscriber.id, Participation.kind == part, *such)
        .correlate(Subscriber)
    )


def _agreed(purposes: Values, _: RuleContext) -> ColumnElement[bool]:
    conditions = {Purpose.TRACKING: Subscriber.tracking.is_(True), Purpose.LIST: _is_confirmed()}
    return or_(*(conditions[Purpose(purpose)] for purpose in purposes))


def _consents_of(person: Person) -> frozenset[str]:
    given = {Purpose.TRACKING: person.tracking, Purpose.LIST: bool(person.lists)}
    return frozenset(purpose.value for purpose, is_given in given.items() if is_given)


def _time_zones() -> Questions:
    whole = Question(
        values.time_zone,
        lambda zones, _: Subscriber.time_zone.in_(zones),
        lambda person, zones, _: person.time_zone in zones,
    )
    return {**text(Subscriber.time_zone, lambda person: person.time_zone), Operator.IS: whole}


def _joined() -> Questions:
    return {
        **{operator: _joined_on(operator) for operator in (Operator.IS, Operator.LESS, Operator.MORE)},
        **within(_joined_between, lambda person: [person.joined]),
    }


def _joined_on(operator: Operator) -> Question:
    def compile_(days: Values, context: RuleContext) -> ColumnElement[bool]:
        wanted = list(map(date.fromisoformat, days))
        match operator:
            case Operator.LESS:
                return Subscriber.created_at < context.begin_of(wanted[0])
            case Operator.MORE:
                return Subscriber.created_at >= context.begin_of(wanted[0] + timedelta(days=1))
        return or_(*(_joined_between(day, day, context) for day in wanted))

    def evaluate(person: Person, days: Values, _: RuleContext) -> bool:
        joined = person.joined.isoformat()
        return {Operator.LESS: joined < days[0], Operator.MORE: joined > days[0]}.get(operator, joined in days)

    return Question(values.day, compile_, evaluate)


def _joined_between(first: date, last: date, context: RuleContext) -> ColumnElement[bool]:
    return and_(
        Subscriber.created_at >= context.begin_of(first),
        Subscriber.created_at < context.begin_of(last + timedelta(days=1)),
    )


def _attended() -> Questions:
    return {
        **names(
            Participation.subject,
            lambda such, _: _took_part(Part.ATTENDED, such),
            lambda person: frozenset(person.attended),
        ),
        **within(
            lambda first, last, _: _took_part(Part.ATTENDED, Participation.on_day.between(first, last)),
            lambda person: [day for day in person.attended.values() if day is not None],
        ),
    }


def _find_list(session: Session, slug: str, context: RuleContext) -> None:
    lists.get(session, context.organization_id, slug)


def _unresolved(*_: object) -> ColumnElement[bool]:
    raise SegmentUnresolved


def _unresolved_for_person(*_: object) -> bool:
    raise SegmentUnresolved


STANDARD_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        field.name: field
        for field in (
            Field("list", choices(values.slug, _is_on_list, lambda person: person.lists, _find_list)),
            Field("band", children.bands()),
            Field("grade", children.grades()),
            Field("school", children.schools()),
            Field("role", choices(values.role, _has_role, lambda person: person.roles)),
            Field("language", {Operator.IS: Question(values.language, _speaks, _person_speaks)}),
            Field("timezone", _time_zones()),
            Field("tag", names(Tag.name, _has_tag, lambda person: person.tags)),
            Field("place", text(Subscriber.place, lambda person: person.place)),
            Field("joined", _joined()),
            Field("consent", choices(values.consent, _agreed, _consents_of)),
            Field(SEGMENT, {Operator.IS: Question(values.words, _unresolved, _unresolved_for_person)}),
            Field(
                "interest",
                names(
                    Participation.subject,
                    lambda such, _: _took_part(Part.INTEREST, such),
                    lambda person: person.interests,
                ),
            ),
            Field("attended", _attended()),
        )
    }
)
"""Beside these there is `attribute.NAME`; see `attributes.field_of`."""
