"""The stylesheet in an organization's own colour."""

import re

from newsletter.contrast import mixed, readable

_SURFACES = ("paper", "surface")
_TINT, _DARK_TINT = 0.1, 0.15
_STRONG = 7.0
"""The contrast of what is pointed at, and of light text in the dark, where colours glare."""
_SHEET = """
:root {{ {light} }}
@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
"""


def in_colour(sheet: str, colour: str) -> str:
    """The sheet with the accents of that colour after its own, in light and in dark; as it is where it has none."""
    if not colour or "--accent" not in sheet:
        return sheet
    light, dark = zip(*(re.findall(rf"--{name}: (#\w{{6}})", sheet)[:2] for name in _SURFACES), strict=True)
    return sheet + _SHEET.format(light=_written(_by_day(colour, light)), dark=_written(_by_night(colour, dark)))


def _by_day(colour: str, surfaces: tuple[str, ...]) -> dict[str, str]:
    tint = mixed(colour, surfaces[-1], _TINT)
    return {
        "accent": readable(colour, (*surfaces, tint)),
        "accent-strong": readable(colour, (*surfaces, tint), _STRONG),
        "accent-tint": tint,
        "on-accent": "#FFFFFF",
    }


def _by_night(colour: str, surfaces: tuple[str, ...]) -> dict[str, str]:
    accent = readable(colour, surfaces, _STRONG)
    tint = mixed(accent, surfaces[0], _DARK_TINT)
    return {
        "accent": readable(accent, (*surfaces, tint)),
        "accent-strong": mixed("#FFFFFF", accent, 0.5),
        "accent-tint": tint,
        "on-accent": surfaces[0],
    }


def _written(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())
