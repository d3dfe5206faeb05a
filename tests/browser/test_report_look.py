"""Reports in a real browser: everybody can read them, on a telephone, in the dark and on paper, and nothing runs."""

from collections import Counter
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from newsletter.commands.report_outputs import frame_of
from newsletter.reports.figures import Seen
from newsletter.reports.health import HealthReport
from newsletter.reports.health_page import health_page
from newsletter.reports.links import LinkFigures
from newsletter.reports.mail_pictures import marked
from newsletter.reports.mailings import CameBack
from newsletter.reports.refused import Refused
from tests.support.accessibility import violations
from tests.support.chromium import NEEDS_CHROMIUM
from tests.support.page_looks import CONTRAST
from tests.support.report_samples import a_school_year, report_pages

pytestmark = NEEDS_CHROMIUM
NAMES = ("growth", "health", "engagement", "campaign")
PAPER = 794
"""The width of A4 in pixels of CSS."""
_CUT = """(height) => [...document.querySelectorAll('.chart')].filter(chart => chart.offsetHeight > height).length"""


_TOO_WIDE = """() => [...document.querySelectorAll('.scroll')].filter(
    (region) => region.querySelector('.stacked') && region.scrollWidth > region.clientWidth
).map((region) => region.ariaLabel)"""
_OUTSIDE = """() => [...document.querySelectorAll('caption:not(.hidden), .stacked :is(th, td)')].filter((cell) => {
    const words = document.createRange()
    words.selectNodeContents(cell)
    return [...words.getClientRects()].some((box) => box.left < 0 || box.right > window.innerWidth)
}).map((cell) => cell.textContent.trim())"""
_ENDS = """(cells) => cells.map((cell) => {
    const words = document.createRange()
    words.selectNodeContents(cell)
    return Math.round(words.getBoundingClientRect().right)
})"""
_MANY_COMPLAINTS = CameBack(100, complained=5, is_told=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    app = a_school_year(folder)
    written = {}
    for name, html in report_pages(app).items():
        written[name] = folder / f"{name}.html"
        written[name].write_text(html, encoding="utf-8")
    report = HealthReport(
        at=app.clock.now(),
        minimum_group=5,
        readers=100,
        last=(),
        recent=_MANY_COMPLAINTS,
        refused=Refused(100),
        domains=(),
        suppressed=Counter(),
        waiting=0,
        issues=0,
        agreed=None,
        unopened=None,
        role_addresses=0,
    )
    written["complaints"] = folder / "complaints.html"
    written["complaints"].write_text(health_page(report, frame_of(app, "A list")), encoding="utf-8")
    app.close()
    return written


def shown(browser: Browser, file: Path, width: int = 1000, scheme: Literal["light", "dark"] = "light") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_read_it_by_day_and_by_night(
    browser: Browser, files: dict[str, Path], name: str, scheme: Literal["light", "dark"]
) -> None:
    page = shown(browser, files[name], scheme=scheme)
    assert violations(page) == []
    assert page.evaluate(CONTRAST) == []
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_a_small_telephone(browser: Browser, files: dict[str, Path], name: str) -> None:
    page = shown(browser, files[name], 320)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("name", ["health", "campaign"])
def test_on_a_telephone_no_figure_of_a_group_or_an_issue_is_out_of_sight(
    browser: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    page = shown(browser, files[name], width)
    assert page.locator(".scroll .stacked tbody tr").count() > 5
    assert page.evaluate(_TOO_WIDE) == []
    assert page.evaluate(_OUTSIDE) == []
    page.close()


@pytest.mark.parametrize("width", [320, 390, 1000])
@pytest.mark.parametrize("name", ["health", "complaints"])
def test_the_lines_of_a_gauge_have_their_names_beside_each_other(
    browser: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    page = shown(browser, files[name], width)
    boxes = [label.bounding_box() for label in page.locator(".limits span").all()]
    (asked, refused) = (box for box in boxes if box is not None)
    assert asked["x"] + asked["width"] <= refused["x"]
    assert refused["x"] + refused["width"] <= width
    page.close()


def test_a_cohort_s_readers_stand_under_their_heading(browser: Browser, files: dict[str, Path]) -> None:
    page = shown(browser, files["engagement"])
    ends = page.locator(".heat").first.locator("tr > :nth-child(2)").evaluate_all(_ENDS)
    assert len(ends) > 10
    assert max(ends) - min(ends) <= 1
    page.close()


def test_groups_say_how_many_copies_came_back(browser: Browser, files: dict[str, Path]) -> None:
    page = shown(browser, files["campaign"])
    table = page.get_by_role("table", name="By language")
    assert table.get_by_role("columnheader").all_inner_texts()[-1] == "Came back"
    counts = [int(row) for row in table.locator("tbody td:last-child").all_inner_texts()]
    assert sum(counts) > 0
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_paper_is_white_and_its_ink_black_also_for_who_reads_in_the_dark(
    browser: Browser, files: dict[str, Path], name: str
) -> None:
    page = shown(browser, files[name], PAPER, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER
    assert page.evaluate(_CUT, 1000) == 0
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_nobody_for_anything_and_needs_no_script(browser: Browser, files: dict[str, Path], name: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(files[name].as_uri())
    assert asked == [files[name].as_uri()]
    assert page.locator("h1").first.inner_text()
    assert "<script" not in files[name].read_text(encoding="utf-8")
    context.close()


@pytest.mark.parametrize("name", ["growth", "campaign"])
def test_each_chart_says_what_it_shows(browser: Browser, files: dict[str, Path], name: str) -> None:
    page = shown(browser, files[name])
    charts = page.locator("svg[role=img]")
    assert charts.count()
    for chart in charts.all():
        title, description = chart.locator("> title").text_content(), chart.locator("> desc").text_content()
        assert title
        assert any(letter.isdigit() for letter in description or "")
    page.close()


def test_the_mail_stands_in_the_page_with_a_badge_on_each_of_its_links(
    browser: Browser, files: dict[str, Path]
) -> None:
    page = shown(browser, files["campaign"])
    badges = page.locator(".mail .clicks-badge")
    assert badges.count() == page.locator("table.links").first.locator("tbody tr").count()
    assert all("%" in badge for badge in badges.all_inner_texts())
    assert page.locator(".mail a[href]").count() == 0
    assert page.locator(".mail").evaluate("mail => mail.offsetHeight") > 1000
    page.close()


def test_nothing_in_a_mail_runs_or_reaches_the_page_around_it(
    browser: Browser, files: dict[str, Path], tmp_path: Path
) -> None:
    hostile = (
        "<html><head><style>h1 { display: none } </style><style>@import url(http://evil.example/x.css);</style></head>"
        "<body><script>document.title = 'run'</script><img src='http://evil.example/a.png' onerror='document.title=1'>"
        "<a href='https://news.example/c/a-1-1.2.abcdefgh' onclick='document.title=2'>here</a></template>"
        "<iframe src='http://evil.example'></iframe><div style='position:fixed;inset:0;background:url(http://evil.example/b)'>"
        "cover</div><a href='javascript:document.title=3'>there</a></body></html>"
    )
    style, body, times = marked(
        hostile, [LinkFigures(2, "Here", "https://a.example", Seen(3, 0, 0, 3))], 10, lambda _: None
    )
    assert times == {2: 1}
    whole = files["campaign"].read_text(encoding="utf-8")
    head, _, rest = whole.partition('<template shadowrootmode="open">')
    file = tmp_path / "hostile.html"
    file.write_text(
        f'{head}<template shadowrootmode="open"><style>{style}</style>{body}</template></div>', encoding="utf-8"
    )
    assert rest
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    assert page.title().startswith("Campaign 12")
    assert page.locator("h1").first.is_visible()
    assert page.locator(".mail .clicks-badge").all_inner_texts() == ["3 · 30.0 %"]
    page.close()
