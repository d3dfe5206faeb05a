"""What a form said: text without what no form can hold, and nothing that is not text."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

_LONGEST = 500
_NEVER_IN_TEXT = {"Cc", "Cs", "Zl", "Zp"}
"""Controls, lone surrogates, line and paragraph separators; joiners and marks of direction belong to names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one field, for the person to put right."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form by name; a name may come more than once."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The last value of a name, or an empty text."""
        return self.many(name)[-1] if name in self.values else ""

    def many(self, name: str) -> list[str]:
        """Every value of a name."""
        return self.values.get(name, [])


async def read_form(request: Request) -> Form:
    """Read an urlencoded or multipart form; any other body is an empty one."""
    return await _read(request, _clean)


async def read_text_form(request: Request) -> Form:
    """Read a form whose texts are long and have many lines."""
    return await _read(request, _clean_lines)


async def _read(request: Request, clean: Callable[[str], str]) -> Form:
    values: dict[str, list[str]] = defaultdict(list)
    async with request.form(max_files=10, max_fields=200) as fields:
        for name, value in fields.multi_items():
            if isinstance(value, str):
                values[name].append(clean(value))
    return Form(dict(values))


async def read_any_form(request: Request) -> Form:
    """Read a form as `read_form` does; one that cannot be read is an empty one."""
    try:
        return await read_form(request)
    except HTTPException:
        return Form()


def _clean(text: str) -> str:
    kept = (character for character in text if unicodedata.category(character) not in _NEVER_IN_TEXT)
    return "".join(kept).strip()[:_LONGEST]


def _clean_lines(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (letter for letter in lines if letter in "\n\t" or unicodedata.category(letter) not in _NEVER_IN_TEXT)
    return "".join(kept).rstrip()


TextFormOf = Annotated[Form, Depends(read_text_form)]
FormOf = Annotated[Form, Depends(read_form)]
AnyFormOf = Annotated[Form, Depends(read_any_form)]
