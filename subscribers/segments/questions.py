"""Fields and what can be asked of each: an operator is one question with two faces, SQL's and Python's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from . import texts, values
from .contexts import Person, RuleContext
from .trees import Operator

Values = Sequence[str]
Read = Callable[[str, RuleContext], str]
Compile = Callable[[Values, RuleContext], ColumnElement[bool]]
Find = Callable[[Session, str, RuleContext], None]
"""Raises `NotFound` where there is no such thing."""
_Such = Callable[[ColumnElement[bool], RuleContext], ColumnElement[bool]]
_WRITTEN = {Operator.IS: "=, !=, in, not in", Operator.WITHIN: "within N days"}


@dataclass(frozen=True, slots=True)
class Question:
    """Whether the field of a subscriber compares so with one of the values."""

    read: Read
    """Reads a value as it is written and makes it canonical. Raises `ValueInvalid`."""
    compile: Compile
    """The question over `Subscriber`; never NULL, so that its negation is its opposite."""
    evaluate: Callable[[Person, Values, RuleContext], bool]
    find: Find | None = None
    """None: a value may come to be later."""


Questions = Mapping[Operator, Question]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the language."""

    name: str
    questions: Questions
    needs_tracking: bool = False
    """Nothing is known of who did not agree to tracking: neither the question nor its opposite chooses them."""

    @property
    def operators(self) -> str:
        """What it can be compared with, as people write it."""
        return ", ".join(_WRITTEN.get(operator, operator.value) for operator in self.questions)


def choices(
    read: Read, compiled: Compile, of_person: Callable[[Person], frozenset[str]], find: Find | None = None
) -> Questions:
    """A set of known words."""
    asked = Question(read, compiled, lambda person, wanted, _: not of_person(person).isdisjoint(wanted), find)
    return {Operator.IS: asked, Operator.HAS: asked}


def names(
    column: InstrumentedAttribute[str],
    such: _Such,
    of_person: Callable[[Person], frozenset[str]],
    find: Find | None = None,
) -> Questions:
    """A set of names that people made up: whole ones as they stand, parts of them without regard to capitals.

    `such` says that the subscriber has one whose `column` is such.
    """
    whole = choices(values.words, lambda wanted, context: such(column.in_(wanted), context), of_person, find)
    return {**whole, **_parts(lambda wanted, context: such(wanted(column), context), of_person)}


def text(column: InstrumentedAttribute[str], of_person: Callable[[Person], str]) -> Questions:
    """A text that people typed: capitals do not matter."""
    return _parts(
        lambda wanted, _: wanted(column),
        lambda person: frozenset({of_person(person)}),
        (Operator.IS, Operator.CONTAINS, Operator.STARTS),
    )


def within(
    compiled: Callable[[date, date, RuleContext], ColumnElement[bool]],
    of_person: Callable[[Person], Sequence[date]],
) -> Questions:
    """Something that happened on days: whether on one of the last so many."""

    def compile_(wanted: Values, context: RuleContext) -> ColumnElement[bool]:
        return compiled(*context.last_days(int(wanted[0])), context)

    def evaluate(person: Person, wanted: Values, context: RuleContext) -> bool:
        first, last = context.last_days(int(wanted[0]))
        return any(first <= day <= last for day in of_person(person))

    return {Operator.WITHIN: Question(values.days, compile_, evaluate)}


def _parts(
    such: Callable[[Callable[[InstrumentedAttribute[str]], ColumnElement[bool]], RuleContext], ColumnElement[bool]],
    of_person: Callable[[Person], frozenset[str]],
    operators: Sequence[Operator] = (Operator.CONTAINS, Operator.STARTS),
) -> Questions:
    def question(operator: Operator) -> Question:
        def compile_(wanted: Values, context: RuleContext) -> ColumnElement[bool]:
            return such(lambda column: or_(*(texts.is_like(column, operator, one) for one in wanted)), context)

        def evaluate(person: Person, wanted: Values, _: RuleContext) -> bool:
            return any(texts.alike(found, operator, one) for found in of_person(person) for one in wanted)

        return Question(values.words, compile_, evaluate)

    return {operator: question(operator) for operator in operators}
