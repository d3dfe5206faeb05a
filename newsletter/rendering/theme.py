"""The templates of mails, and what a theme brings to them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from newsletter.errors import NewsletterError
from newsletter.folders import templates_folder

from .brands import finished

USUAL = "monthly"
"""The theme of what names none."""
_SHARED = "parts/looks.toml"
"""What themes have in common; each says in its own file what it has otherwise."""
_LONGEST_RULE = 60
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class ThemeUnknown(NewsletterError):
    """There is no such theme. Use one that has a folder in templates/mail, such as: monthly."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A folder of `templates/mail` with its colours and looks."""

    name: str
    looks: Mapping[str, Any]
    """Of `theme.toml`: the tables light, dark, bands and elements, fonts and sizes."""

    @property
    def elements(self) -> Mapping[str, str]:
        """The inline style of each element that Markdown makes."""
        elements: Mapping[str, str] = self.looks["elements"]
        return elements


@lru_cache(maxsize=64)
def load(name: str, colour: str = "") -> Theme:
    """Read a theme, in an organization's colour where it has one of its own. Raises `ThemeUnknown`."""
    known = [file.parent.name for file in _mail_folder().glob("*/theme.toml")]
    if name not in known:
        raise ThemeUnknown(f"There is no theme {name!r}. There is: {', '.join(sorted(known))}.")
    looks = _merged(_read(_SHARED), _read(f"{name}/theme.toml"))
    return Theme(name, finished(looks, colour))


def _read(file: str) -> dict[str, Any]:
    return tomllib.loads((_mail_folder() / file).read_text(encoding="utf-8"))


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What is shared, with a theme's own values in their places, tables within tables too."""
    merged = {**shared, **own}
    for name in shared.keys() & own.keys():
        if isinstance(shared[name], dict):
            merged[name] = _merged(shared[name], own[name])
    return merged


def render(template: str, facts: Mapping[str, Any]) -> str:
    """Fill in a template of `templates/mail`; what is MJML is escaped."""
    return _environment().get_template(template).render(facts)


def printable(text: str) -> str:
    """A text without what no mail and no XML can hold."""
    return _UNPRINTABLE.sub("", text)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_mail_folder()),
        autoescape=select_autoescape(("mjml",), default=False),
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["heading"] = _underlined
    return environment


def _printable(value: Any) -> Any:
    """A value without what no mail can hold; one such character stops the MJML parser."""
    return type(value)(printable(value)) if isinstance(value, str) and _UNPRINTABLE.search(value) else value


def _underlined(text: str) -> str:
    return f"{text}\n{'-' * min(len(text), _LONGEST_RULE)}"


def _mail_folder() -> Path:
    return templates_folder() / "mail"
