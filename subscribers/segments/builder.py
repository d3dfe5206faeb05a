"""The same tree as JSON, for a page on which a rule is put together.

    {"all": [...]}   {"any": [...]}   {"not": {...}}   {"field": "band", "operator": "in", "values": ["middle", "high"]}

Everyone is `null`. `=`, `!=`, `<`, `>`, `has`, `contains` and `starts` have one value, `within` has a number of days.
"""

from collections.abc import Mapping
from typing import Any

from .grammar import DEEPEST, RuleInvalid, RuleTooLong, parse
from .rules import Rule
from .trees import AllOf, AnyOf, Comparison, Node, Not, Operator, Value, all_of, any_of, comparison, is_plain
from .values import did_you_mean

_SIGNS = {
    "=": (Operator.IS, False),
    "!=": (Operator.IS, True),
    "in": (Operator.IS, False),
    "not in": (Operator.IS, True),
    **{operator.value: (operator, False) for operator in Operator if operator is not Operator.IS},
}
_MOST_SHOWN = 40
_SEVERAL = frozenset({"in", "not in"})
_SHAPES = ("all", "any", "not", "field")
_KEYS = {"all": {"all"}, "any": {"any"}, "not": {"not"}, "field": {"field", "operator", "values"}}


def to_json(rule: Rule) -> Any:
    """A rule as JSON."""
    return None if rule.tree is None else _node_to_json(rule.tree)


def from_json(value: Any) -> Rule:
    """Read what `to_json` wrote, or a page made. Raises `RuleInvalid` naming the path of what is wrong.

    As with `Rule.parse`, whether fields and values can be depends on the context; what is wrong there is said with its
    path too.
    """
    if value is None:
        return Rule.everyone()
    tree = _node(value, "", 0)
    parse(str(tree))  # it is kept as text, and must be read again
    return Rule(tree)


def _node_to_json(node: Node) -> dict[str, Any]:
    match node:
        case Comparison():
            values = [value.text for value in node.values]
            return {"field": node.name, "operator": node.sign, "values": values}
        case Not(part):
            return {"not": _node_to_json(part)}
        case AllOf(parts):
            return {"all": [_node_to_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [_node_to_json(part) for part in parts]}


def _node(value: Any, path: str, depth: int) -> Node:
    if depth > DEEPEST:
        raise RuleTooLong
    if not isinstance(value, Mapping):
        raise _wrong(path, f'{_short(value)} is not a part of a rule, such as {{"field": "band", ...}}.')
    shape = next((shape for shape in _SHAPES if shape in value), None)
    if shape is None:
        raise _wrong(path, "there is none of all, any, not and field.")
    unknown = sorted(str(key) for key in value.keys() - _KEYS[shape])
    if unknown:
        raise _wrong(path, f"{unknown[0]!r} does not go with {shape!r}.")
    inner = value[shape]
    match shape:
        case "field":
            return _comparison(value, path)
        case "not":
            return Not(_node(inner, _below(path, "not"), depth + 1))
    joined = all_of if shape == "all" else any_of
    if not isinstance(inner, list) or not inner:
        raise _wrong(_below(path, shape), "give a list of one part or more.")
    return joined(*(_node(part, f"{_below(path, shape)}[{n}]", depth + 1) for n, part in enumerate(inner)))


def _comparison(value: Mapping[str, Any], path: str) -> Comparison:
    name, sign = value["field"], value.get("operator")
    if not isinstance(name, str) or not is_plain(name):
        raise _wrong(_below(path, "field"), f"{_short(name)} is not the name of a field.")
    if not isinstance(sign, str) or sign not in _SIGNS:
        hint = did_you_mean(sign if isinstance(sign, str) else "", tuple(_SIGNS))
        raise _wrong(_below(path, "operator"), f"{_short(sign)} is not an operator; {hint}")
    operator, is_negated = _SIGNS[sign]
    at = _below(path, "values")
    texts = value.get("values")
    if not isinstance(texts, list) or not texts or (len(texts) > 1 and sign not in _SEVERAL):
        wanted = "a list of values" if sign in _SEVERAL else "a list of one value"
        raise _wrong(at, f"{sign!r} takes {wanted}.")
    values = [_value(text, f"{at}[{n}]") for n, text in enumerate(texts)]
    return comparison(name, operator, *values, is_negated=is_negated, at=_below(path, "field"))


def _value(text: Any, at: str) -> Value:
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise _wrong(at, f"{_short(text)} is neither a text nor a number.")
    return Value(str(text), at)


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _wrong(path: str, sentence: str) -> RuleInvalid:
    return RuleInvalid(f"At {path or 'the top'}: {sentence}")


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}..."
