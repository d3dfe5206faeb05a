"""The tree of a rule, and how it is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

_PLAIN_WORD = re.compile(r'(?!(?:and|or|not|in)$)[^\s()=!,"]+', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was written, and the character, from 1, at which it stands."""

    text: str
    at: int = field(default=1, compare=False)

    def __str__(self) -> str:
        return self.text if _PLAIN_WORD.fullmatch(self.text) else '"' + self.text.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field is one of the values or, where `is_negated`, none of them."""

    name: str
    values: tuple[Value, ...]
    is_negated: bool = False
    at: int = field(default=1, compare=False)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return f"{self.name} {'!=' if self.is_negated else '='} {self.values[0]}"
        return f"{self.name} {'not in' if self.is_negated else 'in'} ({', '.join(map(str, self.values))})"


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


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, AllOf | AnyOf) else str(node)
