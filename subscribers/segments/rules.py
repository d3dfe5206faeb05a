"""The rule language: `band = elementary and (language = es or tag in ("fair 2026", volunteers))`.

A rule is text, and a tree; the tree compiles to one SQL condition and can be evaluated in plain Python too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import TypeAlias

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args
from sqlalchemy import ColumnElement, and_, not_, or_, true

from subscribers.errors import NewsletterError

from .fields import STANDARD_FIELDS, FieldRegistry, Person, RuleContext, ValueInvalid

__all__ = ["Person", "Rule", "RuleContext", "RuleInvalid"]

_LONGEST = 2_000
_DEEPEST = 50
_GRAMMAR = r"""
    ?start: either
    ?either: both (_OR both)*
    ?both: negation (_AND negation)*
    ?negation: _NOT negation -> negated
        | "(" either ")"
        | comparison
    comparison: WORD "=" value -> equal
        | WORD "!=" value -> unequal
        | WORD _IN "(" value ("," value)* ")" -> among
    ?value: WORD | QUOTED

    _AND.2: /and(?![^\s()=!,"])/i
    _OR.2: /or(?![^\s()=!,"])/i
    _NOT.2: /not(?![^\s()=!,"])/i
    _IN.2: /in(?![^\s()=!,"])/i
    WORD: /[^\s()=!,"]+/
    QUOTED: /"[^"]*"/
    %ignore /\s+/
"""
_PLAIN_WORD = re.compile(r'(?!(?:and|or|not|in)$)[^\s()=!,"]+', re.IGNORECASE)


class RuleInvalid(NewsletterError):
    """A rule looks like: band = elementary and language = es."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field is one of these values, or for `is_negated` none of them."""

    name: str
    values: tuple[str, ...]
    is_negated: bool = False
    at: int = field(default=1, compare=False)
    """The character, from 1, at which it stands in the text."""


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One part holds."""

    parts: tuple["Node", ...]


Node: TypeAlias = Comparison | Not | All | Any


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule. `tree` is None for the empty rule, which chooses everyone."""

    tree: Node | None
    fields: FieldRegistry = field(default_factory=lambda: STANDARD_FIELDS, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str, fields: FieldRegistry = STANDARD_FIELDS) -> "Rule":
        """Read a rule; the empty text chooses everyone. Raises `RuleInvalid` naming what is wrong, and where."""
        if not text.strip():
            return cls(None, fields)
        tree = _parse(text)
        for comparison in _comparisons(tree):
            if comparison.name not in fields:
                raise RuleInvalid(_unknown_field(comparison, fields))
        return cls(tree, fields)

    @classmethod
    def everyone(cls) -> "Rule":
        """The rule that chooses everyone."""
        return cls(None)

    def where(self, context: RuleContext) -> ColumnElement[bool]:
        """The condition over `Subscriber`. Raises `RuleInvalid` where a value cannot be, such as an unknown band."""
        return true() if self.tree is None else self._compile(self.tree, context)

    def matches(self, person: Person, context: RuleContext) -> bool:
        """Whether the rule chooses this person: the same answer as the SQL condition's."""
        return self.tree is None or self._evaluate(self.tree, person, context)

    def __str__(self) -> str:
        return "" if self.tree is None else _written(self.tree)

    def _compile(self, node: Node, context: RuleContext) -> ColumnElement[bool]:
        match node:
            case Comparison():
                condition = self.fields[node.name].compile(self._values(node, context), context)
                return not_(condition) if node.is_negated else condition
            case Not(part):
                return not_(self._compile(part, context))
            case All(parts):
                return and_(*(self._compile(part, context) for part in parts))
            case Any(parts):
                return or_(*(self._compile(part, context) for part in parts))

    def _evaluate(self, node: Node, person: Person, context: RuleContext) -> bool:
        match node:
            case Comparison():
                holds = self.fields[node.name].evaluate(person, self._values(node, context))
                return holds is not node.is_negated
            case Not(part):
                return not self._evaluate(part, person, context)
            case All(parts):
                return all(self._evaluate(part, person, context) for part in parts)
            case Any(parts):
                return any(self._evaluate(part, person, context) for part in parts)

    def _values(self, comparison: Comparison, context: RuleContext) -> tuple[str, ...]:
        try:
            return tuple(self.fields[comparison.name].read(value, context) for value in comparison.values)
        except ValueInvalid as error:
            raise RuleInvalid(f"At character {comparison.at}: {error}") from error


@v_args(inline=True)
class _Tree(Transformer[Token, Node]):
    """From lark's tree to ours."""

    def either(self, *parts: Node) -> Node:
        return Any(tuple(_flat(parts, Any)))

    def both(self, *parts: Node) -> Node:
        return All(tuple(_flat(parts, All)))

    def negated(self, part: Node) -> Node:
        return Not(part)

    def equal(self, name: Token, value: Token) -> Node:
        return Comparison(name.lower(), (_value(value),), at=_column(name))

    def unequal(self, name: Token, value: Token) -> Node:
        return Comparison(name.lower(), (_value(value),), is_negated=True, at=_column(name))

    def among(self, name: Token, *values: Token) -> Node:
        return Comparison(name.lower(), tuple(dict.fromkeys(map(_value, values))), at=_column(name))


def _parse(text: str) -> Node:
    if (
        len(text) > _LONGEST
        or text.count("(") > _DEEPEST
        or len(re.findall(r"\bnot\b", text, re.IGNORECASE)) > _DEEPEST
    ):
        raise RuleInvalid("The rule is too long. Save parts of it as segments, or use `in (...)`.")
    try:
        return _Tree().transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise RuleInvalid(_unreadable(text, error)) from error


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def _unreadable(text: str, error: UnexpectedInput) -> str:
    at = error.pos_in_stream or 0
    example = "A rule looks like: band = elementary and language = es."
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return f"The rule ends too early, after {text.strip()[-20:]!r}. {example}"
    if isinstance(error, UnexpectedCharacters) and text[at] == '"':
        return f"The quote at character {at + 1} is not closed."
    return f"The rule cannot be read at character {at + 1}, {text[at : at + 20]!r}. {example}"


def _unknown_field(comparison: Comparison, fields: FieldRegistry) -> str:
    close = get_close_matches(comparison.name, fields, 1)
    hint = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(fields)}."
    return f"At character {comparison.at}: there is no field {comparison.name!r}; {hint}"


def _comparisons(node: Node) -> Iterator[Comparison]:
    match node:
        case Comparison():
            yield node
        case Not(part):
            yield from _comparisons(part)
        case All(parts) | Any(parts):
            for part in parts:
                yield from _comparisons(part)


def _flat(parts: tuple[Node, ...], kind: type[All | Any]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _value(token: Token) -> str:
    return token[1:-1] if token.type == "QUOTED" else str(token)


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _written(node: Node) -> str:
    match node:
        case Comparison(name, values, is_negated):
            if len(values) == 1:
                return f"{name} {'!=' if is_negated else '='} {_quoted(values[0])}"
            return f"{name} in ({', '.join(map(_quoted, values))})"
        case Not(part):
            return f"not {_grouped(part)}"
        case All(parts):
            return " and ".join(map(_grouped, parts))
        case Any(parts):
            return " or ".join(map(_grouped, parts))


def _grouped(node: Node) -> str:
    return f"({_written(node)})" if isinstance(node, All | Any) else _written(node)


def _quoted(value: str) -> str:
    return value if _PLAIN_WORD.fullmatch(value) else f'"{value}"'
