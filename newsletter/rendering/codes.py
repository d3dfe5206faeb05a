"""Web addresses as QR codes (ISO/IEC 18004), for paper."""

from functools import lru_cache

import segno
from markupsafe import Markup

_LONGEST = 1200
"""Longer ones make a code too fine for a telephone's camera."""
_QUIET_ZONE = 4
"""In modules, as the standard asks."""
FINE = 49
"""Codes of more modules a side are printed larger."""


@lru_cache(maxsize=512)
def code(url: str) -> tuple[Markup, int] | None:
    """The code as SVG of a page, black on white, and its modules a side; None for an address too long to scan."""
    if len(url) > _LONGEST:
        return None
    made = segno.make_qr(url, error="m", boost_error=False)
    side = len(made.matrix)
    svg = made.svg_inline(border=_QUIET_ZONE, light="#fff", omitsize=True, svgclass=None, lineclass=None)
    return Markup(svg), side  # noqa: S704 - made of numbers alone
