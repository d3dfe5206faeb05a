"""The table of components, read from components.toml and html.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from .values import ValueType, value_type

_FOLDER = Path(__file__).parent


class Inside(Enum):
    """What stands between the tags of a component."""

    MJML = "mjml"
    HTML = "html"
    TEXT = "text"
    CSS = "css"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Component:
    """A component of MJML, as far as a mail may use it here."""

    name: str
    about: str
    inside: Inside
    children: tuple[str, ...]
    attributes: Mapping[str, tuple[ValueType, ...]]
    """By name; a value is right if one of the types accepts it."""
    needs: tuple[str, ...]
    once: bool


@dataclass(frozen=True, slots=True)
class Html:
    """The HTML that may stand inside components."""

    elements: frozenset[str]
    void: frozenset[str]
    """Elements that hold nothing and are not closed."""
    addresses: frozenset[str]
    """Attributes that lead somewhere."""
    prefixes: tuple[str, ...]
    refused: Mapping[str, str]
    """Elements that mails cannot hold, with what to do instead."""


@dataclass(frozen=True, slots=True)
class Table:
    """All that is known about MJML here."""

    components: Mapping[str, Component]
    unsupported: Mapping[str, str]
    """What MJML has and the compiler here does not, with what to do instead: `tag`, `tag attribute`,
    `tag attribute=value`, `tag > child`, `tag > child attribute` or `tag html`."""
    html: Html

    def parents(self, name: str) -> list[str]:
        """The components in which one may stand; mj-attributes, which shows nothing, last."""
        parents = [parent.name for parent in self.components.values() if name in parent.children]
        return sorted(parents, key="mj-attributes".__eq__)


@lru_cache(maxsize=1)
def table() -> Table:
    """The table, read once."""
    facts, html = _read("components.toml"), _read("html.toml")
    colours = tuple(html["colours"])
    groups = {name: _typed(group, colours) for name, group in facts["shared"].items()}
    everywhere = _typed(facts["everywhere"], colours)
    own = {name: _own(entry, groups, colours) for name, entry in facts["components"].items()}
    every = _union([*own.values(), everywhere])
    components = {}
    for name, entry in facts["components"].items():
        more = every if entry.get("any-attribute") else everywhere if _is_shown(name, facts["components"]) else {}
        components[name] = Component(
            name=name,
            about=entry["about"],
            inside=Inside(entry["inside"]),
            children=tuple(entry.get("children", ())),
            attributes={**more, **own[name]},
            needs=tuple(entry.get("needs", ())),
            once=entry.get("once", False),
        )
    return Table(components, facts["unsupported"], _html(html))


def _read(file: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / file).read_text(encoding="utf-8"))


def _typed(attributes: Mapping[str, str], colours: tuple[str, ...]) -> dict[str, tuple[ValueType, ...]]:
    return {name: (value_type(written, colours),) for name, written in attributes.items()}


def _own(
    entry: Mapping[str, Any], groups: Mapping[str, Mapping[str, tuple[ValueType, ...]]], colours: tuple[str, ...]
) -> dict[str, tuple[ValueType, ...]]:
    own: dict[str, tuple[ValueType, ...]] = {}
    for group in entry.get("shared", ()):
        own |= groups[group]
    return own | _typed(entry.get("attributes", {}), colours)


def _union(tables: list[dict[str, tuple[ValueType, ...]]]) -> dict[str, tuple[ValueType, ...]]:
    union: dict[str, tuple[ValueType, ...]] = {}
    for attributes in tables:
        for name, types in attributes.items():
            union[name] = tuple(dict.fromkeys((*union.get(name, ()), *types)))
    return union


def _is_shown(name: str, components: Mapping[str, Any]) -> bool:
    """Whether it is mj-body or may stand in what is: components of the head alone have no looks."""
    return name == "mj-body" or any(
        name in entry.get("children", ()) for parent, entry in components.items() if parent not in _HEAD
    )


_HEAD = ("mjml", "mj-head", "mj-attributes")


def _html(facts: Mapping[str, Any]) -> Html:
    return Html(
        elements=frozenset(facts["elements"]),
        void=frozenset(facts["void"]),
        addresses=frozenset(facts["addresses"]),
        prefixes=tuple(facts["prefixes"]),
        refused=facts["refused"],
    )
