"""The archive as an Atom feed (RFC 4287)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from newsletter.rendering.targets import ascii_host

ATOM = "http://www.w3.org/2005/Atom"
CONTENT_TYPE = "application/atom+xml; charset=utf-8"
_XML = "http://www.w3.org/XML/1998/namespace"


@dataclass(frozen=True, slots=True)
class Entry:
    """One issue. `content` is HTML, the other texts are plain."""

    name: str
    """Of the issue, for ever, such as `2026-12`."""
    language: str
    url: str
    title: str
    summary: str
    content: str
    published_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """The feed of an organization in one language."""

    base_url: str
    organization: str
    since: datetime
    """When the organization began here: nothing is older."""
    language: str
    title: str
    archive_url: str
    feed_url: str

    def written(self, entries: Iterable[Entry]) -> bytes:
        """The document, its entries in the order given."""
        entries = list(entries)
        register_namespace("", ATOM)
        feed = Element(f"{{{ATOM}}}feed", {f"{{{_XML}}}lang": self.language})
        _text(feed, "id", self._tag("feed", self.language))
        _text(feed, "title", self.title)
        _text(feed, "updated", _moment(max((entry.updated_at for entry in entries), default=self.since)))
        _link(feed, "self", self.feed_url, "application/atom+xml")
        _link(feed, "alternate", self.archive_url, "text/html")
        _text(SubElement(feed, f"{{{ATOM}}}author"), "name", self.organization)
        for entry in entries:
            self._add(feed, entry)
        written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
        return written

    def _add(self, feed: Element, entry: Entry) -> None:
        made = SubElement(feed, f"{{{ATOM}}}entry", {f"{{{_XML}}}lang": entry.language})
        _text(made, "id", self._tag("issue", entry.name, self.language))
        _text(made, "title", entry.title)
        _text(made, "published", _moment(entry.published_at))
        _text(made, "updated", _moment(entry.updated_at))
        _link(made, "alternate", entry.url, "text/html")
        if entry.summary:
            _text(made, "summary", entry.summary)
        content = _text(made, "content", entry.content)
        content.set("type", "html")

    def _tag(self, *names: str) -> str:
        """A name that nobody else gives (RFC 4151), by the host that was ours on the day the organization began."""
        host = ascii_host(urlsplit(self.base_url).hostname or "localhost").lower()
        day: date = self.since.astimezone(UTC).date()
        return f"tag:{host},{day.isoformat()}:{'/'.join(names)}"


def _text(parent: Element, name: str, text: str) -> Element:
    made = SubElement(parent, f"{{{ATOM}}}{name}")
    made.text = text
    return made


def _link(parent: Element, rel: str, href: str, kind: str) -> None:
    SubElement(parent, f"{{{ATOM}}}link", {"rel": rel, "type": kind, "href": href})


def _moment(moment: datetime) -> str:
    """As RFC 3339 writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
