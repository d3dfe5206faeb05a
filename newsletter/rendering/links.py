"""The links of an issue: each target has a number that its click URLs carry."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from newsletter.issues.document import Document, Section, SectionKind
from newsletter.tokens import FIRST_LINK

from . import answers, hidden_links, markdown, raw_mjml
from .content import LinkSlot, Marks
from .markdown import Body
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
    def of(cls, document: Document, utm: Mapping[str, str] | None = None, *, hidden: bool = False) -> "LinkTable":
        """Every web link of every section and language, once, in the document's order; the hidden one after them."""
        table = cls(utm)
        for section in document.sections:
            for href, label in _links_of(section):
                table.number(href, label)
        if hidden:
            table.number(hidden_links.TARGET, hidden_links.LABEL)
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
        target = self._target(href)
        row = self._rows.setdefault(target, LinkRow(self.last + 1, target, label))
        return row.no

    def slot(self, href: str) -> LinkSlot | None:
        """The slot of a numbered target; none for what nobody counts, such as an address."""
        row = self._rows.get(self._target(href))
        return LinkSlot(row.no) if row is not None else None

    def _target(self, href: str) -> str:
        is_ours = answers.is_answer(href) or hidden_links.is_hidden(href)
        return href if is_ours else self._tagged(on_the_wire(href))

    def _tagged(self, target: str) -> str:
        """The target with the list's UTM parameters, before its fragment; those it has already stay."""
        present = {part.partition("=")[0] for part in urlsplit(target).query.split("&")}
        added = "&".join(f"{key}={quote(value, safe='')}" for key, value in self._utm.items() if key not in present)
        if not added:
            return target
        before, hash_sign, fragment = target.partition("#")
        return f"{before}{'&' if '?' in before else '?'}{added}{hash_sign}{fragment}"


def _links_of(section: Section) -> Iterator[tuple[str, str]]:
    if section.kind is SectionKind.MJML:
        for text in section.bodies:
            yield from raw_mjml.links(text.text)
        return
    marks = Marks(body.text for body in section.bodies)
    read = [markdown.read(body.text, marks) for body in section.bodies]
    url = section.attributes.get("url", "")
    if is_web(url):
        titles = [markdown.words(body.title) for body in read]
        yield url, marks.expressions(next((title for title in titles if title), section.key))
    if section.kind is SectionKind.QUESTION:
        yield from _answers_of(section.key, read, marks)
    for body in read:
        yield from ((link.href, link.label) for link in markdown.links(body, marks) if is_web(link.href))


def _answers_of(key: str, bodies: Sequence[Body], marks: Marks) -> Iterator[tuple[str, str]]:
    """One link an answer, whatever the language: the words are those of the first that has so many."""
    told = [markdown.answers(body) for body in bodies]
    for number in range(1, max((len(said.labels) for said in told), default=0) + 1):
        label = next(said.labels[number - 1] for said in told if len(said.labels) >= number)
        yield answers.target(key, number), marks.expressions(markdown.words(label))
