"""The mail in a real browser: it fits a small phone, stands out in light and dark, and its buttons can be tapped.

A page is opened once for each letter and width, and asked everything.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page

from newsletter.campaigns.school_letters import StillRightLetter
from newsletter.contrast import ENOUGH
from newsletter.rendering.compile import compile_letter
from newsletter.rendering.content import Content, PersonalSlot
from newsletter.rendering.readers import Brand
from subscribers.rollovers import Step
from tests.support.chromium import NEEDS_CHROMIUM
from tests.support.kinds import KINDS
from tests.support.mails import content_of, identity, mail

pytestmark = NEEDS_CHROMIUM

_FAINT_TEXT = """(enough) => {
  const channel = (part) => { part /= 255; return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parts = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const surface = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.offsetHeight < 2) continue;
    const pair = [light(parts(getComputedStyle(element).color)), light(surface(element))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < enough) faint.push([element.textContent.slice(0, 40), contrast]);
  }
  return faint;
}"""
_LONGEST_LINE = """() => {
  let longest = 0;
  const range = document.createRange();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, element = text.parentElement;
    if (element.offsetHeight < 2 || parseFloat(getComputedStyle(element).fontSize) < 16) continue;
    let top = null, letters = 0;
    for (let at = 0; at < text.length; at++) {
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      const box = range.getBoundingClientRect();
      if (!box.width) continue;
      letters = top !== null && Math.abs(box.top - top) < 4 ? letters + 1 : 1;
      top = box.top;
      longest = Math.max(longest, letters);
    }
  }
  return longest;
}"""
_LEVELS = "() => [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(heading => Number(heading.tagName[1]))"
_LOW_BUTTONS = """() => [...document.querySelectorAll('.button a, .tap a')]
  .filter(link => link.offsetHeight < 44).map(link => link.textContent)"""
_NOT_AT_THE_RIGHT = """() => [...document.querySelectorAll('h1, h2, p')].filter(element => {
  const range = document.createRange();
  range.selectNodeContents(element);
  const pieces = [...range.getClientRects()].filter(piece => piece.width);
  const first = pieces.filter(piece => Math.abs(piece.bottom - pieces[0].bottom) < 8);
  return first.length && element.getBoundingClientRect().right - Math.max(...first.map(piece => piece.right)) > 2;
}).map(element => element.textContent.slice(0, 40))"""

THEMES = ("monthly", "announcement", "letter")
STILL_RIGHT = StillRightLetter(3, "es", date(2027, 7, 1), 2028, False, (Step(5), Step(12), Step(None, "high", True)))


def kinds(theme: str, language: str = "en", brand: Brand | None = None) -> Content:
    """Every kind of section in a theme."""
    return content_of(replace(KINDS, theme=theme), language, identity(brand=brand or Brand()))


LETTERS: dict[str, Callable[[], Content]] = {
    **{theme: lambda theme=theme: kinds(theme) for theme in THEMES},  # type: ignore[misc]
    **{f"{theme}-ar": lambda theme=theme: kinds(theme, "ar") for theme in THEMES},  # type: ignore[misc]
    "yellow": lambda: kinds("announcement", brand=Brand("https://school.example/logo.png", "#9A6A00")),
    "confirm": lambda: compile_letter("confirm", "es", identity()),
    "confirm-as-letter": lambda: compile_letter("confirm", "es", identity(theme="letter")),
    "still-right": lambda: compile_letter("still-right", "es", identity(), STILL_RIGHT.values()),
    "personal": lambda: compile_letter("personal", "es", identity(), {"personal_url": PersonalSlot(497_231)}),
}
OF_ISSUES = [name for name in LETTERS if name.partition("-")[0] in THEMES]
_OPEN: dict[tuple[str, int, str], Page] = {}


@pytest.fixture(scope="module", autouse=True)
def _opened() -> Iterator[None]:
    """What is open closes with the browser of this module."""
    yield
    _OPEN.clear()


def shown(browser: Browser, letter: str, width: int = 600, scheme: str = "light") -> Page:
    """The letter in a window; no picture can be fetched."""
    key = (letter, width, scheme)
    if key not in _OPEN:
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page.route("**/*", lambda route: route.abort())
        page.set_content(mail(LETTERS[letter]()).html, wait_until="domcontentloaded")
        _OPEN[key] = page
    return _OPEN[key]


@pytest.mark.parametrize("width", [320, 600, 1200])
@pytest.mark.parametrize("letter", LETTERS)
def test_the_mail_is_never_wider_than_its_window(browser: Browser, letter: str, width: int) -> None:
    page = shown(browser, letter, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    widest = page.evaluate("Math.max(...[...document.querySelectorAll('h1, h2, p')].map(e => e.offsetWidth))")
    assert widest <= 600


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("letter", LETTERS)
def test_every_word_stands_out(browser: Browser, letter: str, scheme: str) -> None:  # M24
    assert shown(browser, letter, 600, scheme).evaluate(_FAINT_TEXT, ENOUGH) == []


@pytest.mark.parametrize("letter", ["monthly", "announcement", "confirm"])
def test_the_card_is_dark_where_the_reader_wants_it_dark(browser: Browser, letter: str) -> None:
    page = shown(browser, letter, 600, "dark")
    colour = page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor")
    assert colour == "rgb(17, 24, 39)"


@pytest.mark.parametrize("letter", LETTERS)
def test_buttons_are_high_enough_for_a_thumb(browser: Browser, letter: str) -> None:
    page = shown(browser, letter, 320)
    assert page.locator(".button a, .tap a").count()
    assert page.evaluate(_LOW_BUTTONS) == []


@pytest.mark.parametrize("letter", THEMES)
def test_no_line_has_more_letters_than_one_likes_to_read(browser: Browser, letter: str) -> None:
    assert 40 < shown(browser, letter, 1200).evaluate(_LONGEST_LINE) <= 75


@pytest.mark.parametrize("letter", LETTERS)
def test_headings_go_down_by_one(browser: Browser, letter: str) -> None:
    levels = shown(browser, letter).evaluate(_LEVELS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("letter", OF_ISSUES)
def test_without_pictures_the_words_in_their_place_are_seen(browser: Browser, letter: str) -> None:
    page = shown(browser, letter)
    pictures = page.evaluate("[...document.images].filter(i => i.width > 1).map(i => [i.alt, i.offsetHeight])")
    assert pictures
    assert all(alt and height >= 16 for alt, height in pictures)
    assert not page.evaluate("[...document.images].some(image => !image.hasAttribute('alt'))")


def test_without_pictures_the_name_stands_where_the_logo_would(browser: Browser) -> None:
    assert shown(browser, "yellow").locator("img").nth(1).get_attribute("alt") == "Our School Community"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [320, 600])
def test_arabic_begins_at_the_right(browser: Browser, theme: str, width: int) -> None:
    page = shown(browser, f"{theme}-ar", width)
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    assert page.evaluate(_NOT_AT_THE_RIGHT) == []
