"""The feed, read by the rules of RFC 4287 (Atom), RFC 4151 (tag URIs) and RFC 3339 (times)."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, fromstring

import httpx
import pytest

from newsletter.clock import Clock
from newsletter.web.feeds import ATOM
from subscribers.db import Database
from tests.support.archives import SHORT, SIX_LANGUAGES, publish
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

TAG = re.compile(r"tag:[a-z0-9][a-z0-9.-]*,\d{4}-\d\d-\d\d:[\w./~-]+")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock, languages="en es", base_url="https://news.school.example")
    database.close()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def children(parent: Element, name: str) -> list[Element]:
    return parent.findall(f"{{{ATOM}}}{name}")


def text(parent: Element, name: str) -> str:
    """What stands in the one element of a name."""
    [element] = children(parent, name)
    assert element.text
    return element.text


def links(parent: Element) -> dict[str, str]:
    found = [(link.attrib["rel"], link.attrib["href"]) for link in children(parent, "link")]
    assert len(dict(found)) == len(found)  # 4.1.1, 4.1.2: one alternate of a type and language
    assert all(href.startswith("https://") for _, href in found)
    return dict(found)


def faults(feed: Element) -> list[str]:
    """What breaks a rule of RFC 4287."""
    found = [] if feed.tag == f"{{{ATOM}}}feed" else ["4.1.1: the document is no feed"]
    for part in (feed, *children(feed, "entry")):
        found += [
            f"4.1: {part.tag} has not one {name}"
            for name in ("id", "title", "updated")
            if len(children(part, name)) != 1
        ]
        found += [f"4.2.6: {one.text}" for one in children(part, "id") if not TAG.fullmatch(one.text or "")]
        moments = [*children(part, "updated"), *children(part, "published")]
        found += [f"3.3: {one.text}" for one in moments if not MOMENT.fullmatch(one.text or "")]
    if not children(feed, "author") or not children(children(feed, "author")[0], "name"):
        found.append("4.1.1: no author of the feed, nor of its entries")
    ids = [one.text for part in (feed, *children(feed, "entry")) for one in children(part, "id")]
    return found + (["4.1.1: an id twice"] if len(set(ids)) < len(ids) else [])


def the_feed(client: httpx.Client, query: str = "") -> Element:
    answer = client.get(f"/feed.xml{query}")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = fromstring(answer.content)  # noqa: S314 - our own
    assert faults(feed) == []
    return feed


class _Well(HTMLParser):
    """Notes what is opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in ("br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_an_empty_feed_is_a_feed(world: World, client: httpx.Client) -> None:
    feed = the_feed(client)
    assert children(feed, "entry") == []
    assert datetime.fromisoformat(text(feed, "updated")) == world.app.organization.created_at.replace(microsecond=0)


def test_each_issue_is_an_entry_newest_first(world: World, client: httpx.Client) -> None:
    sent = datetime(2026, 12, 1, 9, 30, 15, 5, tzinfo=UTC)
    publish(world, SHORT.replace("2026-12", "2026-11"), sent_at=sent - timedelta(days=30))
    issue_id = publish(world, SIX_LANGUAGES, sent_at=sent)
    publish(world, SIX_LANGUAGES, issue_id=issue_id, sent_at=sent + timedelta(hours=2))
    feed = the_feed(client)
    entry, older = children(feed, "entry")
    assert (text(entry, "title"), text(older, "title")) == ("Small bridges, big steps", "Small bridges")
    assert text(entry, "summary") == "Two dates and one goal for December."
    assert children(older, "summary") == []
    assert text(entry, "published") == "2026-12-01T09:30:15Z"
    assert text(entry, "updated") == text(feed, "updated") == "2026-12-01T11:30:15Z"
    assert links(entry) == {"alternate": "https://news.school.example/archive/2026-12?language=en"}


def test_the_feed_names_itself_and_its_page(client: httpx.Client) -> None:
    assert links(the_feed(client, "?language=es")) == {
        "self": "https://news.school.example/feed.xml?language=es",
        "alternate": "https://news.school.example/archive?language=es",
    }


def test_the_feed_speaks_the_organizations_first_language_or_the_one_asked_for(
    world: World, client: httpx.Client
) -> None:
    publish(world)
    spanish = the_feed(client, "?language=es")
    assert (spanish.attrib[LANG], text(children(spanish, "entry")[0], "title")) == ("es", "Puentes pequeños")
    with httpx.Client(base_url=client.base_url, headers={"Accept-Language": "es"}) as other:
        assert the_feed(other).attrib[LANG] == "en"
    assert the_feed(client, "?language=xx").attrib[LANG] == "en"


def test_ids_never_change_and_are_other_ones_in_another_language(world: World, client: httpx.Client) -> None:
    publish(world)
    day = f"{world.app.organization.created_at:%Y-%m-%d}"
    before = text(children(the_feed(client), "entry")[0], "id")
    assert before == f"tag:news.school.example,{day}:issue/2026-12/en"
    publish(world, SHORT.replace("Small", "Other"))
    newer, same = children(the_feed(client), "entry")
    assert text(same, "id") == before
    assert text(newer, "id") == f"tag:news.school.example,{day}:issue/2026-12-2/en"
    spanish = children(the_feed(client, "?language=es"), "entry")[1]
    assert text(spanish, "id").endswith("issue/2026-12/es")


def test_an_entry_carries_the_whole_issue_as_html(world: World, client: httpx.Client) -> None:
    publish(world, SIX_LANGUAGES)
    [content] = children(children(the_feed(client), "entry")[0], "content")
    html = content.text or ""
    assert content.attrib["type"] == "html"
    for said in ("Welcome, friend", "Tuesday, December 8, 2026", "For elementary families", "Ana R.", "So-so"):
        assert said in html
    for unsaid in ("Only those of a rule", "Raw words", "style=", "<script", "slotq"):
        assert unsaid not in html
    reader = _Well()
    reader.feed(html)
    reader.close()
    assert reader.open == []


def test_characters_that_xml_cannot_hold_do_not_break_the_feed(world: World, client: httpx.Client) -> None:
    publish(world, SHORT.replace("Small bridges", '"Small \\x01 & <b>"').replace("## One", "## One \x0b & <i>"))
    entry = children(the_feed(client), "entry")[0]
    assert text(entry, "title") == "Small   & <b>"
