"""`make pictures`: writes `docs/pictures`, or those scenes whose names begin with what is asked for."""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, Route

from tests.support.chromium import a_browser

from .letters import DRAWN, ROOT
from .scenes import Scene, scenes

_FOLDER = ROOT / "docs" / "pictures"
_COLOURS = 224
"""Enough for letters on paper, in fewer bytes."""
_MARGIN = 16
_PAPER = "body { padding: 14mm; }"
"""A sheet has margins, a window none."""


def main() -> None:
    """Take every picture that is asked for."""
    _FOLDER.mkdir(exist_ok=True)
    wanted = [scene for scene in scenes() if scene.name.startswith(tuple(sys.argv[1:]) or "")]
    with a_browser() as browser:
        for scene in wanted:
            _write(_FOLDER / f"{scene.name}.png", _taken(browser, scene))
    total = sum(file.stat().st_size for file in _FOLDER.iterdir())
    print(f"{len(wanted)} pictures taken; docs/pictures has {total:,} bytes.")


def _taken(browser: Browser, scene: Scene) -> bytes:
    page = browser.new_page(
        viewport={"width": scene.width, "height": 800}, color_scheme="dark" if scene.dark else "light"
    )
    page.route("**/*", _from_here)
    page.set_content(scene.html(), wait_until="load")
    if scene.paper:
        page.emulate_media(media="print")
        page.add_style_tag(content=_PAPER)
    shot = page.screenshot(full_page=True, clip=_clip(page, scene))
    page.close()
    return shot


def _from_here(route: Route) -> None:
    """Nothing is fetched: a picture is drawn here, and all else is not there."""
    file = DRAWN.get(route.request.url)
    if file is None:
        route.abort()
    else:
        route.fulfill(path=file, content_type="image/svg+xml")


def _clip(page: Page, scene: Scene) -> FloatRect:
    whole = float(page.evaluate("document.documentElement.scrollHeight"))
    top = _edge(page, scene.below) + _MARGIN if scene.below else 0
    end = _edge(page, scene.until) - _MARGIN if scene.until else whole
    height = min(end - top, scene.height or whole)
    return {"x": 0, "y": top, "width": scene.width, "height": height}


def _edge(page: Page, selector: str) -> float:
    """Where the first such element ends."""
    box = page.locator(selector).first.bounding_box()
    if box is None:
        raise LookupError(f"The page has no {selector}.")
    return box["y"] + box["height"]


def _write(file: Path, shot: bytes) -> None:
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
