"""An organization's own colour in a theme, and its logo on top of a letter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.contrast import readable

from .pictures import Pictures, picture_of
from .readers import Brand
from .targets import is_web

HIGHEST_LOGO = 48
"""In pixels."""
_COMFORTABLE = 7.0
"""The contrast of light text in the dark, where colours glare."""
_SURFACES = ("page", "card", "panel")
_ON_COLOUR = "#FFFFFF"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as high as a letter shows it; its width is 0 where nobody knows it."""

    url: str
    width: int
    height: int


def finished(looks: Mapping[str, Any], colour: str) -> dict[str, Any]:
    """A theme's looks with a colour in the place of its own, and the colours that its elements name."""
    coloured = _coloured(looks, colour) if colour else dict(looks)
    elements = {tag: style.format_map(coloured["light"]) for tag, style in coloured["elements"].items()}
    return {**coloured, "elements": elements}


def _coloured(looks: Mapping[str, Any], colour: str) -> dict[str, Any]:
    """The colour on light surfaces, and its twin on dark ones."""
    light, dark = looks["light"], looks["dark"]
    link = readable(colour, [light[name] for name in _SURFACES])
    twin = readable(colour, [dark[name] for name in _SURFACES], _COMFORTABLE)
    return {
        **looks,
        "light": {**light, "link": link, "button": colour, "button_text": _ON_COLOUR},
        "dark": {**dark, "link": twin, "button": twin, "button_text": dark["page"]},
        "bands": {**looks["bands"], "other": {"light": link, "dark": twin}},
    }


def logo_of(brand: Brand, pictures: Pictures) -> Logo | None:
    """What stands on top of a letter; None where there is no logo, or nobody stored the one that is named."""
    picture = picture_of(brand.logo, pictures)
    if not is_web(picture.url):
        return None
    height = min(picture.height or HIGHEST_LOGO, HIGHEST_LOGO)
    return Logo(picture.url, round(picture.width * height / picture.height) if picture.height else 0, height)
