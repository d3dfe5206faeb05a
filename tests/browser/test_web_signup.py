"""The sign-up in a real browser: with JavaScript, without it, and where the browser can do no cryptography."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.tokens import ReaderPurpose
from newsletter.web.work import PATIENCE, VALID
from subscribers import subscriptions
from subscribers.db import Database
from subscribers.tables import Subscriber
from tests.support.chromium import NEEDS_CHROMIUM, a_browser
from tests.support.page_looks import CONTRAST, DESCRIBED, SMALL_TARGETS
from tests.support.web_server import served
from tests.support.web_world import World, new_world

pytestmark = NEEDS_CHROMIUM

FAR_AWAY = "school.test"
"""A name for this machine that the browser does not take for this machine: no secure connection."""
EXPECTED = (
    "Failed to load resource: the server responded with a status of 422",
    "The Cross-Origin-Opener-Policy header",
)
"""A form with a mistake, and a header that means nothing where the connection is not secure."""
UNLABELLED = "[...document.querySelectorAll('input:not([type=hidden])')].filter((e) => !e.labels.length).length"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser(f"--host-resolver-rules=MAP {FAR_AWAY} 127.0.0.1") as opened:
        yield opened


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock, ("monthly", "workshops"), signup_work=50_000, signups_per_network=1)
    database.close()


@pytest.fixture
def site(world: World) -> Iterator[str]:
    with served(world.app) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with JavaScript; what it complains of fails the test."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [text for text in complaints if not text.startswith(EXPECTED)] == []


@pytest.fixture
def bare(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript."""
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    yield context.new_page()
    context.close()


def fill(page: Page, address: str = "maria@school.example") -> None:
    page.get_by_label("Your email address").fill(address)
    page.get_by_label("Your name").fill("Maria")
    page.get_by_role("group", name="Elementary school").get_by_label("3").check()


def press(page: Page) -> None:
    page.get_by_role("button", name="Sign up").click()


def title(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text, timeout=30_000)


def names(world: World) -> list[str]:
    with world.database.reading() as session:
        return list(session.scalars(select(Subscriber.name)))


def test_the_browser_does_the_work_while_the_person_types(world: World, site: str, page: Page) -> None:
    page.goto(f"{site}/subscribe")
    fill(page)
    page.wait_for_function("document.querySelector('input[name=solution]').value !== ''", timeout=30_000)
    press(page)
    title(page, "Check your inbox")
    assert names(world) == ["Maria"]


def test_who_is_faster_than_the_browser_waits_a_moment_and_is_signed_up(world: World, site: str, page: Page) -> None:
    page.goto(f"{site}/subscribe")
    page.evaluate("document.querySelector('#email').value = 'maria@school.example'")
    page.evaluate("document.querySelector('#send').click()")
    title(page, "Check your inbox")
    assert len(names(world)) == 1


def test_a_mistake_is_put_right_without_working_twice(site: str, page: Page) -> None:
    page.goto(f"{site}/subscribe")
    fill(page, "maria.example")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("Write your email address", timeout=30_000)
    assert page.locator("input[name=solution]").input_value()
    fill(page)
    press(page)
    title(page, "Check your inbox")


def test_without_javascript_one_more_step_signs_up(world: World, site: str, bare: Page) -> None:
    bare.goto(f"{site}/subscribe")
    fill(bare)
    press(bare)
    title(bare, "One more step")
    press(bare)
    title(bare, "One more step")
    world.app.clock.offset += PATIENCE
    press(bare)
    title(bare, "Check your inbox")
    assert names(world) == ["Maria"]


def test_where_the_browser_can_do_no_cryptography_one_more_step_signs_up(world: World, site: str, page: Page) -> None:
    page.goto(f"http://{FAR_AWAY}:{urlsplit(site).port}/subscribe")
    assert page.evaluate("globalThis.crypto.subtle === undefined")
    fill(page)
    press(page)
    title(page, "One more step")
    world.app.clock.offset += PATIENCE
    press(page)
    title(page, "Check your inbox")


def test_nobody_meets_the_trap(site: str, page: Page) -> None:
    page.goto(f"{site}/subscribe")
    trap = page.locator("[name=homepage]")
    expect(trap).to_be_hidden()
    page.get_by_label("Your name").focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") != "homepage"
    assert page.get_by_label("Leave this empty").get_by_role("textbox").count() == 0


def looks(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    for fault in (CONTRAST, SMALL_TARGETS):
        assert page.evaluate(fault) == [], page.url
    assert page.evaluate(UNLABELLED) == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert set(page.evaluate(DESCRIBED)) <= set(ids)
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("es", "dark")])
@pytest.mark.parametrize("width", [320, 800])
def test_every_step_fits_is_readable_and_can_be_touched(
    world: World, site: str, browser: Browser, width: int, scheme: str, language: str
) -> None:
    reader = world.reader("maria@school.example")
    with world.database.writing() as session:
        until = world.app.clock.now() + timedelta(days=31)
        subscriptions.pause(session, reader, world.list_(session), until)
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(f"{site}/preferences/{world.reader_token(ReaderPurpose.PREFERENCES, reader)}?lang={language}")
    looks(page, width)
    steps = (PATIENCE / 3, PATIENCE, PATIENCE, VALID)  # one more step, taken, over the limit, open for too long
    for number, wait in enumerate(steps):
        page.goto(f"{site}/subscribe?lang={language}")
        looks(page, width)
        page.locator("#email").fill(f"x{number}@school.example")
        world.app.clock.offset += wait
        with page.expect_navigation():
            page.evaluate("document.querySelector('form').submit()")  # past the script
        looks(page, width)
    assert page.locator(".summary a").get_attribute("href") == "#send"
    context.close()
