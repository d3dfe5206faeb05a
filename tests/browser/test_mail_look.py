"""The mail in a real browser: it fits a small phone, stands out in light and dark, and its buttons can be tapped."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from newsletter.campaigns.school_letters import StillRightLetter
from newsletter.rendering.compile import compile_letter
from newsletter.rendering.content import Content, PersonalSlot
from subscribers.rollovers import Step
from tests.support.mails import content_of, identity, mail

_CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="needs a Chromium on this machine")

_FAINT_TEXT = """() => {
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
    if (contrast < 4.5) faint.push([element.textContent.slice(0, 40), contrast]);
  }
  return faint;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


STILL_RIGHT = StillRightLetter(3, "es", date(2027, 7, 1), 2028, False, (Step(5), Step(12), Step(None, "high", True)))
LETTERS: dict[str, Callable[[], Content]] = {
    "issue": content_of,
    "confirm": lambda: compile_letter("confirm", "es", identity()),
    "still-right": lambda: compile_letter("still-right", "es", identity(), STILL_RIGHT.values()),
    "personal": lambda: compile_letter("personal", "es", identity(), {"personal_url": PersonalSlot(497_231)}),
}


@pytest.fixture(params=LETTERS)
def html(request: pytest.FixtureRequest) -> str:
    return mail(LETTERS[request.param]()).html


def shown(browser: Browser, html: str, width: int, scheme: str = "light") -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.route("**/*", lambda route: route.abort())
    page.set_content(html, wait_until="domcontentloaded")
    return page


@pytest.mark.parametrize("width", [320, 600, 1200])
def test_the_mail_is_never_wider_than_its_window(browser: Browser, html: str, width: int) -> None:
    page = shown(browser, html, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('.card').offsetWidth") <= 600
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out(browser: Browser, html: str, scheme: str) -> None:  # M24
    page = shown(browser, html, 600, scheme)
    assert page.evaluate(_FAINT_TEXT) == []
    page.close()


def test_the_card_is_dark_where_the_reader_wants_it_dark(browser: Browser, html: str) -> None:
    page = shown(browser, html, 600, "dark")
    colour = page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor")
    assert colour == "rgb(17, 24, 39)"
    page.close()


def test_buttons_are_high_enough_for_a_thumb(browser: Browser, html: str) -> None:
    page = shown(browser, html, 320)
    heights = page.evaluate("[...document.querySelectorAll('.button a')].map(link => link.offsetHeight)")
    assert heights
    assert min(heights) >= 44
    page.close()
