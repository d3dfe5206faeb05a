"""Contrast (WCAG 2.1, 1.4.3), computed on the letter as it is sent: in light, and in dark by its own rules for that."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import css_inline
import tinycss2
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tinycss2.color4 import parse_color

from newsletter.contrast import ENOUGH, between, luminance_of

_LEAST_OF_LARGE = 3.0
_LARGE, _LARGE_BOLD = 24.0, 18.66
"""CSS pixels: 18 and 14 points."""
_BOLD = 600
_NORMAL_SIZE = 16.0
_HEADING_SIZES = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
_BOLD_TAGS = (*_HEADING_SIZES, "b", "strong", "th")
_DRESSED_TAGS = (*_BOLD_TAGS, "a")
_WORDS = ("font-weight", "display", "visibility")
_STYLES = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_SILENT_TAGS = ("style", "script", "title", "head")
_SPACES = ("srgb", "hsl", "hwb")
_TO_PIXELS = {"px": 1.0, "pt": 4 / 3}
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


class Colour(NamedTuple):
    """Red, green and blue from 0 to 1."""

    red: float
    green: float
    blue: float

    def __str__(self) -> str:
        """As `#1b4f86`."""
        return "#" + "".join(f"{round(part * 255):02x}" for part in self)

    @property
    def luminance(self) -> float:
        """How much light it gives, from 0 to 1."""
        return luminance_of(*self)


BLACK, WHITE, _LINK = Colour(0, 0, 0), Colour(1, 1, 1), Colour(0, 0, 238 / 255)


@dataclass(frozen=True, slots=True)
class Faint:
    """Words that do not stand out."""

    words: str
    is_dark: bool
    colour: Colour
    background: Colour
    ratio: float
    least: float


class _Look(NamedTuple):
    """What an element hands down to those inside it."""

    colour: Colour
    background: Colour
    size: float
    is_bold: bool


class _Paint(NamedTuple):
    """A colour that one may see through: `alpha` is 1 where one cannot."""

    colour: Colour
    alpha: float

    def over(self, behind: Colour) -> Colour:
        """What is seen."""
        if self.alpha == 1:
            return self.colour
        pairs = zip(self.colour, behind, strict=True)
        return Colour(*(part * self.alpha + under * (1 - self.alpha) for part, under in pairs))


class _Style(NamedTuple):
    """What a style attribute says of these; None where it says nothing."""

    colour: _Paint | None
    background: _Paint | None
    weight: str
    size: tuple[float, str] | None
    is_hidden: bool


def faint(html: str) -> list[Faint]:
    """The words of a mail whose contrast is too low, in order, in light and then in dark."""
    found = list(_walk(html, is_dark=False))
    rules = _dark_rules(html)
    if rules:
        head, end, rest = html.partition("</head>")
        found += _walk(f"{head}<style>{rules}</style>{end}{rest}", is_dark=True)
    return found


def ratio(one: Colour, other: Colour) -> float:
    """From 1, which is no contrast, to 21."""
    return between(one.luminance, other.luminance)


def _dark_rules(html: str) -> str:
    """The rules of `@media (prefers-color-scheme: dark)`, without what they are wrapped in."""
    return _dark_rules_of("\n".join(_STYLES.findall(html)))


@lru_cache(maxsize=16)
def _dark_rules_of(css: str) -> str:
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "".join(
        tinycss2.serialize(rule.content)
        for rule in rules
        if rule.type == "at-rule"
        and rule.lower_at_keyword == "media"
        and "prefers-color-scheme:dark" in tinycss2.serialize(rule.prelude).replace(" ", "").lower()
        and rule.content is not None
    )


def _walk(html: str, *, is_dark: bool) -> Iterator[Faint]:
    body = LexborHTMLParser(_inliner.inline(html)).body
    if body is not None:
        yield from _inside(body, _Look(BLACK, WHITE, _NORMAL_SIZE, is_bold=False), is_dark=is_dark)


def _inside(node: LexborNode, outer: _Look, *, is_dark: bool) -> Iterator[Faint]:
    attributes = node.attributes
    style = _style(attributes.get("style") or "")
    if style.is_hidden:
        return
    look = _look(node.tag or "", style, attributes.get("bgcolor") or "", outer)
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            yield from _judged(child.text_content or "", look, is_dark=is_dark)
        elif child.tag not in _SILENT_TAGS:
            yield from _inside(child, look, is_dark=is_dark)


def _judged(words: str, look: _Look, *, is_dark: bool) -> Iterator[Faint]:
    if not any(letter.isalnum() for letter in words):
        return
    is_large = look.size >= _LARGE or (look.is_bold and look.size >= _LARGE_BOLD)
    least = _LEAST_OF_LARGE if is_large else ENOUGH
    found = ratio(look.colour, look.background)
    if found < least:
        yield Faint(" ".join(words.split()), is_dark, look.colour, look.background, found, least)


def _look(tag: str, style: _Style, bgcolor: str, outer: _Look) -> _Look:
    """An element's look: what its tag, its style and its `bgcolor` change of the one around it."""
    if style is _NO_STYLE and not bgcolor and tag not in _DRESSED_TAGS:
        return outer
    paint = style.background or (_paint(tinycss2.parse_component_value_list(bgcolor)) if bgcolor else None)
    background = paint.over(outer.background) if paint else outer.background
    colour = style.colour.over(background) if style.colour else _LINK if tag == "a" else outer.colour
    is_bold = tag in _BOLD_TAGS or outer.is_bold
    if style.weight:
        is_bold = style.weight in ("bold", "bolder") or (style.weight.isdigit() and int(style.weight) >= _BOLD)
    size = outer.size * _HEADING_SIZES.get(tag, 1.0)
    if style.size:
        value, unit = style.size
        size = value * (outer.size if unit == "em" else _NORMAL_SIZE if unit == "rem" else _TO_PIXELS[unit])
    return _Look(colour, background, size, is_bold)


@lru_cache(maxsize=2048)
def _style(text: str) -> _Style:
    """What a style attribute says: of each name the last, but none after one that is important."""
    if not text:
        return _NO_STYLE
    found: dict[str, tuple[bool, list[Any]]] = {}
    for declaration in tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True):
        if declaration.type == "declaration":
            name = "background-color" if declaration.lower_name == "background" else declaration.lower_name
            if declaration.important or not found.get(name, (False,))[0]:
                found[name] = (declaration.important, declaration.value)
    told = {name: value for name, (_, value) in found.items()}
    words = {name: tinycss2.serialize(told[name]).strip().lower() for name in _WORDS if name in told}
    return _Style(
        colour=_paint(told.get("color", ())),
        background=_paint(told.get("background-color", ())),
        weight=words.get("font-weight", ""),
        size=_size(told.get("font-size", ())),
        is_hidden=words.get("display") == "none" or words.get("visibility") == "hidden",
    )


def _paint(value: Iterable[Any]) -> _Paint | None:
    """The first colour that a value names."""
    for token in value:
        colour = parse_color(token) if token.type in ("hash", "ident", "function") else None
        if colour is not None and getattr(colour, "space", "") in _SPACES:  # what no mail program shows is passed over
            return _Paint(Colour(*colour.to("srgb").coordinates), colour.alpha)
    return None


def _size(value: Iterable[Any]) -> tuple[float, str] | None:
    for token in value:
        if token.type == "dimension" and token.lower_unit in (*_TO_PIXELS, "em", "rem"):
            return token.value, token.lower_unit
        if token.type == "percentage":
            return token.value / 100, "em"
    return None


_NO_STYLE = _Style(None, None, "", None, is_hidden=False)
