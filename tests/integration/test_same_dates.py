"""One issue in every format and language: each says the same days, times and places, in the same words."""

import html
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import fromstring

import httpx
import pytest

from newsletter.clock import Clock
from newsletter.rendering.dates import When
from newsletter.rendering.pages import Audience, issue_page
from newsletter.web.feeds import ATOM
from subscribers.db import Database
from tests.integration.test_pdf import WHY_NOT
from tests.support.archives import BANDS, LANGUAGES, SIX_LANGUAGES, publish, six_languages
from tests.support.mails import content_of, identity, mail
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

PDF_TO_TEXT = shutil.which("pdftotext")
"""Of poppler-utils."""


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    world = new_world(database, clock, languages=" ".join(LANGUAGES))
    publish(world, SIX_LANGUAGES)
    yield world
    database.close()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def of_mail(language: str) -> Mapping[str, str]:
    sent = mail(content_of(six_languages(), language))
    return {"mail as HTML": plain(sent.html), "mail as text": words(sent.text)}


def of_web(client: httpx.Client, language: str) -> Mapping[str, str]:
    def page(form: str) -> str:
        answer = client.get(f"/archive/2026-12{form}?language={language}")
        assert answer.status_code == 200
        return plain(answer.text)

    feed = fromstring(client.get(f"/feed.xml?language={language}").content)  # noqa: S314 - our own
    return {
        "web page": page(""),
        "page to print": page("/print"),
        "feed": plain(feed.findtext(f".//{{{ATOM}}}content") or ""),
    }


def plain(page: str) -> str:
    """The words of a page."""
    return words(html.unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)))


def words(text: str) -> str:
    """Without what is only space, or only steers directions."""
    return " ".join(re.sub("[\\u2066-\\u2069\\u200e\\u200f]", "", text).split())


def told(language: str) -> list[str]:
    """What the issue says of when and where."""
    views = [part.view for part in issue_page(six_languages(), identity(), Audience(language, (), BANDS), {}).parts]
    moments = [view.when for view in views if isinstance(view.when, When)]
    assert len(moments) == 2
    facts = [*(when.day for when in moments), *(when.time for when in moments), *(view.until for view in views)]
    return [words(fact) for fact in (*facts, *(view.place for view in views)) if fact]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_format_says_the_same_dates(client: httpx.Client, language: str) -> None:
    facts = told(language)
    assert len(facts) == 6  # two days, one time, the goal's end, two places
    for name, text in {**of_mail(language), **of_web(client, language)}.items():
        for fact in facts:
            assert fact in text, f"{name} in {language}"


@pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
@pytest.mark.skipif(PDF_TO_TEXT is None, reason="needs pdftotext, of poppler-utils")
@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "ar"])
def test_the_pdf_says_the_same_dates(client: httpx.Client, language: str, tmp_path: Path) -> None:
    """Not in Arabic: what is shaped from right to left comes out of pdftotext in another order."""
    file = tmp_path / "issue.pdf"
    file.write_bytes(client.get(f"/archive/2026-12.pdf?language={language}").content)
    read = subprocess.run([PDF_TO_TEXT or "", file, "-"], capture_output=True, check=True, text=True).stdout
    for fact in told(language):
        assert fact.replace(" ", "") in words(read).replace(" ", "")
