"""Pages and letters in every language, in a real browser: they fit a small phone, and shut nobody out."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page

from newsletter.campaigns.school_letters import StillRightLetter
from newsletter.clock import Clock
from newsletter.rendering.compile import compile_letter
from newsletter.rendering.content import Content, PersonalSlot
from newsletter.tokens import ReaderPurpose
from newsletter.words import words
from subscribers import subscriptions
from subscribers.db import Database
from subscribers.rollovers import Step
from tests.support.accessibility import violations
from tests.support.chromium import NEEDS_CHROMIUM
from tests.support.mails import identity, mail
from tests.support.web_server import served
from tests.support.web_world import World, new_world

pytestmark = NEEDS_CHROMIUM

LANGUAGES = ("en", "es", "fr", "ar", "zh", "vi")
NARROW = 320
LEFT_OF_MIDDLE = """
() => [...document.querySelectorAll("h1, h2, legend, p, li")].filter((e) => {
  const range = document.createRange();
  range.selectNodeContents(e);
  const lines = [...range.getClientRects()].filter((line) => line.width > 1);
  return lines.length && Math.max(...lines.map((line) => line.right)) < innerWidth / 2;
}).map((e) => e.outerHTML)
"""
"""The texts that end left of the middle, where nothing begins from the right."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": NARROW, "height": 800})
    yield page
    page.close()


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    facts = {"postal_address": "12 Main Street", "languages": " ".join(LANGUAGES)}
    yield new_world(database, clock, ("monthly", "workshops"), **facts)
    database.close()


@pytest.fixture
def addresses(world: World) -> Iterator[list[str]]:
    """The sign-up page, the preferences with a list that pauses, and the page to leave a list."""
    reader = world.reader("maria@school.example", name="Maria", lists=("monthly", "workshops"))
    with world.database.writing() as session:
        subscriptions.pause(session, reader, world.list_(session), world.app.clock.now() + timedelta(days=31))
    preferences = world.reader_token(ReaderPurpose.PREFERENCES, reader)
    leaving = world.reader_token(ReaderPurpose.UNSUBSCRIBE, reader, "monthly")
    with served(world.app) as site:
        yield [f"{site}/subscribe", f"{site}/preferences/{preferences}", f"{site}/unsubscribe/{leaving}"]


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_fit_a_small_phone_and_shut_nobody_out(addresses: list[str], page: Page, language: str) -> None:
    for address in addresses:
        page.goto(f"{address}?lang={language}")
        assert fits(page), address
        assert page.locator("html").get_attribute("dir") == words(language).direction
        assert violations(page) == [], address


def test_pages_in_arabic_lie_from_right_to_left(addresses: list[str], page: Page) -> None:
    page.set_viewport_size({"width": 1200, "height": 800})
    for address in addresses:
        page.goto(f"{address}?lang=en")
        assert page.evaluate(LEFT_OF_MIDDLE) != [], address
        page.goto(f"{address}?lang=ar")
        assert page.evaluate(LEFT_OF_MIDDLE) == [], address
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"


def test_an_address_keeps_its_direction_among_arabic_words(addresses: list[str], page: Page) -> None:
    page.goto(f"{addresses[1]}?lang=ar")
    masked = page.locator(".lead bdi")
    assert masked.inner_text().endswith("@school.example")
    assert masked.evaluate("e => getComputedStyle(e).direction") == "ltr"
    page.goto(f"{addresses[0]}?lang=ar")
    assert page.locator("input[type=email]").evaluate("e => getComputedStyle(e).direction") == "ltr"


STILL_RIGHT = StillRightLetter(3, "ar", date(2027, 7, 1), 2028, False, (Step(5), Step(12), Step(None, "high", True)))
REMINDER = {"month": "ديسمبر 2026", "last": "نوفمبر 2026", "issue": "7", "due": "الثلاثاء", "file": "2026-12.md"}
LETTERS: dict[str, Callable[[], Content]] = {
    "confirm": lambda: compile_letter("confirm", "ar", identity()),
    "welcome": lambda: compile_letter(
        "welcome", "ar", identity(), {"names": ["Letter for families"], "descriptions": ["Once a month"]}
    ),
    "personal": lambda: compile_letter("personal", "ar", identity(), {"personal_url": PersonalSlot(497_231)}),
    "reminder": lambda: compile_letter("reminder", "ar", identity(), REMINDER),
    "still-right": lambda: compile_letter("still-right", "ar", identity(), STILL_RIGHT.values()),
}


@pytest.mark.parametrize("letter", LETTERS)
def test_letters_in_arabic_lie_from_right_to_left_and_fit_a_small_phone(page: Page, letter: str) -> None:  # M22
    written = mail(LETTERS[letter]())
    page.set_content(written.html)
    assert fits(page)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    page.set_viewport_size({"width": 1200, "height": 800})
    assert page.evaluate(LEFT_OF_MIDDLE) == []
    assert written.text.startswith("Our School Community\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_letter_fits_a_small_phone_in_every_language(page: Page, language: str) -> None:
    page.set_content(mail(compile_letter("confirm", language, identity())).html)
    assert fits(page)
    assert [found for found in violations(page) if not found.startswith(("landmark-one-main", "region"))] == []
