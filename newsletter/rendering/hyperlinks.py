"""The web links of a section in the order in which they are read, with the words that they are on."""

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

from .sections import View
from .targets import is_web

_LONGEST_SHORT = 48


@dataclass(frozen=True, slots=True)
class Hyperlink:
    """A web address and what is said of it."""

    url: str
    words: str

    @property
    def short(self) -> str:
        """The address as people write it down: without its scheme, and cut where it is long."""
        parts = urlsplit(self.url)
        rest = self.url.partition("://")[2].removeprefix("www.")
        short = rest.rstrip("/") if parts.path in ("", "/") and not parts.query else rest
        return short if len(short) <= _LONGEST_SHORT else f"{short[: _LONGEST_SHORT - 1]}…"


def hyperlinks(view: View) -> tuple[Hyperlink, ...]:
    """The web links of a section whose HTML is finished: its own first, then those of its title and its body."""
    own = [Hyperlink(view.url, view.url_label)] if is_web(view.url) else []
    found = _Reader()
    found.feed(f"{view.title} {view.body}")
    found.close()
    return tuple({link.url: link for link in reversed([*own, *found.links]) if is_web(link.url)}.values())[::-1]


class _Reader(HTMLParser):
    """Collects links from the HTML that Markdown makes; it never nests them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[Hyperlink] = []
        self._url = ""
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._url, self._words = dict(attrs).get("href") or "", []
        elif tag == "img":
            self._words.append(dict(attrs).get("alt") or "")

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._url:
            self.links.append(Hyperlink(self._url, " ".join("".join(self._words).split())))
            self._url = ""
