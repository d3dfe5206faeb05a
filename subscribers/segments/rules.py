"""Rules that choose subscribers: `band = elementary and (language = es or tag in ("fair 2026", volunteers))`.

A rule is text, and a tree; the tree compiles to one SQL condition, and is evaluated in plain Python to the same answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, not_, or_, true

from subscribers.tables import Subscriber

from . import attributes
from .contexts import Person, RuleContext
from .fields import STANDARD_FIELDS
from .grammar import RuleInvalid, parse
from .questions import Field, Question
from .trees import AllOf, AnyOf, Comparison, Node, Not, comparisons
from .values import ValueInvalid, did_you_mean

__all__ = ["Person", "Rule", "RuleContext", "RuleInvalid"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A comparison that can be: the field, the question that is asked of it, and the values as it reads them."""

    comparison: Comparison
    field: Field
    question: Question
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule. `tree` is None for the empty rule, which chooses everyone."""

    tree: Node | None

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read a rule; the empty text chooses everyone. Raises `RuleInvalid` naming what is wrong, and where.

        Whether its fields and values can be depends on the context: `check`, `where` and `matches` say so.
        """
        return cls(parse(text) if text.strip() else None)

    @classmethod
    def everyone(cls) -> "Rule":
        """The rule that chooses everyone."""
        return cls(None)

    def asked(self, context: RuleContext) -> tuple[Asked, ...]:
        """Every comparison, in the order of the text.

        Raises `RuleInvalid` where there is no such field, it cannot be compared so, or a value cannot be.
        """
        return () if self.tree is None else tuple(_asked(comparison, context) for comparison in comparisons(self.tree))

    def where(self, context: RuleContext) -> ColumnElement[bool]:
        """The condition over `Subscriber`, never NULL. Raises what `asked` raises."""
        return true() if self.tree is None else _condition(self.tree, context, wanted=True)

    def matcher(self, context: RuleContext) -> Callable[[Person], bool]:
        """Whether the rule chooses a person: the same answer as the SQL condition's. Raises what `asked` raises."""
        if self.tree is None:
            return lambda _: True
        answer = _answer(self.tree, context)
        return lambda person: answer(person) is True

    def matches(self, person: Person, context: RuleContext) -> bool:
        """Whether the rule chooses this one person. Raises what `asked` raises."""
        return self.matcher(context)(person)

    def __str__(self) -> str:
        return "" if self.tree is None else str(self.tree)


def _condition(node: Node, context: RuleContext, *, wanted: bool) -> ColumnElement[bool]:
    """Where a part of a rule holds or, not `wanted`, where it does not. Where nobody knows, it is neither.

    An opposite is asked of each comparison and not of the whole, so that no condition is NULL and PostgreSQL may make
    joins of them.
    """
    match node:
        case Comparison():
            asked = _asked(node, context)
            condition = asked.question.compile(asked.values, context)
            condition = condition if wanted is not node.is_negated else not_(condition)
            return and_(Subscriber.tracking.is_(True), condition) if asked.field.needs_tracking else condition
        case Not(part):
            return _condition(part, context, wanted=not wanted)
        case AllOf(parts) | AnyOf(parts):
            joined = and_ if isinstance(node, AllOf) is wanted else or_
            return joined(*(_condition(part, context, wanted=wanted) for part in parts))


def _answer(node: Node, context: RuleContext) -> Callable[[Person], bool | None]:
    """Whether a part of a rule holds; None: nobody knows. Joined as Kleene's logic and SQL's has it."""
    match node:
        case Comparison():
            asked = _asked(node, context)
            return lambda person: (
                None
                if asked.field.needs_tracking and not person.tracking
                else asked.question.evaluate(person, asked.values, context) is not node.is_negated
            )
        case Not(part):
            answer = _answer(part, context)
            return lambda person: None if (found := answer(person)) is None else not found
        case AllOf(parts) | AnyOf(parts):
            answers = [_answer(part, context) for part in parts]
            decides = isinstance(node, AnyOf)
            return lambda person: _joined((answer(person) for answer in answers), decides=decides)


def _joined(answers: Iterable[bool | None], *, decides: bool) -> bool | None:
    """One answer that decides is enough; without it, one that nobody knows leaves all unknown."""
    joined: bool | None = not decides
    for answer in answers:
        if answer is decides:
            return decides
        if answer is None:
            joined = None
    return joined


def _asked(comparison: Comparison, context: RuleContext) -> Asked:
    field = _field_of(comparison, context)
    question = field.questions.get(comparison.operator)
    if question is None:
        raise RuleInvalid(
            f"At {comparison.at}: {field.name} does not go with {comparison.sign!r}; it takes {field.operators}."
        )
    values = []
    for value in comparison.values:
        try:
            values.append(question.read(value.text, context))
        except ValueInvalid as error:
            raise RuleInvalid(f"At {value.at}: {error}") from error
    return Asked(comparison, field, question, tuple(values))


def _field_of(comparison: Comparison, context: RuleContext) -> Field:
    name = comparison.name
    if name.startswith(attributes.PREFIX):
        try:
            return attributes.field_of(name)
        except ValueInvalid as error:
            raise RuleInvalid(f"At {comparison.at}: {error}") from error
    known = {**STANDARD_FIELDS, **{field.name: field for field in context.more_fields}}
    if name not in known:
        hint = did_you_mean(name, (*known, f"{attributes.PREFIX}NAME"))
        raise RuleInvalid(f"At {comparison.at}: there is no field {name!r}; {hint}")
    return known[name]
