"""Sections of raw MJML: it stands in the letter as it is typed, but for links, pictures and merge fields."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

from newsletter.issues import raw_targets

from . import merge
from .content import Marks
from .targets import is_web

LINKS = ("mj-button", "a", "mj-navbar-link", "mj-social-element")
"""The tags that lead somewhere, with words inside."""
_BLOCKS = ("mj-text", "mj-button", "p", "h1", "h2", "h3", "h4", "li", "tr", "br", "div", "mj-image")


def marked(text: str, href: Callable[[str], str], src: Callable[[str], str], marks: Marks) -> str:
    """The MJML with marks for its merge fields; `href` and `src` say what stands for a target and for a picture.

    Raises `MergeFieldRefused`.
    """

    def stands(name: str, target: str) -> str:
        return href(target) if name == raw_targets.HREF else src(target)

    pieces = merge.split(raw_targets.rewritten(text, stands))
    return "".join(piece if isinstance(piece, str) else marks.slot(piece) for piece in pieces)


def links(text: str) -> Iterator[tuple[str, str]]:
    """The web pages it leads to, each with the words it is on."""
    reader = _Reader(lambda target: target)
    reader.feed(text)
    yield from ((target, label or target) for target, label in reader.found if is_web(target))


def plain(text: str, href: Callable[[str], str], marks: Marks) -> str:
    """What it says as a letter in plain text, links on lines of their own."""
    reader = _Reader(href)
    reader.feed("".join(piece if isinstance(piece, str) else marks.slot(piece) for piece in merge.split(text)))
    lines = "".join(reader.written).splitlines()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in lines)).strip()


class _Reader(HTMLParser):
    """Collects words and links."""

    def __init__(self, href: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self._href = href
        self._open: list[tuple[str, str]] = []
        self._label = ""
        self.written: list[str] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A link opens, or a block begins."""
        told = dict(attrs)
        if tag in _BLOCKS:
            self.written.append("\n")
        if tag in ("mj-image", "img"):
            self.written.append(told.get("alt") or "")
        if tag in LINKS or (tag == "mj-image" and told.get("href")):
            self._open.append((tag, told.get("href") or ""))
            self._label = told.get("alt") or ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content is opened and closed."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """A link ends: its target follows on a line of its own."""
        if self._open and self._open[-1][0] == tag:
            _, target = self._open.pop()
            if target:
                self.found.append((target, " ".join(self._label.split())))
                self.written.append(f"\n{self._href(target)}\n")
        if tag in _BLOCKS:
            self.written.append("\n")

    def handle_data(self, data: str) -> None:
        """Words."""
        self.written.append(data)
        self._label += data
