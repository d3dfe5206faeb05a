"""A reader's way through the pages, in a real browser with JavaScript off."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from newsletter.clock import Clock
from newsletter.tokens import ReaderPurpose
from subscribers.db import Database
from subscribers.tables import Child, Subscriber, Subscription, SubscriptionState
from tests.support.chromium import NEEDS_CHROMIUM
from tests.support.page_looks import CONTRAST, DESCRIBED, SMALL_TARGETS
from tests.support.web_server import served
from tests.support.web_world import World, new_world

pytestmark = NEEDS_CHROMIUM

NARROW, WIDE = 320, 1200
HOURS_OF_A_DAY = 24


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock, ("monthly", "workshops"), postal_address="12 Main Street")
    database.close()


@pytest.fixture
def site(world: World) -> Iterator[str]:
    with served(world.app) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    yield context.new_page()
    context.close()


def state(world: World, slug: str = "monthly") -> SubscriptionState | None:
    with world.database.reading() as session:
        return session.scalar(select(Subscription.state).where(Subscription.list_id == world.list_ids[slug]))


def test_a_family_signs_up_confirms_chooses_and_leaves_without_javascript(world: World, site: str, page: Page) -> None:
    page.goto(site)
    page.get_by_label("Your email address").fill("maria.example")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("alert")).to_contain_text("Write your email address")
    page.get_by_role("link", name="Write your email address").click()
    expect(page.get_by_label("Your email address")).to_be_focused()
    page.get_by_label("Your email address").fill("maria@school.example")
    page.get_by_role("group", name="Elementary school").get_by_label("3").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")
    assert state(world) is SubscriptionState.PENDING

    with world.database.reading() as session:
        reader = session.scalars(select(Subscriber)).one()
    page.goto(f"{site}/confirm/{world.reader_token(ReaderPurpose.CONFIRM, reader, 'monthly')}")
    page.get_by_role("button", name="Yes, sign me up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed up")
    assert state(world) is SubscriptionState.CONFIRMED

    page.get_by_role("link", name="See my preferences").click()
    expect(page.get_by_role("group", name="Elementary school").get_by_label("3")).to_be_checked()
    page.get_by_role("group", name="High school").get_by_label("9").check()
    page.get_by_label("Workshops").check()
    page.get_by_label("Español").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Guardado")
    assert state(world, "workshops") is SubscriptionState.CONFIRMED
    with world.database.reading() as session:
        assert set(session.scalars(select(Child.graduation_year))) == {2030, 2036}

    page.goto(f"{site}/unsubscribe/{world.reader_token(ReaderPurpose.UNSUBSCRIBE, reader, 'monthly')}")
    assert state(world) is SubscriptionState.CONFIRMED
    page.get_by_role("button", name="Dejar Monthly").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ha dejado Monthly")
    assert state(world) is SubscriptionState.UNSUBSCRIBED
    assert state(world, "workshops") is SubscriptionState.CONFIRMED
    page.get_by_role("button", name="Deshacer").click()
    assert state(world) is SubscriptionState.CONFIRMED


def test_the_form_can_be_filled_with_the_keyboard_alone(site: str, page: Page) -> None:
    page.goto(f"{site}/subscribe")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Go to the content")).to_be_focused()
    page.get_by_label("Your email address").focus()
    page.keyboard.type("maria@school.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your inbox")


def personal_token(world: World, reader: Subscriber, hours: int) -> str:
    ends = int(world.app.clock.now().timestamp() // 3600) + hours
    return world.app.signer.reader_token(ReaderPurpose.PERSONAL, reader.public_id, ends)


def paths(world: World) -> list[str]:
    pending = world.reader("pending@school.example", state=SubscriptionState.PENDING)
    reader = world.reader("maria@school.example", name="Maria")
    return [
        "/subscribe",
        f"/confirm/{world.reader_token(ReaderPurpose.CONFIRM, pending, 'monthly')}",
        f"/preferences/{world.reader_token(ReaderPurpose.PREFERENCES, reader)}",
        f"/personal/{personal_token(world, reader, HOURS_OF_A_DAY)}",
        f"/personal/{personal_token(world, reader, -1)}",
        f"/unsubscribe/{world.reader_token(ReaderPurpose.UNSUBSCRIBE, reader, 'monthly')}",
        "/nowhere",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_page_fits_is_readable_and_can_be_touched(
    world: World, site: str, browser: Browser, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    for path in paths(world):
        page.goto(f"{site}{path}?lang=es")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(CONTRAST) == [], path
        assert page.evaluate(SMALL_TARGETS) == [], path
        assert page.evaluate("document.documentElement.lang") == "es"
        assert page.locator("h1").count() == 1
    context.close()
    assert [text for text in complaints if not text.endswith(("404 (Not Found)", "410 (Gone)"))] == []


def test_every_field_has_a_label_and_every_id_is_used_once(world: World, site: str, browser: Browser) -> None:
    page = browser.new_page()
    for path in paths(world):
        page.goto(site + path)
        unlabelled = "[...document.querySelectorAll('input:not([type=hidden])')].filter(e => !e.labels.length).length"
        assert page.evaluate(unlabelled) == 0, path
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(ids) == len(set(ids)), path
        assert set(page.evaluate(DESCRIBED)) <= set(ids), path
    page.close()
