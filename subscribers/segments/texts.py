"""Comparing texts without regard to capitals, with the same answer in Python, on SQLite and on PostgreSQL.

Databases fold letters each in its own way: SQLite only those of ASCII, PostgreSQL as its locale has it. So the capitals
of the letters that are looked for are worked out here, and a database only compares characters.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Boolean, ColumnElement, SQLColumnExpression, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from .trees import Operator


def is_like(column: SQLColumnExpression[str], operator: Operator, wanted: str) -> ColumnElement[bool]:
    """Whether a column is, contains or starts with a text; NULL where the column is."""
    letters = _letters(wanted)
    folded = wanted.translate(letters)
    before = "%" if operator is Operator.CONTAINS else ""
    after = "" if operator is Operator.IS else "%"
    return _Like(
        column,
        literal(before.replace("%", "*") + _glob(folded, letters) + after.replace("%", "*")),
        literal("".join(map(chr, letters))),
        literal("".join(letters.values())),
        literal(before + _escaped(folded) + after),
    )


def alike(found: str, operator: Operator, wanted: str) -> bool:
    """`is_like` in Python."""
    letters = _letters(wanted)
    found, wanted = found.translate(letters), wanted.translate(letters)
    match operator:
        case Operator.CONTAINS:
            return wanted in found
        case Operator.STARTS:
            return found.startswith(wanted)
        case _:
            return found == wanted


class _Like(FunctionElement[bool]):
    """Over a column, a GLOB of SQLite, the capitals to fold and what they become, and a LIKE of PostgreSQL."""

    inherit_cache = True
    type = Boolean()


@compiles(_Like, "sqlite")
def _sqlite_like(element: _Like, compiler: SQLCompiler, **kw: Any) -> str:
    column, glob, *_ = (compiler.process(part, **kw) for part in element.clauses)
    return f"({column} GLOB {glob})"


@compiles(_Like, "postgresql")
def _postgresql_like(element: _Like, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, capitals, letters, like = (compiler.process(part, **kw) for part in element.clauses)
    return f"(translate({column}, {capitals}, {letters}) LIKE {like})"


@lru_cache(maxsize=256)
def _letters(wanted: str) -> Mapping[int, str]:
    """For each other form of a letter in the text, the one form that stands for all of them."""
    found: dict[int, str] = {}
    for character in wanted:
        small = _one(character.lower(), character)
        for form in (character, _one(small.upper(), small)):
            if form != small:
                found.setdefault(ord(form), small)
    return MappingProxyType(found)


def _one(form: str, otherwise: str) -> str:
    """A form of a letter that is one letter: of the German sharp s, the capitals are two."""
    return form if len(form) == 1 else otherwise


def _glob(folded: str, letters: Mapping[int, str]) -> str:
    forms = {small: "".join(chr(other) for other, one in letters.items() if one == small) for small in folded}
    return "".join(f"[{one}{forms[one]}]" if forms[one] or one in "*?[" else one for one in folded)


def _escaped(folded: str) -> str:
    return "".join("\\" + one if one in "%_\\" else one for one in folded)
