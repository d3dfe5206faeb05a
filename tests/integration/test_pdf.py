"""The PDF, made by the real library."""

import re
import sys
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from newsletter.clock import Clock
from newsletter.issues import media, uploads
from newsletter.issues.media import MediaFacts
from newsletter.issues.pictures import PictureBroken
from newsletter.rendering.pdf import PdfNotMade, PdfTooSlow, Press
from newsletter.web.pictures import stored_in
from subscribers.db import Database
from tests.support.archives import SIX_LANGUAGES, publish
from tests.support.pictures import a_photo
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)
HTML = '<html lang="en"><head><title>T</title></head><body><h1>Hello</h1>{}</body></html>'


def why_not() -> str:
    """Why no PDF can be made here; empty where it can."""
    try:
        Press(lambda _: None).pdf(HTML)
    except PdfNotMade as error:
        return f"WeasyPrint does not load here: {error.__cause__}"
    return ""


WHY_NOT = why_not()
made_here = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture
def world(sqlite_url: str, clock: Clock, tmp_path: Path) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock, languages="en ar", media=f"folder://{tmp_path}/media")
    database.close()


def inflated(pdf: bytes) -> bytes:
    """The file with its compressed streams written out."""
    streams = re.findall(rb"/FlateDecode.*?stream\n(.*?)\nendstream", pdf, re.DOTALL)
    return pdf + b"\n".join(zlib.decompress(stream) for stream in streams)


@contextmanager
def listening(seen: list[str]) -> Iterator[str]:
    """A web server of elsewhere that notes who asks it for what."""

    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@made_here
def test_an_issue_is_a_pdf_that_names_its_language_and_title(world: World) -> None:
    publish(world, SIX_LANGUAGES)
    with visiting(world.app) as client:
        answer = client.get("/archive/2026-12.pdf?language=ar")
        again = client.get("/archive/2026-12.pdf?language=ar", headers={"If-None-Match": answer.headers["etag"]})
        page = client.get("/archive/2026-12?language=ar").text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    inside = inflated(answer.content)
    assert b"/Lang (ar)" in inside
    assert b"/MarkInfo" in inside  # tagged, for those who have it read aloud
    assert b"pdfuaid" in inside
    assert again.status_code == 304
    assert "/archive/2026-12.pdf?language=ar" in page


@made_here
def test_nothing_is_fetched_from_elsewhere_while_a_pdf_is_made(tmp_path: Path) -> None:  # F42
    asked: list[str] = []
    seen: list[str] = []

    def stored(url: str) -> bytes | None:
        asked.append(url)
        return PIXEL if url.endswith("/media/ours.png") else None

    secret = tmp_path / "secret.png"
    secret.write_bytes(PIXEL)
    with listening(seen) as url:
        images = [f"{url}/outside.png", "https://news.example/media/ours.png", secret.as_uri(), "ftp://127.0.0.1/x.png"]
        body = "".join(f'<img alt="" src="{image}">' for image in images)
        made = Press(stored).pdf(HTML.format(f"{body}<link rel=stylesheet href='{url}/style.css'>"))
    assert made.count(b"/Subtype /Image") == 1
    assert len(asked) == len(images) + 1
    assert seen == []


def with_garden(world: World) -> MediaFacts:
    """Publish an issue whose picture is stored here."""
    upload = uploads.read("garden.jpg", a_photo())
    world.app.media_store().put(f"{upload.digest}.{upload.extension}", upload.content, upload.content_type)
    with world.database.writing() as session:
        facts = media.add(session, world.app.organization.id, upload, "garden.jpg", world.app.clock.now())
    publish(world, SIX_LANGUAGES.replace("https://pictures.example/garden.jpg", "media:garden"))
    return facts


@made_here
def test_a_stored_picture_is_on_every_page_and_in_the_pdf(world: World) -> None:
    facts = with_garden(world)
    with visiting(world.app) as client:
        for form in ("", "/print"):
            page = " ".join(client.get(f"/archive/2026-12{form}?language=en").text.split())
            assert f'src="{facts.url("http://127.0.0.1:8000")}"' in page
            assert 'width="300" height="200"' in page
        made = client.get("/archive/2026-12.pdf?language=en").content
    assert made.count(b"/Subtype /Image") == 1


def test_no_address_leads_out_of_the_store(world: World, tmp_path: Path) -> None:  # F42
    facts = with_garden(world)
    (tmp_path / "secret.jpg").write_bytes(PIXEL)
    bytes_of = stored_in(world.app.media_store(), "https://news.example")
    assert bytes_of(facts.url("https://news.example"))
    for path in ("../secret.jpg", "%2e%2e/secret.jpg", f"{facts.key}/../../secret.jpg", f"{'0' * 64}.jpg", ""):
        assert bytes_of(f"https://news.example/media/{path}") is None
    assert bytes_of(facts.url("https://other.example")) is None


@made_here
def test_a_pdf_that_takes_too_long_is_given_up_on_and_one_at_a_time_is_made() -> None:
    going_on = threading.Event()

    def slow(url: str) -> bytes | None:
        del url
        going_on.wait(20)
        return None

    press = Press(slow, seconds=0.3)
    with pytest.raises(PdfTooSlow):
        press.pdf(HTML.format('<img alt="" src="https://a.example/x.png">'))
    with pytest.raises(PdfTooSlow):
        press.pdf(HTML)
    going_on.set()


def test_where_no_pdf_is_made_no_page_offers_one_and_its_address_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world, SIX_LANGUAGES)
    monkeypatch.setitem(sys.modules, "weasyprint", None)  # Python's own way to say that it is not there
    monkeypatch.delitem(sys.modules, "newsletter.rendering.typesetting", raising=False)
    with visiting(world.app) as client:
        page, answer = client.get("/archive/2026-12?language=en"), client.get("/archive/2026-12.pdf?language=en")
    assert ".pdf" not in page.text
    assert answer.status_code == 404
    assert "There is no PDF here" in answer.text
    assert "/archive/2026-12/print?language=en" in answer.text


@made_here
def test_a_process_that_has_made_a_pdf_still_refuses_pictures_that_are_cut_short() -> None:
    Press(lambda _: None).pdf(HTML)
    file = a_photo()
    with pytest.raises(PictureBroken, match="damaged or cut short"):
        uploads.read("a.jpg", file[: len(file) // 2])
