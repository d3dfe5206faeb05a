"""From a rule's text to its tree."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args

from subscribers.errors import NewsletterError

from .trees import AllOf, AnyOf, Comparison, Node, Not, Value

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
        | WORD _IN _values -> among
        | WORD _NOT _IN _values -> not_among
    _values: "(" value ("," value)* ")"
    value: WORD | QUOTED

    _AND.2: /and(?![^\s()=!,"])/i
    _OR.2: /or(?![^\s()=!,"])/i
    _NOT.2: /not(?![^\s()=!,"])/i
    _IN.2: /in(?![^\s()=!,"])/i
    WORD: /[^\s()=!,"]+/
    QUOTED: /"(?:[^"]|"")*"/
    %ignore /\s+/
"""
_EXAMPLE = "A rule looks like: band = elementary and language = es."


class RuleInvalid(NewsletterError):
    """A rule looks like: band = elementary and language = es."""


def parse(text: str) -> Node:
    """Read a rule that is not empty. Raises `RuleInvalid` naming the character where it cannot be read."""
    if len(text) > _LONGEST or _depth(text) > _DEEPEST:
        raise RuleInvalid("The rule is too long or has too many brackets in one another. Compare with `in (...)`.")
    try:
        return _Tree().transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise RuleInvalid(_unreadable(text, error)) from error


@v_args(inline=True)
class _Tree(Transformer[Token, Node]):
    """From lark's tree to ours."""

    def either(self, *parts: Node) -> Node:
        return AnyOf(tuple(_flat(parts, AnyOf)))

    def both(self, *parts: Node) -> Node:
        return AllOf(tuple(_flat(parts, AllOf)))

    def negated(self, part: Node) -> Node:
        return Not(part)

    def equal(self, name: Token, value: Value) -> Node:
        return _comparison(name, value)

    def unequal(self, name: Token, value: Value) -> Node:
        return _comparison(name, value, is_negated=True)

    def among(self, name: Token, *values: Value) -> Node:
        return _comparison(name, *values)

    def not_among(self, name: Token, *values: Value) -> Node:
        return _comparison(name, *values, is_negated=True)

    def value(self, token: Token) -> Value:
        text = token[1:-1].replace('""', '"') if token.type == "QUOTED" else str(token)
        return Value(text, _place(token))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def _comparison(name: Token, *values: Value, is_negated: bool = False) -> Comparison:
    return Comparison(name.lower(), tuple(dict.fromkeys(values)), is_negated, _place(name))


def _flat(parts: tuple[Node, ...], kind: type[AllOf | AnyOf]) -> Iterator[Node]:
    for part in parts:
        if isinstance(part, kind):
            yield from part.parts
        else:
            yield part


def _place(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _depth(text: str) -> int:
    """No less than the depth of the tree: brackets in one another, and every `not`."""
    brackets = accumulate({"(": 1, ")": -1}.get(character, 0) for character in text)
    return max(brackets, default=0) + len(re.findall(r"\bnot\b", text, re.IGNORECASE))


def _unreadable(text: str, error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return f"The rule ends too early, after {text.strip()[-20:]!r}. {_EXAMPLE}"
    at = cast("int", error.pos_in_stream)  # lark declares None and always sets it
    if isinstance(error, UnexpectedCharacters) and text[at] == '"':
        return f"The quote at character {at + 1} is not closed."
    return f"The rule cannot be read at character {at + 1}, {text[at : at + 20]!r}. {_EXAMPLE}"
