"""The tree of a rule, and how it is written."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

_PLAIN_WORD = re.compile(r"""(?!(?:and|or|not|in)$|')[^\s()=!<>,"]+""", re.IGNORECASE)


class Operator(StrEnum):
    """How a field is compared. `!=`, `in` and `not in` are `IS` too: of other values, of several, of none of them."""

    IS = "="
    LESS = "<"
    MORE = ">"
    HAS = "has"
    CONTAINS = "contains"
    STARTS = "starts"
    WITHIN = "within"
    """On one of the last so many days."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was written, and where: `character 8` of a text, or a path into JSON."""

    text: str
    at: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text if is_plain(self.text) else '"' + self.text.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field beside values. Only with `IS` are there several, any of which will do, and `is_negated`: none of them."""

    name: str
    operator: Operator
    values: tuple[Value, ...]
    is_negated: bool = False
    at: str = field(default="", compare=False)

    @property
    def sign(self) -> str:
        """The operator as it is written."""
        if self.operator is not Operator.IS:
            return self.operator.value
        if len(self.values) == 1:
            return "!=" if self.is_negated else "="
        return "not in" if self.is_negated else "in"

    def __str__(self) -> str:
        values = ", ".join(map(str, self.values))
        if self.operator is Operator.WITHIN:
            return f"{self.name} within {values} days"
        return f"{self.name} {self.sign} " + (values if len(self.values) == 1 else f"({values})")


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Node"

    def __str__(self) -> str:
        return f"not {_grouped(self.part)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; no part is itself an `AllOf`."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " and ".join(map(_grouped, self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part holds; no part is itself an `AnyOf`."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " or ".join(map(_grouped, self.parts))


Node: TypeAlias = Comparison | Not | AllOf | AnyOf


def all_of(*parts: Node) -> Node:
    """Every part; one part is itself."""
    return parts[0] if len(parts) == 1 else AllOf(tuple(_flat(parts, AllOf)))


def any_of(*parts: Node) -> Node:
    """One of the parts; one part is itself."""
    return parts[0] if len(parts) == 1 else AnyOf(tuple(_flat(parts, AnyOf)))


def comparison(name: str, operator: Operator, *values: Value, is_negated: bool = False, at: str = "") -> Comparison:
    """A comparison in its one form: each value once, and no capitals in a field's name but in an attribute's own."""
    field_, dot, own = name.partition(".")
    return Comparison(field_.lower() + dot + own, operator, tuple(dict.fromkeys(values)), is_negated, at)


def comparisons(node: Node) -> Iterator[Comparison]:
    """Every comparison of a tree, in the order of the text."""
    match node:
        case Comparison():
            yield node
        case Not(part):
            yield from comparisons(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)


def mapped(node: Node, change: Callable[[Comparison], Node]) -> Node:
    """The tree with what each comparison changes into in its place."""
    match node:
        case Comparison():
            return change(node)
        case Not(part):
            return Not(mapped(part, change))
        case AllOf(parts) | AnyOf(parts):
            return type(node)(tuple(mapped(part, change) for part in parts))


def is_plain(word: str) -> bool:
    """Whether a word needs no quotes in a rule."""
    return _PLAIN_WORD.fullmatch(word) is not None


def _flat(parts: tuple[Node, ...], kind: type[AllOf | AnyOf]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, AllOf | AnyOf) else str(node)
