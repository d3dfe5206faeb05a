"""What raw MJML leads to and shows: the one reader of its `href`, `src` and `background-url`."""

import re
from collections.abc import Callable, Iterator
from html import escape, unescape

HREF = "href"
_TARGET = re.compile(r"""(?P<name>\b(?:href|src|background-url))\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""")


def targets(text: str) -> Iterator[str]:
    """Every target, as a reader's program would understand it."""
    return map(_target, _TARGET.finditer(text))


def rewritten(text: str, stands: Callable[[str, str], str]) -> str:
    """The MJML with what `stands` for the name of each attribute and its target."""
    return _TARGET.sub(lambda found: f'{found["name"]}="{escape(stands(found["name"], _target(found)))}"', text)


def _target(found: re.Match[str]) -> str:
    return unescape(found["double"] if found["double"] is not None else found["single"])
