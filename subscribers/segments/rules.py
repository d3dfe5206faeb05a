"""Rules that choose subscribers: `band = elementary and (language = es or tag in ("fair 2026", volunteers))`.

A rule is text, and a tree; the tree compiles to one SQL condition, and is evaluated in plain Python to the same answer.
"""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, not_, or_, true

from .contexts import Person, RuleContext
from .fields import STANDARD_FIELDS, FieldRegistry
from .grammar import RuleInvalid, parse
from .trees import AllOf, AnyOf, Comparison, Node, Not, comparisons
from .values import ValueInvalid, did_you_mean

__all__ = ["Person", "Rule", "RuleContext", "RuleInvalid"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule. `tree` is None for the empty rule, which chooses everyone."""

    tree: Node | None
    fields: FieldRegistry = field(default_factory=lambda: STANDARD_FIELDS, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str, fields: FieldRegistry = STANDARD_FIELDS) -> "Rule":
        """Read a rule; the empty text chooses everyone. Raises `RuleInvalid` naming what is wrong, and where.

        Whether its values can be depends on the organization: `where` and `matches` say so.
        """
        if not text.strip():
            return cls(None, fields)
        tree = parse(text)
        for comparison in comparisons(tree):
            if comparison.name not in fields:
                hint = did_you_mean(comparison.name, tuple(fields))
                raise RuleInvalid(f"At character {comparison.at}: there is no field {comparison.name!r}; {hint}")
        return cls(tree, fields)

    @classmethod
    def everyone(cls) -> "Rule":
        """The rule that chooses everyone."""
        return cls(None)

    def where(self, context: RuleContext) -> ColumnElement[bool]:
        """The condition over `Subscriber`. Raises `RuleInvalid` where a value cannot be, such as an unknown band."""
        return true() if self.tree is None else self._compile(self.tree, context)

    def matches(self, person: Person, context: RuleContext) -> bool:
        """Whether the rule chooses this person: the same answer as the SQL condition's. Raises `RuleInvalid`."""
        return self.tree is None or self._evaluate(self.tree, person, context)

    def values_of(self, name: str, context: RuleContext) -> tuple[str, ...]:
        """Every value that a field is compared with. Raises `RuleInvalid`."""
        found = () if self.tree is None else comparisons(self.tree)
        return tuple(value for part in found if part.name == name for value in self._values(part, context))

    def __str__(self) -> str:
        return "" if self.tree is None else str(self.tree)

    def _compile(self, node: Node, context: RuleContext) -> ColumnElement[bool]:
        match node:
            case Comparison():
                condition = self.fields[node.name].compile(self._values(node, context), context)
                return not_(condition) if node.is_negated else condition
            case Not(part):
                return not_(self._compile(part, context))
            case AllOf(parts):
                return and_(*(self._compile(part, context) for part in parts))
            case AnyOf(parts):
                return or_(*(self._compile(part, context) for part in parts))

    def _evaluate(self, node: Node, person: Person, context: RuleContext) -> bool:
        match node:
            case Comparison():
                return self.fields[node.name].evaluate(person, self._values(node, context)) is not node.is_negated
            case Not(part):
                return not self._evaluate(part, person, context)
            case AllOf(parts):
                return all(self._evaluate(part, person, context) for part in parts)
            case AnyOf(parts):
                return any(self._evaluate(part, person, context) for part in parts)

    def _values(self, comparison: Comparison, context: RuleContext) -> tuple[str, ...]:
        read = self.fields[comparison.name].type
        values = []
        for value in comparison.values:
            try:
                values.append(read(value.text, context))
            except ValueInvalid as error:
                raise RuleInvalid(f"At character {value.at}: {error}") from error
        return tuple(values)
