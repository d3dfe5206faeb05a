"""The types of MJML attributes, as components.toml writes them: which values each accepts, and how to say so."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

_PART = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_COLOUR = re.compile(
    rf"#(?:[0-9a-f]{{3}}|[0-9a-f]{{6}})|rgb\({_PART},\s?{_PART},\s?{_PART}\)"
    rf"|rgba\({_PART},\s?{_PART},\s?{_PART},\s?(?:0|1|0?\.\d{{1,3}}|1\.0{{1,3}})\)",
    re.IGNORECASE,
)
_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)"
_MOST_SIDES = 4


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of an attribute."""

    written: str
    """As the table writes it: `length px %`."""
    expected: str
    """What a value must be: "a colour such as ..."."""
    accepts: Callable[[str], bool]
    words: tuple[str, ...] = ()
    """Words of which a wrong value may be a misspelling."""

    @property
    def is_address(self) -> bool:
        """Whether a link leads there or a picture lies there."""
        return self.written == "address"


@lru_cache(maxsize=64)
def value_type(written: str, colours: tuple[str, ...]) -> ValueType:
    """Read a type as the table writes it. Raises `KeyError` for a type there is not."""
    name, *rest = written.split(" ")
    if name == "colour":
        return ValueType(written, "a colour such as #1B4F86, rgb(27,79,134) or navy", _colour(colours), colours)
    if name == "one-of":
        return ValueType(written, _either(rest), rest.__contains__, tuple(rest))
    if name in ("length", "lengths", "signed"):
        return _length(written, name, rest)
    return {
        "text": ValueType(written, "a text", lambda _: True),
        "address": ValueType(written, "an address", lambda _: True),
        "whole": ValueType(written, "a whole number", re.compile(r"\d{1,9}").fullmatch),  # type: ignore[arg-type]
        "boolean": ValueType(written, "true or false", ("true", "false").__contains__, ("true", "false")),
    }[name]


def _colour(names: tuple[str, ...]) -> Callable[[str], bool]:
    known = frozenset(names)
    return lambda value: value.lower() in known or _COLOUR.fullmatch(value) is not None


def _length(written: str, name: str, units: list[str]) -> ValueType:
    ends = "|".join(re.escape(unit) for unit in units if unit not in ("plain", "auto"))
    optional = "?" if "plain" in units else ""
    sign = "-?" if name == "signed" else ""
    one = re.compile(f"{sign}{_NUMBER}(?:{ends}){optional}|0{'|auto' if 'auto' in units else ''}")
    most = _MOST_SIDES if name == "lengths" else 1

    def accepts(value: str) -> bool:
        parts = value.split(" ")
        return len(parts) <= most and all(one.fullmatch(part) for part in parts)

    example = _either([{"plain": "1.5", "auto": "auto"}.get(unit, f"10{unit}") for unit in units])
    sides = "one to four lengths, each such as" if most > 1 else "a length such as"
    return ValueType(written, f"{sides} {example}", accepts)


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
