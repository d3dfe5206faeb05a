"""How a child answers: as JSON, which its parent reads by the type that the function says it returns.

The child may have been taken over by what it read, so nothing of an answer is believed: no class is named but an error
of ours, and no value is made that the caller did not ask for. That is why an answer is never a pickle.
"""

import json
import traceback
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from types import GenericAlias
from typing import TYPE_CHECKING, Any, get_type_hints

from newsletter.errors import NewsletterError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_VALUE, _REFUSED, _FAULT = b"v", b"r", b"f"


class TakesTooLong(NewsletterError):
    """This text takes too much time to lay out. Make it shorter or simpler, and try again."""


class TakesTooMuch(NewsletterError):
    """This text takes too much memory to lay out. Make it shorter or simpler, and try again."""


class NestedTooDeeply(NewsletterError):
    """This text is nested too deeply to lay out. Take out lists, quotes or brackets that lie in each other."""


class ConfinedFault(RuntimeError):
    """The function failed in the child for a reason that is no person's mistake; this is what the child says of it."""


def written(value: object) -> bytes:
    """The answer of a function that returned: one line."""
    return _line(_VALUE, value)


def refusal(error: Exception) -> bytes:
    """The answer of a function that raised: a sentence for a person where it is one of ours, else where it failed."""
    if isinstance(error, RecursionError):
        return refusal(NestedTooDeeply())
    if isinstance(error, NewsletterError):
        return _line(_REFUSED, [type(error).__qualname__, str(error)])
    return _line(_FAULT, "".join(traceback.format_exception(error)))


def read(line: bytes, function: Callable[..., Any]) -> Any:
    """What the function returned, or raise what it raised. Raises `ConfinedFault` for what it cannot have said."""
    try:
        if line.startswith(_VALUE):
            return _returned_by(function).validate_json(line[1:])[0]
        raise _raised(line[:1], json.loads(line[1:]))
    except ValueError as error:
        raise ConfinedFault(f"{function.__qualname__} cannot have answered this: {error}") from error


def _line(kind: bytes, value: object) -> bytes:
    text = json.dumps([value] if kind == _VALUE else value, ensure_ascii=False, default=_plain)
    return kind + text.encode("utf-8", "replace") + b"\n"


def _plain(value: object) -> object:
    """What JSON has no word for, in words that pydantic reads back."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return urlsafe_b64encode(value).decode("ascii")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"A {type(value).__name__} cannot leave the child.")


@cache
def _returned_by(function: Callable[..., Any]) -> "TypeAdapter[tuple[Any]]":
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - the child, which starts often, needs none of it

    # In a tuple, because a dataclass by itself may not be given a configuration.
    returned: Any = GenericAlias(tuple, (get_type_hints(function)["return"],))
    return TypeAdapter(returned, config=ConfigDict(val_json_bytes="base64"))


def _raised(kind: bytes, said: object) -> Exception:
    match kind, said:
        case b"r", [str(name), str(sentence)]:
            known = (error for error in _ours(NewsletterError) if error.__qualname__ == name)
            error = next(known, NewsletterError)
            return error.__new__(error, sentence)  # past an __init__ that makes the sentence of what stayed there
        case _:
            return ConfinedFault(str(said))


def _ours(error: type[NewsletterError]) -> Iterator[type[NewsletterError]]:
    for known in error.__subclasses__():
        yield known
        yield from _ours(known)
