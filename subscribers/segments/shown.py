"""A rule's SELECT as people read it. Values stand in it quoted; what is shown here is never run by the product."""

import re
from typing import Any

from sqlalchemy import Select
from sqlalchemy.dialects import postgresql, sqlite

_PIECES = re.compile(r"'(?:[^']|'')*'|BETWEEN \S+ AND|[()]|\s*\n\s*| (?:AND|OR) ")
_INDENT = "  "


def sql_of(select: Select[Any], dialect: str) -> str:
    """The SELECT for `sqlite` or `postgresql`: a line for each condition, indented by the brackets around it."""
    kind = sqlite if dialect == "sqlite" else postgresql
    spoken = kind.dialect(paramstyle="named")  # another would double each per cent sign
    return _laid_out(str(select.compile(dialect=spoken, compile_kwargs={"literal_binds": True})))


def _laid_out(statement: str) -> str:
    depth = 0

    def laid_out(found: re.Match[str]) -> str:
        nonlocal depth
        piece = found[0]
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece.startswith(("'", "BETWEEN", "(", ")")):
            return piece
        word = piece.strip()
        return "\n" + _INDENT * depth + (f"{_INDENT}{word} " if word else "")

    return _PIECES.sub(laid_out, statement)
