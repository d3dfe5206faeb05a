"""The words, links, pictures and headings of a section of raw MJML."""

from html.parser import HTMLParser

from newsletter.rendering.raw_mjml import LINKS

from .parts import Block, Heading, Image, Link, Parts

_PICTURES = ("mj-image", "img")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = ("mj-text", "mj-button", "p", "li", "td", "th", "div", *_HEADINGS)


def read(text: str, first_line: int) -> Parts:
    """What the MJML of a section says; `first_line` is the line of the file on which it begins."""
    reader = _Reader(first_line)
    reader.feed(text)
    reader.close()
    reader.end_block()
    return reader.parts


class _Reader(HTMLParser):
    """Collects the parts as the tags open and close."""

    def __init__(self, first_line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.parts = Parts()
        self._before = first_line - 1
        self._words = ""
        self._line = first_line
        self._link: tuple[str, int, str] | None = None
        self._linked = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block, a link or a picture begins."""
        told = {name: value or "" for name, value in attrs}
        line = self._before + self.getpos()[0]
        if tag in _BLOCKS:
            self.end_block()
        if tag in _PICTURES:
            self.parts.images.append(Image(line, told.get("src", ""), told.get("alt")))
            self._linked += told.get("alt", "")
        if tag in LINKS and "href" in told:
            self._link, self._linked = (tag, line, told["href"]), ""
        elif tag == "mj-image" and told.get("href"):
            self.parts.links.append(Link(line, told["href"], told.get("alt", "")))

    def handle_endtag(self, tag: str) -> None:
        """A link or a block ends."""
        if self._link and self._link[0] == tag:
            self.parts.links.append(Link(self._link[1], self._link[2], " ".join(self._linked.split())))
            self._link = None
        if tag in _BLOCKS:
            self.end_block(tag)

    def handle_data(self, data: str) -> None:
        """Words; white space at the beginning of a block does not count."""
        if not self._words.strip():
            skipped = data[: len(data) - len(data.lstrip())]
            self._line = self._before + self.getpos()[0] + skipped.count("\n")
            self._words, data = "", data.lstrip()
        self._words += data
        self._linked += data

    def end_block(self, tag: str = "") -> None:
        """The words so far are a block, a heading where the tag says so."""
        words = self._words.rstrip()
        if words:
            self.parts.blocks.append(Block(self._line, words, is_heading=tag in _HEADINGS))
            if tag in _HEADINGS:
                self.parts.headings.append(Heading(self._line, int(tag[1]), words))
        self._words = ""
