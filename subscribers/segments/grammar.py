"""From a rule's text to its tree."""

import re
from functools import lru_cache
from typing import cast

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args

from subscribers.errors import NewsletterError

from .trees import Comparison, Node, Not, Operator, Value, all_of, any_of, comparison

_LONGEST = 10_000
DEEPEST = 50
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
        | WORD (LESS | MORE | HAS | CONTAINS | STARTS) value -> otherwise
        | WORD WITHIN value _DAYS -> otherwise
    _values: "(" value ("," value)* ")"
    value: WORD | QUOTED

    _AND.2: /and(?![^\s()=!<>,"])/i
    _OR.2: /or(?![^\s()=!<>,"])/i
    _NOT.2: /not(?![^\s()=!<>,"])/i
    _IN.2: /in(?![^\s()=!<>,"])/i
    LESS: "<"
    MORE: ">"
    HAS.2: /has(?![^\s()=!<>,"])/i
    CONTAINS.2: /contains(?![^\s()=!<>,"])/i
    STARTS.2: /starts(?![^\s()=!<>,"])/i
    WITHIN.2: /within(?![^\s()=!<>,"])/i
    _DAYS.2: /days?(?![^\s()=!<>,"])/i
    WORD: /(?!'(?:[^'"]|'(?=[^\s()=!<>,"]))*'(?![^\s()=!<>,"]))[^\s()=!<>,"]+/
    QUOTED: /"(?:[^"]|"")*"/
    %ignore /\s+/
"""
_WORDS = re.compile(r'"(?:[^"]|"")*"|[()]|[^\s()"]+')
_EXAMPLE = "A rule looks like: band = elementary and language = es."


class RuleInvalid(NewsletterError):
    """A rule looks like: band = elementary and language = es."""


class RuleTooLong(RuleInvalid):
    """The rule is too long, or has too many brackets in one another. Compare with `in (...)`."""


def parse(text: str) -> Node:
    """Read a rule that is not empty. Raises `RuleInvalid` naming the character where it cannot be read."""
    if len(text) > _LONGEST or _depth(text) > DEEPEST:
        raise RuleTooLong
    try:
        tree: Node = _Tree().transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise RuleInvalid(_unreadable(text, error)) from error
    if len(str(tree)) > _LONGEST:  # it is kept as it is written out, and must be read again
        raise RuleTooLong
    return tree


@v_args(inline=True)
class _Tree(Transformer[Token, Node]):
    """From lark's tree to ours."""

    def either(self, *parts: Node) -> Node:
        return any_of(*parts)

    def both(self, *parts: Node) -> Node:
        return all_of(*parts)

    def negated(self, part: Node) -> Node:
        return Not(part)

    def equal(self, name: Token, value: Value) -> Node:
        return _compared(name, Operator.IS, value)

    def unequal(self, name: Token, value: Value) -> Node:
        return _compared(name, Operator.IS, value, is_negated=True)

    def among(self, name: Token, *values: Value) -> Node:
        return _compared(name, Operator.IS, *values)

    def not_among(self, name: Token, *values: Value) -> Node:
        return _compared(name, Operator.IS, *values, is_negated=True)

    def otherwise(self, name: Token, sign: Token, value: Value) -> Node:
        return _compared(name, Operator(sign.lower()), value)

    def value(self, token: Token) -> Value:
        text = token[1:-1].replace('""', '"') if token.type == "QUOTED" else str(token)
        return Value(text, _place(token))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


def _compared(name: Token, operator: Operator, *values: Value, is_negated: bool = False) -> Comparison:
    return comparison(str(name), operator, *values, is_negated=is_negated, at=_place(name))


def _place(token: Token) -> str:
    return f"character {(token.start_pos or 0) + 1}"


def _depth(text: str) -> int:
    """How deep the tree is at most, counted without reading it: what is too deep must not be read at all."""
    deepest = depth = denials = 0
    outer: list[int] = []
    for word in _WORDS.findall(text):
        if word == ")":
            depth = outer.pop() if outer else 0
        elif word == "(":
            outer.append(depth)
            depth += denials + 1
        denials = denials + 1 if word.lower() == "not" else 0
        deepest = max(deepest, depth + denials)
    return deepest


def _unreadable(text: str, error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return f"The rule ends too early, after {' '.join(text.split()[-3:])!r}. {_EXAMPLE}"
    at = cast("int", error.pos_in_stream)  # lark declares None and always sets it
    if isinstance(error, UnexpectedCharacters) and text[at] == '"':
        return f"The quote at character {at + 1} is not closed."
    if isinstance(error, UnexpectedCharacters) and text[at] == "'":
        return f"At character {at + 1}: a value does not stand in single quotes; use double quotes."
    if text[at] == "=" and text[at - 1] in "<>":
        return f"At character {at}: there is no {text[at - 1]}=; use < or > with the value next to it."
    return f"The rule cannot be read at character {at + 1}, {text[at : at + 20]!r}. {_EXAMPLE}"
