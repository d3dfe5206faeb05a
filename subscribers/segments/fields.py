"""What a rule can ask about. Each field says which values it takes, how it reads in SQL and how in Python."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from subscribers.errors import NewsletterError
from subscribers.grades import Bands, GradeInvalid, RollOver, graduation_year_of, parse_grade
from subscribers.tables import (
    Child,
    List,
    Role,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Tag,
)


class ValueInvalid(NewsletterError):
    """A rule compares a field with a value it cannot have."""


@dataclass(frozen=True)
class RuleContext:
    """What a rule is read against: whose subscribers, and on which day their grades."""

    organization_id: int
    day: date
    roll_over: RollOver
    bands: Bands

    @cached_property
    def end_year(self) -> int:
        """The school year, by its end."""
        return self.roll_over.end_year(self.day)


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber as rules see them, for evaluating a rule without a database."""

    bands: frozenset[str] = frozenset()
    grades: frozenset[int] = frozenset()
    language: str = ""
    roles: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()


Values = Sequence[str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the language.

    `compile` and `evaluate` answer the same question: does the reader have any of these values?
    """

    name: str
    read: Callable[[str, RuleContext], str]
    """A value as it is written, made canonical. Raises `ValueInvalid`."""
    compile: Callable[[Values, RuleContext], ColumnElement[bool]]
    evaluate: Callable[[Person, Values], bool]


FieldRegistry = Mapping[str, Field]


def child_in_bands(names: Values, context: RuleContext) -> ColumnElement[bool]:
    """Whether the reader's household has a child in one of the bands.

    A child of whom only the level is known counts in the school year it was told in and one more.
    """
    ways: list[ColumnElement[bool]] = []
    for band in context.bands:
        if band.name in names:
            earliest, latest = band.graduation_years(context.end_year)
            ways.append(Child.graduation_year.between(earliest, latest))
    is_believed = or_(Child.end_year.is_(None), Child.end_year >= context.end_year - 1)
    ways.append(and_(Child.band.in_(names), is_believed))
    return exists().where(Child.household_id == Subscriber.household_id, or_(*ways))


def has_role(roles: Values) -> ColumnElement[bool]:
    """Whether the reader has one of the roles."""
    return exists().where(SubscriberRole.subscriber_id == Subscriber.id, SubscriberRole.role.in_(roles))


def _child_in_grades(grades: Values, context: RuleContext) -> ColumnElement[bool]:
    years = [graduation_year_of(int(grade), context.end_year) for grade in grades]
    return exists().where(Child.household_id == Subscriber.household_id, Child.graduation_year.in_(years))


def _speaks(languages: Values, _: RuleContext) -> ColumnElement[bool]:
    spoken = func.lower(Subscriber.language)
    return or_(*(or_(spoken == code, spoken.startswith(f"{code}-", autoescape=True)) for code in languages))


def _has_tag(names: Values, context: RuleContext) -> ColumnElement[bool]:
    tagged = select(SubscriberTag.tag_id).join(Tag, Tag.id == SubscriberTag.tag_id)
    tagged = tagged.where(Tag.organization_id == context.organization_id, Tag.name.in_(names))
    return tagged.where(SubscriberTag.subscriber_id == Subscriber.id).exists()


def _is_on_list(slugs: Values, context: RuleContext) -> ColumnElement[bool]:
    subscribed = select(Subscription.list_id).join(List, List.id == Subscription.list_id)
    subscribed = subscribed.where(List.organization_id == context.organization_id, List.slug.in_(slugs))
    return subscribed.where(
        Subscription.subscriber_id == Subscriber.id, Subscription.state == SubscriptionState.CONFIRMED
    ).exists()


def _read_band(text: str, context: RuleContext) -> str:
    return _one_of(text, context.bands.names, "band")


def _read_role(text: str, _: RuleContext) -> str:
    return _one_of(text, [role.value for role in Role], "role")


def _read_grade(text: str, _: RuleContext) -> str:
    try:
        return str(parse_grade(text))
    except GradeInvalid as error:
        raise ValueInvalid(str(error)) from error


def _one_of(text: str, known: Sequence[str], what: str) -> str:
    if text.lower() in known:
        return text.lower()
    close = get_close_matches(text.lower(), known, 1)
    hint = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(known)}."
    raise ValueInvalid(f"{text!r} is not a {what}; {hint}")


def _speaks_one(person: Person, languages: Values) -> bool:
    spoken = person.language.lower()
    return any(spoken == code or spoken.startswith(f"{code}-") for code in languages)


STANDARD_FIELDS: FieldRegistry = {
    field.name: field
    for field in (
        Field("band", _read_band, child_in_bands, lambda person, bands: not person.bands.isdisjoint(bands)),
        Field(
            "grade",
            _read_grade,
            _child_in_grades,
            lambda person, grades: not person.grades.isdisjoint(int(grade) for grade in grades),
        ),
        Field("language", lambda text, _: text.lower(), _speaks, _speaks_one),
        Field(
            "role",
            _read_role,
            lambda roles, _: has_role(roles),
            lambda person, roles: not person.roles.isdisjoint(roles),
        ),
        Field("tag", lambda text, _: text, _has_tag, lambda person, tags: not person.tags.isdisjoint(tags)),
        Field("list", lambda text, _: text, _is_on_list, lambda person, lists: not person.lists.isdisjoint(lists)),
    )
}
"""Higher floors make a registry of their own from this one and the fields they know."""
