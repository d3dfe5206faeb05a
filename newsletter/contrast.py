"""How well two colours are told apart, as the Web Content Accessibility Guidelines count it (WCAG 2.2, 1.4.3).

Colours are written as `#rrggbb`.
"""

import colorsys
import re
from collections.abc import Iterable

ENOUGH = 4.5
"""The least contrast of text with what it stands on."""
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_MIDDLE = 0.18
"""The luminance that black and white stand out from equally."""
_STEPS = 255


def is_colour(text: str) -> bool:
    """Whether the text is a colour as we write them."""
    return _COLOUR.fullmatch(text) is not None


def luminance(colour: str) -> float:
    """From 0 for black to 1 for white, as the eye sees it."""
    return luminance_of(*_channels(colour))


def luminance_of(red: float, green: float, blue: float) -> float:
    """The same, of a colour's parts from 0 to 1."""
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def contrast(a: str, b: str) -> float:
    """From 1 for the same colour to 21 for black on white; the order does not matter."""
    return between(luminance(a), luminance(b))


def between(a: float, b: float) -> float:
    """The same, of two luminances."""
    darker, lighter = sorted((a, b))
    return (lighter + 0.05) / (darker + 0.05)


def stands_out(colour: str, surfaces: Iterable[str], enough: float = ENOUGH) -> bool:
    """Whether text of this colour can be read on each of the surfaces."""
    return all(contrast(colour, surface) >= enough for surface in surfaces)


def readable(colour: str, surfaces: Iterable[str], enough: float = ENOUGH) -> str:
    """The nearest colour of the same hue that stands out from surfaces which are all light, or all dark."""
    behind = tuple(surfaces)
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    end = 0.0 if luminance(behind[0]) > _MIDDLE else 1.0
    found = colour
    for step in range(1, _STEPS + 1):
        if stands_out(found, behind, enough):
            break
        moved = lightness + (end - lightness) * step / _STEPS
        found = _written(*colorsys.hls_to_rgb(hue, moved, saturation))
    return found


def mixed(colour: str, surface: str, share: float) -> str:
    """A tint: so much of the colour, from 0 to 1, over the surface."""
    pairs = zip(_channels(colour), _channels(surface), strict=True)
    return _written(*(over * share + under * (1 - share) for over, under in pairs))


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB


def _written(*channels: float) -> str:
    return "#" + "".join(f"{round(channel * 255):02X}" for channel in channels)
