"""Pictures and attachments over HTTP."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from newsletter.clock import Clock
from newsletter.issues import media, uploads
from newsletter.issues.media import MediaFacts
from subscribers.db import Database
from tests.support.pictures import a_photo
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world


@pytest.fixture
def world(sqlite_url: str, clock: Clock, tmp_path: Path) -> Iterator[World]:
    with closing(Database(sqlite_url)) as database:
        yield new_world(database, clock, media=f"folder://{tmp_path}/media")


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def stored(world: World, name: str, content: bytes) -> tuple[MediaFacts, bytes]:
    upload = uploads.read(name, content)
    world.app.media_store().put(f"{upload.digest}.{upload.extension}", upload.content, upload.content_type)
    with world.database.writing() as session:
        facts = media.add(session, world.app.organization.id, upload, name, world.app.clock.now())
    return facts, upload.content


def test_a_picture_is_shown_for_ever_and_nothing_in_it_runs(world: World, client: httpx.Client) -> None:  # F25
    facts, content = stored(world, "photo.jpg", a_photo())
    shown = client.get(facts.url(""))
    assert (shown.status_code, shown.content) == (200, content)
    wanted = {
        "Content-Type": "image/jpeg",
        "Content-Length": str(len(content)),
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
        "ETag": f'"{facts.digest}"',
    }
    assert {name: shown.headers[name] for name in wanted} == wanted
    assert "Content-Disposition" not in shown.headers
    head = client.head(facts.url(""))
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(content)))


@pytest.mark.parametrize(
    ("known", "status"), [('"{}"', 304), ('W/"{}"', 304), ('"x", "{}"', 304), ("*", 304), ('"x"', 200), ("{}", 200)]
)
def test_who_has_a_picture_is_not_sent_it_again(world: World, client: httpx.Client, known: str, status: int) -> None:
    facts, _ = stored(world, "photo.jpg", a_photo())
    answer = client.get(facts.url(""), headers={"If-None-Match": known.format(facts.digest)})
    assert answer.status_code == status
    assert (answer.content == b"") == (status == 304)


def test_an_attachment_is_saved_under_its_name(world: World, client: httpx.Client) -> None:
    facts, content = stored(world, "Permission slip.pdf", b"%PDF-1.7\n")
    shown = client.get(facts.url(""))
    assert shown.headers["Content-Disposition"] == 'attachment; filename="permission-slip.pdf"'
    assert (shown.headers["Content-Type"], shown.content) == ("application/pdf", content)


@pytest.mark.parametrize(
    "path",
    ["0" * 64 + ".jpg", "0" * 64 + ".exe", "x.jpg", "0" * 63 + ".png", "..%2f..%2fetc%2fpasswd.txt", "A" * 64 + ".jpg"],
)
def test_what_is_not_stored_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(f"/media/{path}").status_code == 404


def test_without_the_database_media_are_still_there(world: World, client: httpx.Client, sqlite_url: str) -> None:
    picture, content = stored(world, "photo.jpg", a_photo())
    form, _ = stored(world, "form.pdf", b"%PDF-1.7\n")
    world.database.close()
    Path(sqlite_url.removeprefix("sqlite:///")).write_bytes(b"no database at all, but something of some length")
    assert client.get(picture.url("")).content == content
    assert client.get(form.url("")).headers["Content-Disposition"] == f'attachment; filename="{form.digest[:12]}.pdf"'


def test_a_store_that_is_away_says_so_and_when_to_come_back(sqlite_url: str, clock: Clock) -> None:
    with closing(Database(sqlite_url)) as database:
        world = new_world(database, clock, media="s3://b/?endpoint=http://127.0.0.1:9", media_key="k", media_secret="s")
        with visiting(world.app) as client:
            away = client.get(f"/media/{'0' * 64}.jpg")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "30")
