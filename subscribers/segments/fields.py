"""What a rule can ask about. Each field has a type of values, and one question with two faces, SQL's and Python's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, exists, func, or_

from subscribers.grades import graduation_year_of
from subscribers.tables import (
    Child,
    List,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Tag,
)

from . import values
from .contexts import Person, RuleContext

Values = Sequence[str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the language. `compile` and `evaluate` answer one question: is it any of these values."""

    name: str
    type: Callable[[str, RuleContext], str]
    """Reads a value as it is written and makes it canonical. Raises `ValueInvalid`."""
    compile: Callable[[Values, RuleContext], ColumnElement[bool]]
    """The question over `Subscriber`; never NULL, so that its negation is its opposite."""
    evaluate: Callable[[Person, Values], bool]


FieldRegistry = Mapping[str, Field]


def registry(*fields: Field) -> FieldRegistry:
    """Fields by name. A floor that knows more of them makes `registry(*STANDARD_FIELDS.values(), its own...)`."""
    return MappingProxyType({field.name: field for field in fields})


def is_in_bands(names: Values, context: RuleContext) -> ColumnElement[bool]:
    """Whether a child is in one of the bands, over `Child`. NULL stands for no.

    A child of whom only the level is known counts in the school year it was told in and one more.
    """
    bands = [band for band in context.bands if band.name in names]
    years = (Child.graduation_year.between(*band.graduation_years(context.end_year)) for band in bands)
    is_believed = or_(Child.end_year.is_(None), Child.end_year >= context.end_year - 1)
    return or_(*years, and_(Child.band.in_([band.name for band in bands]), is_believed))


def _has_child_in_bands(names: Values, context: RuleContext) -> ColumnElement[bool]:
    return _has_child(is_in_bands(names, context))


def _has_child_in_grades(grades: Values, context: RuleContext) -> ColumnElement[bool]:
    years = [graduation_year_of(int(grade), context.end_year) for grade in grades]
    return _has_child(Child.graduation_year.in_(years))


def _has_child(such: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Child.household_id == Subscriber.household_id, such).correlate(Subscriber)


def _speaks(languages: Values, _: RuleContext) -> ColumnElement[bool]:
    spoken = func.lower(Subscriber.language)
    return or_(spoken.in_(languages), *(spoken.startswith(f"{tag}-", autoescape=True) for tag in languages))


def _has_role(roles: Values, _: RuleContext) -> ColumnElement[bool]:
    return (
        exists()
        .where(SubscriberRole.subscriber_id == Subscriber.id, SubscriberRole.role.in_(roles))
        .correlate(Subscriber)
    )


def _has_tag(names: Values, context: RuleContext) -> ColumnElement[bool]:
    return (
        exists()
        .where(SubscriberTag.subscriber_id == Subscriber.id, SubscriberTag.tag_id == Tag.id)
        .where(Tag.organization_id == context.organization_id, Tag.name.in_(names))
        .correlate(Subscriber)
    )


def _is_on_list(slugs: Values, context: RuleContext) -> ColumnElement[bool]:
    return (
        exists()
        .where(Subscription.subscriber_id == Subscriber.id, Subscription.list_id == List.id)
        .where(Subscription.state == SubscriptionState.CONFIRMED)
        .where(List.organization_id == context.organization_id, List.slug.in_(slugs))
        .correlate(Subscriber)
    )


def _person_speaks(person: Person, languages: Values) -> bool:
    spoken = person.language.lower()
    return any(spoken == tag or spoken.startswith(f"{tag}-") for tag in languages)


def _person_has_child_in_grades(person: Person, grades: Values) -> bool:
    return not person.grades.isdisjoint(map(int, grades))


STANDARD_FIELDS = registry(
    Field("band", values.band, _has_child_in_bands, lambda person, bands: not person.bands.isdisjoint(bands)),
    Field("grade", values.grade, _has_child_in_grades, _person_has_child_in_grades),
    Field("language", values.language, _speaks, _person_speaks),
    Field("role", values.role, _has_role, lambda person, roles: not person.roles.isdisjoint(roles)),
    Field("tag", values.words, _has_tag, lambda person, tags: not person.tags.isdisjoint(tags)),
    Field("list", values.slug, _is_on_list, lambda person, lists: not person.lists.isdisjoint(lists)),
)
