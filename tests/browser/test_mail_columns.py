"""In a real browser the columns of our mails stand where the reference compiler of MJML puts them."""

import pytest
from playwright.sync_api import Browser, Page

from newsletter.rendering import mjml
from tests.support import reference_mjml
from tests.support.chromium import NEEDS_CHROMIUM
from tests.support.our_mails import our_mails
from tests.support.reference_mjml import MISSING

pytestmark = [
    NEEDS_CHROMIUM,
    pytest.mark.skipif(MISSING is not None, reason=MISSING or ""),
]
_BOXES = """selector => [...document.querySelectorAll(selector)].map(element => {
  const box = element.getBoundingClientRect();
  return [box.x, box.width];
})"""
_COLUMNS = "[class*='mj-column-']"
_SAID = f"{_COLUMNS} a, {_COLUMNS} img, {_COLUMNS} h1, {_COLUMNS} h2"
COLUMNS = """<mjml><mj-head><mj-attributes><mj-section padding="10px 3%"/></mj-attributes></mj-head>
<mj-body width="560px">
<mj-section direction="rtl"><mj-column width="30%"><mj-text>a</mj-text></mj-column>
<mj-column width="70%" padding="4px"><mj-button href="https://a.example/" width="120px">b</mj-button></mj-column>
</mj-section>
<mj-section><mj-group width="60%"><mj-column><mj-image src="https://a.example/a.png" width="90px"/></mj-column>
<mj-column><mj-divider/></mj-column></mj-group><mj-column width="200px"><mj-text>c</mj-text></mj-column></mj-section>
<mj-wrapper padding="7px 11px" border="2px solid red" full-width="full-width">
<mj-section><mj-column/><mj-column/>
<mj-column border="3px solid blue" inner-border="1px solid red" padding="5px"><mj-text>d</mj-text></mj-column>
</mj-section></mj-wrapper></mj-body></mjml>"""
"""What our templates do not have, and an editor may write."""
TEXTS = {name: one.mjml for name, one in our_mails().items() if name.endswith((" en", " ar"))}
TEXTS["columns of all kinds"] = COLUMNS
"""In a language of each direction: the others stand in the same frames."""


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    compiled = reference_mjml.compiled(list(TEXTS.values()))
    return {name: one.html for name, one in zip(TEXTS, compiled, strict=True)}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    """One window for all: a mail leaves nothing behind in it."""
    opened = browser.new_page()
    opened.route("**/*", lambda route: route.abort())
    return opened


def boxes(page: Page, html: str, width: int) -> tuple[list[list[float]], list[list[float]]]:
    """The left edge and the width of each column, and of the links, pictures and headings in them."""
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(html, wait_until="domcontentloaded")
    return page.evaluate(_BOXES, _COLUMNS), page.evaluate(_BOXES, _SAID)


@pytest.mark.parametrize("width", [320, 600])
@pytest.mark.parametrize("name", TEXTS)
def test_columns_stand_where_the_reference_puts_them(
    page: Page, reference: dict[str, str], name: str, width: int
) -> None:
    columns, said = boxes(page, mjml.to_html(TEXTS[name]), width)
    their_columns, theirs_said = boxes(page, reference[name], width)
    assert len(columns) > 1
    assert columns == [pytest.approx(column, abs=1) for column in their_columns]
    assert said == [pytest.approx(one, abs=1) for one in theirs_said]
