"""A compiled mail as some readers see it: in the dark, or with pictures off."""

import re

_DARK = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
_SOURCE = re.compile(r"""(<img\b[^>]*?)\ssrc=(?:"[^"]*"|'[^']*')""", re.IGNORECASE)
_BACKGROUND = re.compile(r"""\sbackground=(?:"[^"]*"|'[^']*')|background(?:-image)?:\s*url\([^)]*\)[^;"']*;?""")


def in_the_dark(html: str) -> str:
    """The mail as a program shows it whose reader asked for dark colours."""
    return _DARK.sub("@media all", html).replace("color-scheme: light dark", "color-scheme: dark")


def without_pictures(html: str) -> str:
    """The mail as a program shows it that fetches no pictures: their words stand in for them."""
    return _BACKGROUND.sub("", _SOURCE.sub(r"\1", html))
