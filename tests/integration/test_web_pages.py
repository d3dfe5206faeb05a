from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import httpx
import pytest

from newsletter.clock import Clock
from newsletter.tokens import Signer
from newsletter.web.security import LARGEST_BODY
from subscribers.db import Database
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(database, clock, postal_address="12 Main Street")
    database.close()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


@pytest.mark.parametrize("path", ["/subscribe", "/unsubscribe/x", "/nowhere", "/healthz", "/assets/style.css"])
def test_every_answer_is_guarded(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "set-cookie" not in headers


def test_pages_are_not_kept_and_the_stylesheet_is(client: httpx.Client) -> None:
    assert client.get("/subscribe").headers["cache-control"] == "no-store"
    assert "max-age" in client.get("/assets/style.css").headers["cache-control"]
    assert client.get("/assets/icon.svg").headers["content-type"].startswith("image/svg+xml")


def test_https_is_insisted_on_where_the_base_url_has_it(world: World) -> None:
    settings = world.app.settings.model_copy(update={"base_url": "https://news.example"})
    with visiting(replace(world.app, settings=settings)) as client:
        assert "max-age" in client.get("/healthz").headers["strict-transport-security"]


def test_the_stylesheet_is_small_and_no_page_has_a_script(client: httpx.Client) -> None:
    assert len(client.get("/assets/style.css").content) < 20_000
    page = client.get("/subscribe").text
    assert "<script" not in page
    assert "style=" not in page
    assert "12 Main Street" in page


def test_an_unknown_address_is_a_page(client: httpx.Client) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "This link does not work" in answer.text
    assert client.put("/subscribe").status_code == 405
    assert client.put("/subscribe").headers["allow"]


def test_the_bare_address_leads_to_the_sign_up(client: httpx.Client) -> None:
    assert client.get("/?lang=es").headers["location"] == "/subscribe?lang=es"


def test_a_body_larger_than_any_form_is_refused(client: httpx.Client) -> None:
    for path in ("/subscribe", "/unsubscribe/x"):
        body = b"email=" + b"x" * LARGEST_BODY
        answer = client.post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code == 413
        assert "Traceback" not in answer.text


def test_a_form_that_cannot_be_read_is_refused(client: httpx.Client) -> None:
    answer = client.post("/subscribe", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"})
    assert answer.status_code == 400
    assert "We could not read that" in answer.text


def test_a_file_where_text_belongs_is_no_answer(client: httpx.Client) -> None:
    answer = client.post("/subscribe", files={"email": ("a.txt", b"maria@school.example")})
    assert answer.status_code == 422


def test_health_and_readiness(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    assert client.head("/readyz").status_code == 200


def test_pages_say_in_words_that_the_database_is_away(world: World) -> None:  # F4
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with visiting(replace(world.app, database=away)) as client:
        ready, page = client.get("/readyz"), client.get("/subscribe?lang=es")
        assert client.get("/healthz").status_code == 200
    away.close()
    assert (ready.status_code, page.status_code) == (503, 503)
    assert "Volvemos enseguida" in page.text
    assert page.headers["retry-after"]
    assert not {"Traceback", "psycopg", "127.0.0.1"} & set(page.text.split())


def test_a_fault_of_ours_is_a_page_without_its_traceback(world: World) -> None:
    broken = replace(world.app, signer=cast("Signer", None))
    with visiting(broken) as client:
        answer = client.get("/unsubscribe/x")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
