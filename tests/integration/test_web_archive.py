from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

import httpx
import pytest

from newsletter.clock import Clock
from newsletter.ledger.tables import CampaignKind, CampaignState
from subscribers.db import Database
from subscribers.tables import List
from tests.support.archives import LANGUAGES, SAMPLE, SHORT, SIX_LANGUAGES, publish
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world

MOST_BYTES = 50_000


@pytest.fixture
def world(sqlite_url: str, clock: Clock) -> Iterator[World]:
    database = Database(sqlite_url)
    yield new_world(
        database,
        clock,
        lists=("monthly", "teachers"),
        postal_address="12 Main Street",
        from_="Five Bridges <letters@school.example>",
        languages=" ".join(LANGUAGES),
    )
    database.close()


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def hide(world: World, slug: str) -> None:
    with world.database.writing() as session:
        session.get_one(List, world.list_ids[slug]).is_public = False


def of_month(month: str, subject: str = "Small bridges") -> str:
    return SHORT.replace("2026-12", month).replace("Small bridges", subject)


def test_an_archive_without_issues_says_so(client: httpx.Client) -> None:
    page = client.get("/archive")
    assert page.status_code == 200
    assert "There is no issue here yet" in page.text
    assert client.get("/archive/2026-12").status_code == 404


def test_the_archive_lists_issues_newest_month_first_in_the_pages_language(world: World, client: httpx.Client) -> None:
    publish(world, of_month("2026-11", "The older one"))
    publish(world)
    page = client.get("/archive?language=es").text
    assert page.index("Puentes pequeños") < page.index("Noviembre de 2026")
    assert page.index("Diciembre de 2026") < page.index("Noviembre de 2026")
    assert 'href="/archive/2026-12?language=es"' in page
    assert "Números anteriores" in page
    assert "The older one" in client.get("/archive?language=en").text


def test_many_issues_are_shown_a_year_at_a_time(world: World, client: httpx.Client) -> None:
    months = [f"{year}-{month:02}" for year, month in product((2024, 2025, 2026), range(1, 10))]
    for month in months:
        publish(world, of_month(month, f"Of {month}"))
    newest, older = client.get("/archive?language=en").text, client.get("/archive?language=en&year=2024").text
    assert "Of 2026-09" in newest
    assert "Of 2025-09" not in newest
    assert "/archive?language=en&amp;year=2025" in newest
    assert "Of 2024-01" in older
    assert "Of 2026-09" not in older
    assert client.get("/archive?language=en&year=1999").text == newest


def test_only_what_went_to_a_whole_public_list_is_there(world: World, client: httpx.Client) -> None:
    for state in set(CampaignState) - {CampaignState.SENT}:
        publish(world, state=state)
    publish(world, rule="band = high")
    publish(world, unopened_of_id=1)
    publish(world, kind=CampaignKind.STREAM, stream="test")
    publish(world, revision_id=None)
    publish(world, slug="teachers")
    hide(world, "teachers")
    assert "There is no issue here yet" in client.get("/archive").text
    assert client.get("/archive/2026-12-teachers").status_code == 404


def test_each_list_and_each_further_issue_has_an_address_of_its_own(world: World, client: httpx.Client) -> None:
    now = world.app.clock.now()
    subjects = {
        "2026-12": ("monthly", 5),
        "2026-12-teachers": ("teachers", 4),
        "2026-12-2": ("monthly", 3),
        "2026-12-teachers-2": ("teachers", 2),
    }
    for slug, (list_slug, hours) in reversed(subjects.items()):
        publish(world, of_month("2026-12", f"As {slug}"), slug=list_slug, sent_at=now - timedelta(hours=hours))
    for slug in subjects:
        assert f"<h1>As {slug}</h1>" in client.get(f"/archive/{slug}?language=en").text


def test_an_address_stays_when_an_issue_that_began_earlier_ends_later_or_is_cancelled(
    world: World, client: httpx.Client
) -> None:
    now = world.app.clock.now()
    publish(world, sent_at=now - timedelta(hours=2), state=CampaignState.PAUSED)
    publish(world, of_month("2026-12", "The second"), sent_at=now - timedelta(hours=1))
    assert client.get("/archive/2026-12").status_code == 404
    assert "The second" in client.get("/archive/2026-12-2?language=en").text


def test_an_issue_that_went_to_two_lists_is_there_once_and_both_addresses_lead_to_it(
    world: World, client: httpx.Client
) -> None:
    now = world.app.clock.now()
    publish(world, of_month("2026-11"), sent_at=now - timedelta(days=30))  # the list that was sent to first of all
    issue_id = publish(world, slug="teachers", sent_at=now - timedelta(hours=1))
    publish(world, of_month("2026-12", "Corrected"), issue_id=issue_id, sent_at=now)
    page = client.get("/archive?language=en").text
    assert page.count("<li>") == 2
    for slug in ("2026-12", "2026-12-teachers"):
        shown = client.get(f"/archive/{slug}?language=en").text
        assert "<h1>Corrected</h1>" in shown  # as it was last sent
        assert 'rel="canonical" href="http://127.0.0.1:8000/archive/2026-12-teachers?language=en"' in shown
    hide(world, "teachers")
    assert client.get("/archive/2026-12-teachers").status_code == 404
    assert "/archive/2026-12?language=en" in client.get("/archive/2026-12?language=en").text


def test_a_later_edit_does_not_change_what_was_sent(world: World, client: httpx.Client) -> None:  # F19
    issue_id = publish(world)
    publish(world, of_month("2026-12", "Edited"), issue_id=issue_id, state=CampaignState.DRAFT, started_at=None)
    assert "Small bridges" in client.get("/archive/2026-12?language=en").text


def test_a_page_speaks_the_language_that_is_asked_for_or_that_the_browser_prefers(
    world: World, client: httpx.Client
) -> None:
    publish(world, SIX_LANGUAGES)
    asked = client.get("/archive/2026-12?language=ar", headers={"Accept-Language": "fr"})
    preferred = client.get("/archive/2026-12", headers={"Accept-Language": "fr-CA,en;q=0.5"})
    assert '<html lang="ar" dir="rtl">' in asked.text
    assert (asked.headers["content-language"], "vary" in asked.headers) == ("ar", False)
    assert '<html lang="fr" dir="ltr">' in preferred.text
    assert (preferred.headers["content-language"], preferred.headers["vary"]) == ("fr", "Accept-Language")
    assert 'lang="en"' in client.get("/archive/2026-12?language=%00'\"<b>").text


def test_bands_choose_sections_and_every_link_of_the_page_keeps_them(world: World, client: httpx.Client) -> None:
    publish(world, SIX_LANGUAGES)
    page = client.get("/archive/2026-12?language=en&band=high&band=nonsense").text
    assert "Money for college" in page
    assert "Read aloud" not in page
    assert "/archive/2026-12?language=es&amp;band=high" in page
    assert "/archive/2026-12/print?language=en&amp;band=high" in page
    assert 'href="/archive/2026-12?language=en&amp;band=high" aria-current="true">High school' in page
    assert 'rel="canonical" href="http://127.0.0.1:8000/archive/2026-12?language=en"' in page
    both = client.get("/archive/2026-12?language=en&band=high&band=elementary").text
    assert "Read aloud" in both


def test_the_head_tells_search_engines_what_the_page_is(world: World, client: httpx.Client) -> None:
    publish(world, SIX_LANGUAGES)
    answer = client.get("/archive/2026-12?language=es")
    assert "x-robots-tag" not in answer.headers
    head = answer.text.partition("</head>")[0]
    assert '<meta name="description" content="Dos fechas y una meta para diciembre.">' in head
    assert '<meta property="og:title" content="Puentes pequeños, grandes pasos">' in head
    base = "http://127.0.0.1:8000/archive/2026-12"
    flat = " ".join(head.split())
    for language in LANGUAGES:
        assert f'hreflang="{language}" href="{base}?language={language}"' in flat
    assert f'hreflang="x-default" href="{base}"' in flat
    assert 'type="application/atom+xml"' in flat


def test_nothing_of_a_reader_and_nothing_for_few_is_on_a_page(world: World, client: httpx.Client) -> None:
    world.reader("ana@families.example", name="Ana Ruiz")
    publish(world, SIX_LANGUAGES)
    for form in ("", "/print", "/goal"):
        page = client.get(f"/archive/2026-12{form}?language=en").text
        for secret in (
            "Ana Ruiz",
            "families.example",
            "Only those of a rule",
            "Raw words",
            "/c/",
            "/o/",
            "/unsubscribe",
        ):
            assert secret not in page
    assert "Welcome, friend" in client.get("/archive/2026-12?language=en").text
    assert "For teachers" in client.get("/archive/2026-12?language=en").text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["", "/print"])
def test_a_page_is_small_and_has_nothing_that_runs(  # F25
    world: World, client: httpx.Client, language: str, form: str
) -> None:
    publish(world, SAMPLE)
    publish(world, SIX_LANGUAGES.replace("2026-12\nsubject", "2026-10\nsubject"))
    style = len(client.get("/assets/style.css").content)
    for month in ("2026-12", "2026-10"):
        page = client.get(f"/archive/{month}{form}?language={language}")
        assert len(page.content) + style < MOST_BYTES
        assert "<script" not in page.text
        assert ' style="' not in page.text
        policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["img-src"] == "'self' https:"
        assert "script-src" not in policy
        assert policy["style-src"] == "'self'" or policy["style-src"].startswith("'sha256-")


def test_the_goal_has_a_page_of_its_own_where_there_is_one(world: World, client: httpx.Client) -> None:
    publish(world, SIX_LANGUAGES)
    publish(world, of_month("2026-11"))
    page = client.get("/archive/2026-12/goal?language=en").text
    assert "Read ten minutes a day" in page
    assert page.count('class="box"') == 28
    assert "/archive/2026-12/goal" in client.get("/archive/2026-12?language=en").text
    assert client.get("/archive/2026-11/goal").status_code == 404
    assert "/goal" not in client.get("/archive/2026-11?language=en").text


PATHS = ("/archive", "/archive/2026-12", "/archive/2026-12/print", "/archive/2026-12/goal", "/feed.xml")


@pytest.mark.parametrize("path", PATHS)
def test_pages_may_be_kept_and_are_not_sent_twice(world: World, client: httpx.Client, path: str) -> None:
    publish(world, SIX_LANGUAGES)
    first = client.get(path)
    assert first.headers["cache-control"].startswith("public, max-age=300")
    tag, changed = first.headers["etag"], first.headers["last-modified"]
    for asked in (tag, f'W/{tag}, "other"', "*"):
        again = client.get(path, headers={"If-None-Match": asked})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"', "If-Modified-Since": changed}).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": changed}).status_code == 304
    assert client.get(path, headers={"If-Modified-Since": "Tue, 01 Dec 2020 00:00:00 GMT"}).status_code == 200
    assert client.get(path, headers={"If-Modified-Since": "yesterday"}).status_code == 200
    head = client.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


def test_every_page_leads_to_the_archive_and_its_feed(client: httpx.Client) -> None:
    page = client.get("/subscribe?lang=es").text
    assert 'href="/archive?language=es"' in page
    assert 'href="/feed.xml?language=es"' in page


@pytest.mark.parametrize("slug", ["2026-13", "2026-12-2", "x", "%2e%2e", "2026-12%00"])
def test_what_is_no_issue_is_not_found(world: World, client: httpx.Client, slug: str) -> None:
    publish(world)
    for form in ("", "/print", "/goal", ".pdf"):
        assert client.get(f"/archive/{slug}{form}").status_code == 404


def test_the_archive_is_on_both_databases(database: Database, clock: Clock) -> None:
    world = new_world(database, clock, lists=("monthly", "teachers"))
    publish(world)
    publish(world, slug="teachers")
    with visiting(world.app) as client:
        assert client.get("/archive/2026-12").status_code == 200
        assert client.get("/archive/2026-12-teachers").status_code == 200
        assert client.get("/archive").text.count("<li>") == 2


def test_the_addresses_of_a_public_site_are_its_own(world: World) -> None:
    publish(world)
    settings = world.app.settings.model_copy(update={"base_url": "https://news.school.example"})
    with visiting(replace(world.app, settings=settings)) as client:
        page = client.get("/archive/2026-12/print?language=en").text
    assert 'rel="canonical" href="https://news.school.example/archive/2026-12/print?language=en"' in page
    assert "<bdi>news.school.example/archive/2026-12</bdi>" in page
