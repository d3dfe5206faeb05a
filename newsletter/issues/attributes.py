"""What stands in braces after a fence: `{#reading bands="elementary middle" must=know}`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from newsletter.errors import NewsletterError

_PIECE = re.compile(
    r"""#(?P<key>[\w.:-]+)|(?P<name>[A-Za-z][\w-]*)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s"{}]+))""", re.DOTALL
)
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'(["\\])')


class AttributesInvalid(NewsletterError):
    """What stands in braces is a #key and pairs such as bands="elementary middle"."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """The key, empty where there is none, and the pairs in their order."""

    key: str
    values: Mapping[str, str]


def read(text: str) -> Attributes:
    """Read `{...}`, or nothing at all. Raises `AttributesInvalid`: nothing that was written is passed over."""
    key = ""
    values: dict[str, str] = {}
    for piece in _pieces(text.strip().removeprefix("{").removesuffix("}")):
        name = piece["name"] or "#"
        if name in values or (name == "#" and key):
            raise AttributesInvalid(f"{name} stands twice; write it once.")
        if name == "#":
            key = piece["key"]
        elif piece["quoted"] is None:
            values[name] = piece["bare"]
        else:
            values[name] = _ESCAPED.sub(r"\1", piece["quoted"])
    return Attributes(key, values)


def write(attributes: Attributes) -> str:
    """The canonical form, without its braces: values that are one plain word stand without quotes."""
    pairs = (f"{name}={_value(value)}" for name, value in attributes.values.items())
    return " ".join((*([f"#{attributes.key}"] if attributes.key else []), *pairs))


def _pieces(inside: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(inside):
        if inside[at].isspace():
            at += 1
            continue
        piece = _PIECE.match(inside, at)
        if piece is None or not (inside[piece.end() : piece.end() + 1] or " ").isspace():
            raise AttributesInvalid(f'{inside[at:].split(maxsplit=1)[0]!r} cannot be read; write #key or name="value".')
        yield piece
        at = piece.end()


def _value(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = _TO_ESCAPE.sub(r"\\\1", value)
    return f'"{escaped}"'
