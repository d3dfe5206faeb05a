"""Pages in an organization's own name, logo and colour; what they may load stays as strict as it was."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.clock import Clock
from newsletter.contrast import ENOUGH, contrast, readable
from newsletter.folders import templates_folder
from newsletter.issues import media, uploads
from newsletter.rendering.compile import compile_letter
from newsletter.web.colours import in_colour
from subscribers.db import Database
from tests.support.pictures import a_photo
from tests.support.web_server import visiting
from tests.support.web_world import new_world

SHEET = (templates_folder() / "web" / "style.css").read_text(encoding="utf-8")


@contextmanager
def visited(url: str, clock: Clock, **settings: Any) -> Iterator[httpx.Client]:
    database = Database(url)
    with visiting(new_world(database, clock, **settings).app) as client:
        yield client
    database.close()


def test_the_logo_stands_in_the_place_of_the_mark_and_says_the_name(sqlite_url: str, clock: Clock) -> None:
    with visited(sqlite_url, clock, logo="https://school.example/logo.png") as client:
        answer = client.get("/subscribe")
    logo = re.search(
        r'<img class="logo"\s+src="https://school.example/logo.png"\s+alt="([^"]+)"\s+height="48">', answer.text
    )
    assert logo is not None
    assert f"· {logo[1]}" in answer.text
    assert "icon.svg" not in answer.text.partition("<body>")[2]


@pytest.mark.parametrize("work", [0, 1000])
def test_a_page_may_load_its_logo_from_that_one_place_and_nothing_else_from_there(
    sqlite_url: str, clock: Clock, work: int
) -> None:
    with visited(sqlite_url, clock, logo="https://school.example:8443/l.png", signup_work=work) as client:
        policy = client.get("/subscribe").headers["content-security-policy"]
    assert "img-src 'self' https://school.example:8443;" in policy
    assert policy.count("school.example") == 1
    assert ("script-src 'self'" in policy) == bool(work)


@pytest.mark.parametrize("logo", ["", "media:not-stored"])
def test_without_a_logo_nothing_is_loaded_from_elsewhere(sqlite_url: str, clock: Clock, logo: str) -> None:
    with visited(sqlite_url, clock, logo=logo) as client:
        answer = client.get("/subscribe")
    assert "img-src 'self';" in answer.headers["content-security-policy"]
    assert "icon.svg" in answer.text.partition("<body>")[2]


def test_a_stored_logo_is_on_pages_and_in_letters(sqlite_url: str, clock: Clock, tmp_path: Path) -> None:
    upload = uploads.read("logo.jpg", a_photo())
    with closing(Database(sqlite_url)) as database:
        app = new_world(database, clock, logo="media:logo", media=f"folder://{tmp_path}").app
        with database.writing() as session:
            stored = media.add(session, app.organization.id, upload, "logo.jpg", clock.now()).url(app.settings.base_url)
            shown = compile_letter("confirm", "en", app.identity(None), pictures=app.pictures(session))
        with visiting(app) as client:
            page = client.get("/subscribe")
    assert f'<img src="{stored}"' in str(shown.html)
    assert re.search(rf'<img class="logo"\s+src="{re.escape(stored)}"', page.text)
    assert f"img-src 'self' {app.settings.base_url};" in page.headers["content-security-policy"]


def test_the_stylesheet_is_in_the_organizations_colour_and_its_address_changes_with_it(
    sqlite_url: str, clock: Clock
) -> None:
    with visited(sqlite_url, clock, colour="#9D174D") as client:
        page, sheet = client.get("/subscribe").text, client.get("/assets/style.css")
    assert sheet.headers["content-type"].startswith("text/css")
    assert "--accent: #9D174D" in sheet.text
    assert len(sheet.content) < 20_000
    with visited(sqlite_url, clock) as client:
        assert client.get("/assets/style.css").text == SHEET
        assert address_of_style(client.get("/subscribe").text) != address_of_style(page)


def address_of_style(page: str) -> str:
    found = re.search(r'href="(/assets/style\.css\?\w+)"', page)
    assert found is not None
    return found[1]


@given(st.integers(0, 0xFFFFFF).map(lambda number: readable(f"#{number:06X}", ["#FFFFFF"])))
def test_every_colour_that_settings_take_can_be_read_on_pages_by_day_and_by_night(colour: str) -> None:
    sheet = in_colour(SHEET, colour)
    for at in (0, 1):
        own = {name: re.findall(rf"--{name}: (#\w{{6}})", SHEET)[at] for name in ("paper", "surface")}
        names = ("accent", "accent-strong", "accent-tint", "on-accent")
        said = {name: re.findall(rf"--{name}: (#\w{{6}})", sheet)[at + 2] for name in names}
        for text in ("accent", "accent-strong"):
            surfaces = (*own.values(), said["accent-tint"], said["on-accent"])
            assert min(contrast(said[text], surface) for surface in surfaces) >= ENOUGH, (text, at)
