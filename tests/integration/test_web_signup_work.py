"""What the sign-up asks of a browser, and what it asks of one that cannot do it."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select

from newsletter.clock import Clock
from newsletter.web.work import PATIENCE, VALID
from subscribers.db import Database
from subscribers.tables import Child, Subscriber
from tests.support.web_server import visiting
from tests.support.web_world import World, new_world
from tests.support.work import challenge_in, solved

FIELDS = {"email": "ann@school.example", "name": 'Ann "<b>"', "lists": "monthly", "children": ["3", "high"]}
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock, ("monthly", "workshops"), signup_work=100)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app) as client:
        yield client


def opened(client: httpx.Client) -> str:
    """The challenge of a form that was opened now."""
    return challenge_in(client.get("/subscribe").text)


def post(client: httpx.Client, **fields: str) -> httpx.Response:
    return client.post("/subscribe", data=FIELDS | fields)


def is_signed_up(world: World) -> bool:
    with world.database.reading() as session:
        return session.scalars(select(func.count()).select_from(Subscriber)).one() > 0


def test_a_solved_form_is_taken_at_once(world: World, client: httpx.Client) -> None:
    challenge = opened(client)
    assert "Check your inbox" in post(client, challenge=challenge, solution=solved(challenge)).text
    assert is_signed_up(world)


def test_without_a_solution_a_little_patience_is_asked_and_nothing_typed_is_lost(
    world: World, client: httpx.Client
) -> None:
    first = post(client)
    assert first.status_code == 200
    assert "Please wait <bdi>15 seconds</bdi>" in first.text
    challenge = challenge_in(first.text)
    for text in ("ann@school.example", "Ann &#34;&lt;b&gt;&#34;", 'name="children" value="3"', 'value="high"'):
        assert text in first.text
    world.app.clock.offset += PATIENCE - 4 * SECOND
    early = post(client, challenge=challenge)
    assert challenge_in(early.text) == challenge
    assert "ann@school.example" in early.text
    assert "Please wait <bdi>15" not in early.text
    assert not is_signed_up(world)
    world.app.clock.offset += 4 * SECOND
    assert "Check your inbox" in post(client, challenge=challenge).text
    with world.database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Child)).one() == 2


def test_who_takes_their_time_to_type_is_not_asked_to_wait_again(world: World, client: httpx.Client) -> None:
    challenge = opened(client)
    world.app.clock.offset += PATIENCE
    assert "Check your inbox" in post(client, challenge=challenge).text


@pytest.mark.parametrize("is_solved", [True, False])
def test_a_solution_and_a_wait_count_once(world: World, client: httpx.Client, is_solved: bool) -> None:
    challenge = opened(client)
    world.app.clock.offset += PATIENCE
    solution = solved(challenge) if is_solved else ""
    assert "Check your inbox" in post(client, challenge=challenge, solution=solution).text
    again = post(client, challenge=challenge, solution=solution, email="bob@school.example")
    assert "One more step" in again.text
    assert challenge_in(again.text) != challenge
    assert "bob@school.example" in again.text


def test_a_page_open_for_too_long_says_so_and_keeps_the_form(world: World, client: httpx.Client) -> None:
    challenge = opened(client)
    world.app.clock.offset += VALID
    answer = post(client, challenge=challenge, solution=solved(challenge))
    assert answer.status_code == 422
    assert "This page was open for too long" in answer.text
    assert 'href="#send"' in answer.text
    assert 'value="ann@school.example"' in answer.text
    fresh = challenge_in(answer.text)
    assert "Check your inbox" in post(client, challenge=fresh, solution=solved(fresh)).text
    assert is_signed_up(world)


def test_a_mistake_in_the_form_asks_for_no_second_solution(client: httpx.Client) -> None:
    challenge = opened(client)
    solution = solved(challenge)
    answer = post(client, challenge=challenge, solution=solution, email="nonsense")
    assert answer.status_code == 422
    assert challenge_in(answer.text) == challenge
    assert solution.replace('"', "&#34;") in answer.text


def test_a_robot_that_fills_in_what_nobody_sees_gets_the_answer_and_nothing_else(
    world: World, client: httpx.Client
) -> None:
    assert "Check your inbox" in post(client, homepage="https://pills.example").text
    assert not is_signed_up(world)


def test_only_the_form_that_asks_for_work_has_a_script(client: httpx.Client) -> None:
    form, waiting, script = client.get("/subscribe"), post(client), client.get("/assets/work.js")
    assert "; script-src 'self'" in form.headers["content-security-policy"]
    assert '<script src="/assets/work.js?' in form.text
    assert "script-src" not in waiting.headers["content-security-policy"]
    assert "<script" not in waiting.text
    assert script.headers["content-type"].startswith("text/javascript")
    assert len(script.content) < 4000
