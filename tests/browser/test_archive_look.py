"""The archive in a real browser: everybody can read and use it, on a small telephone, in the dark and on paper."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from newsletter.campaigns import streams
from newsletter.campaigns.streams import TEST
from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign
from newsletter.rendering.sheets import sheet
from newsletter.rendering.variants import Variant
from newsletter.tokens import VIEW_LINK
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from tests.support.accessibility import violations
from tests.support.archives import LANGUAGES, SAMPLE, SIX_LANGUAGES, a_page, publish, six_languages
from tests.support.chromium import NEEDS_CHROMIUM
from tests.support.page_looks import CONTRAST, SMALL_TARGETS
from tests.support.web_server import served
from tests.support.web_world import World, new_world

pytestmark = NEEDS_CHROMIUM
PAGES = ("/archive", "/archive/2026-12", "/archive/2026-12/print", "/archive/2026-12/goal")
A4_WIDTH, A4_HEIGHT = 794, 1123
"""In pixels of CSS."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[World]:
    file = tmp_path_factory.mktemp("archive") / "newsletter.db"
    shutil.copy(migrated_sqlite, file)
    database = Database(f"sqlite:///{file}")
    world = new_world(
        database,
        Clock(),
        postal_address="12 Main Street, Springfield",
        from_="Five Bridges <letters@school.example>",
        languages=" ".join(LANGUAGES),
    )
    publish(world, SIX_LANGUAGES)
    publish(world, SAMPLE.replace("month: 2026-12", "month: 2026-11"))
    yield world
    database.close()


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[str]:
    with served(world.app) as url:
        yield url


def shown(
    browser: Browser, url: str, width: int = 1200, scheme: Literal["light", "dark"] = "light", height: int = 900
) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.route("https://pictures.example/**", lambda route: route.abort())
    page.goto(url)
    return page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, site: str, language: str, scheme: Literal["light", "dark"]) -> None:
    for path in PAGES:
        page = shown(browser, f"{site}{path}?language={language}", scheme=scheme)
        assert violations(page) == [], path
        assert page.evaluate(CONTRAST) == [], path
        page.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_the_web_copy_of_a_mail(browser: Browser, world: World, site: str, language: str) -> None:
    """Its words are shown without the policy that lets nothing run, for axe has to."""
    page = browser.new_page()
    html = page.request.get(f"{site}/view/{a_copy(world, language)}").text()
    page.route("**/*", lambda route: route.abort())
    page.set_content(html, wait_until="domcontentloaded")
    assert violations(page) == []
    page.close()


def a_copy(world: World, language: str) -> str:
    """The token of a test mail's web copy, which holds every section."""
    with world.database.writing() as session:
        broadcast = session.scalars(select(Campaign).where(Campaign.stream.is_(None)).order_by(Campaign.id)).first()
        assert broadcast is not None
        everything = Variant.everything(six_languages(), language)
        copy = streams.TestIssue(world.list_ids["monthly"], broadcast.revision_id or 0, everything)
        editor = EmailAddress.parse("editor@school.example")
        seq = streams.send_test(session, world.app.clock, world.app.organization, editor, copy, language)
        campaign_id = session.scalars(select(Campaign.id).where(Campaign.stream == TEST)).one()
    assert seq is not None
    return world.mail_token(campaign_id, seq, VIEW_LINK)


@pytest.mark.parametrize("language", ["en", "ar", "vi"])
@pytest.mark.parametrize("path", [*PAGES, "/archive/2026-11"])
def test_a_page_fits_a_small_telephone(browser: Browser, site: str, path: str, language: str) -> None:
    page = shown(browser, f"{site}{path}?language={language}", 320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate(SMALL_TARGETS) == []
    page.close()


def test_arabic_lies_from_right_to_left(browser: Browser, site: str) -> None:
    page = shown(browser, f"{site}/archive/2026-12?language=ar", 600)
    heading, label = page.locator("h1"), page.locator(".whom").first
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    for found in (heading, label):
        square = found.evaluate(
            "e => { const r = document.createRange(); r.selectNodeContents(e); "
            "const b = r.getBoundingClientRect(); return [b.left, innerWidth - b.right] }"
        )
        assert square[1] < square[0]  # nearer to the right edge
    page.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_camera_reads_every_code_of_the_printed_page(browser: Browser, site: str, language: str) -> None:
    page = browser.new_page(viewport={"width": A4_WIDTH, "height": A4_HEIGHT}, device_scale_factor=2)
    page.route("https://pictures.example/**", lambda route: route.abort())
    page.goto(f"{site}/archive/2026-12/print?language={language}")
    page.emulate_media(media="print")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    found = {barcode.bytes for barcode in zxingcpp.read_barcodes(picture)}
    made = sheet(a_page(language))
    printed = [*made.events, *made.goals, *(one for group in made.groups for one in group.sections)]
    expected = {each.link.url.encode() for one in printed for each in one.codes}
    assert len(expected) == 4
    assert found == expected
    page.close()


def test_paper_has_a_heading_with_what_it_stands_above(browser: Browser, site: str) -> None:
    page = shown(browser, f"{site}/archive/2026-11/print?language=en", A4_WIDTH)
    page.emulate_media(media="print")
    rules = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(e => getComputedStyle(e).breakAfter)")
    assert set(rules) == {"avoid"}
    assert page.evaluate("getComputedStyle(document.querySelector('.event')).breakInside") == "avoid"
    assert page.evaluate("getComputedStyle(document.querySelector('.back')).display") == "none"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    page.close()


def test_paper_is_black_on_white_in_the_dark_too(browser: Browser, site: str) -> None:
    page = shown(browser, f"{site}/archive/2026-12/print?language=en", scheme="dark")
    colours = page.evaluate(
        "[...new Set([...document.querySelectorAll('body *')].filter(e => e.innerText?.trim())"
        ".map(e => getComputedStyle(e).color))]"
    )
    assert colours == ["rgb(0, 0, 0)"]
    page.close()
