"""What imports and forms told of a subscriber beside the known fields: JSON, of which a rule asks one value.

A text compares as a text, a number as a number, true and false as these words. Whatever else it is compares with
nothing.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Numeric, String, cast, literal, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from subscribers.tables import Subscriber

from . import texts, values
from .contexts import Person, RuleContext
from .questions import Field, Question, Values
from .trees import Operator

PREFIX = "attribute."
_NAME = re.compile(r"[^\W_][\w-]{0,63}")
_TEXTS = (Operator.IS, Operator.CONTAINS, Operator.STARTS)


def field_of(name: str) -> Field:
    """The field `attribute.NAME`. Raises `ValueInvalid` where there can be no such attribute."""
    own = name.removeprefix(PREFIX)
    if not _NAME.fullmatch(own):
        raise values.ValueInvalid(f"{own!r} is not the name of an attribute; write it like attribute.bus-route.")
    asked = {operator: _compared(own, operator) for operator in (*_TEXTS, Operator.LESS, Operator.MORE)}
    return Field(name, asked)


def _compared(own: str, operator: Operator) -> Question:
    def compile_(wanted: Values, _: RuleContext) -> ColumnElement[bool]:
        found = (condition for one in wanted for condition in _conditions(own, operator, one))
        return or_(*found).is_(True)

    def evaluate(person: Person, wanted: Values, _: RuleContext) -> bool:
        return any(_is_so(person.attributes, own, operator, one) for one in wanted)

    read = values.words if operator in _TEXTS else values.number
    return Question(read, compile_, evaluate)


def _conditions(own: str, operator: Operator, wanted: str) -> list[ColumnElement[bool]]:
    """Each is NULL where the value is of another kind."""
    place = (Subscriber.attributes, literal(own), literal(f'$."{own}"'))
    number = cast(literal(wanted), Numeric)
    match operator:
        case Operator.LESS:
            return [_Number(*place) < number]
        case Operator.MORE:
            return [_Number(*place) > number]
    conditions = [texts.is_like(_Text(*place), operator, wanted)]
    if operator is Operator.IS and values.is_number(wanted):
        conditions.append(_Number(*place) == number)
    if operator is Operator.IS and wanted.lower() in {"true", "false"}:
        conditions.append(_Truth(*place) == wanted.lower())
    return conditions


def _is_so(attributes: Mapping[str, Any], own: str, operator: Operator, wanted: str) -> bool:
    match attributes.get(own):
        case str(found):
            return operator in _TEXTS and texts.alike(found, operator, wanted)
        case bool(found):
            return operator is Operator.IS and json.dumps(found) == wanted.lower()
        case int(found) | float(found) if values.is_number(wanted):
            number = float(wanted)
            return {
                Operator.IS: found == number,
                Operator.LESS: found < number,
                Operator.MORE: found > number,
            }.get(operator, False)
    return False


class _Attribute(FunctionElement[Any]):
    """Over the column, the name for PostgreSQL and the path for SQLite; NULL where the value is of another kind."""

    inherit_cache = True


class _Text(_Attribute):
    inherit_cache = True
    type = String()


class _Number(_Attribute):
    inherit_cache = True
    type = Numeric(asdecimal=False)


class _Truth(_Attribute):
    """`true` or `false` as text."""

    inherit_cache = True
    type = String()


_OF_SQLITE = {
    _Text: "CASE json_type({0}, {2}) WHEN 'text' THEN json_extract({0}, {2}) END",
    _Number: "CASE WHEN json_type({0}, {2}) IN ('integer', 'real') THEN json_extract({0}, {2}) END",
    _Truth: "CASE WHEN json_type({0}, {2}) IN ('true', 'false') THEN json_type({0}, {2}) END",
}
# Each `->` reads the JSON anew, so there are few of them. A number too large for `numeric` would be an error: none that
# Python writes has four digits of exponent, or more digits than fit.
_OF_POSTGRESQL = {
    _Text: "CASE json_typeof({0} -> {1}) WHEN 'string' THEN {0} ->> {1} END",
    _Number: "CASE WHEN CAST({0} -> {1} AS text) ~ '^-?[0-9.]+([eE][-+]?[0-9][0-9]?[0-9]?)?$'"
    " THEN CAST({0} ->> {1} AS numeric) END",
    _Truth: "CASE json_typeof({0} -> {1}) WHEN 'boolean' THEN {0} ->> {1} END",
}


@compiles(_Attribute, "sqlite")
def _sqlite(element: _Attribute, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_OF_SQLITE[type(element)].format(*(compiler.process(part, **kw) for part in element.clauses))})"


@compiles(_Attribute, "postgresql")
def _postgresql(element: _Attribute, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_OF_POSTGRESQL[type(element)].format(*(compiler.process(part, **kw) for part in element.clauses))})"
