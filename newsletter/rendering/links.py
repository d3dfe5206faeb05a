"""The links of an issue: each target has a number that its click URLs carry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from newsletter.issues.document import Document, Section
from newsletter.tokens import FIRST_LINK

from . import markdown
from .content import LinkSlot, Marks
from .targets import is_web, on_the_wire


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A tracked target as the ledger keeps it."""

    no: int
    target: str
    label: str


class LinkTable:
    """Numbers from `FIRST_LINK` up, one a target; the same document always gives the same numbers."""

    def __init__(self, utm: Mapping[str, str] | None = None) -> None:
        self._utm = dict(utm or {})
        self._rows: dict[str, LinkRow] = {}

    @classmethod
    def of(cls, document: Document, utm: Mapping[str, str] | None = None) -> "LinkTable":
        """Every web link of every section and language, once, in the document's order."""
        table = cls(utm)
        for section in document.sections:
            for href, label in _links_of(section):
                table.number(href, label)
        return table

    @property
    def rows(self) -> tuple[LinkRow, ...]:
        """All links, by number."""
        return tuple(self._rows.values())

    @property
    def last(self) -> int:
        """The highest number given; below `FIRST_LINK` where there is no link."""
        return FIRST_LINK + len(self._rows) - 1

    def number(self, href: str, label: str) -> int:
        """The number of a target; the first words it was seen on are its label."""
        target = self._tagged(on_the_wire(href))
        row = self._rows.setdefault(target, LinkRow(self.last + 1, target, label))
        return row.no

    def slot(self, href: str) -> LinkSlot | None:
        """The slot of a numbered target; none for what is not a web page, such as an address."""
        row = self._rows.get(self._tagged(on_the_wire(href))) if is_web(href) else None
        return LinkSlot(row.no) if row is not None else None

    def _tagged(self, target: str) -> str:
        """The target with the list's UTM parameters, before its fragment; those it has already stay."""
        present = {part.partition("=")[0] for part in urlsplit(target).query.split("&")}
        added = "&".join(f"{key}={quote(value, safe='')}" for key, value in self._utm.items() if key not in present)
        if not added:
            return target
        before, hash_sign, fragment = target.partition("#")
        return f"{before}{'&' if '?' in before else '?'}{added}{hash_sign}{fragment}"


def _links_of(section: Section) -> Iterator[tuple[str, str]]:
    marks = Marks(body.text for body in section.bodies)
    bodies = [markdown.read(body.text, marks) for body in section.bodies]
    url = section.attributes.get("url", "")
    if is_web(url):
        titles = [markdown.title_text(body) for body in bodies]
        yield url, marks.expressions(next((title for title in titles if title), section.key))
    for body in bodies:
        yield from ((link.href, link.label) for link in markdown.links(body, marks) if is_web(link.href))
