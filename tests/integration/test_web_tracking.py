from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select, text

from newsletter.clock import Clock
from newsletter.events.tables import Actor, CampaignStat, Event, EventKind
from newsletter.tokens import FIRST_LINK, OPEN_LINK, VIEW_LINK, MailClaim, Signer
from subscribers.db import Database
from tests.support.web_server import visiting
from tests.support.web_world import BROWSER, World, new_world

TARGETS = (
    "https://school.example/a?a=b&c=d%20e#f",
    "https://school.example/{id}|x?y=[1]&z='~",
    "https://bücher.example/straße?q=ñ",
)
ON_THE_WIRE = (
    TARGETS[0],
    TARGETS[1],
    "https://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%B1",
)


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return new_world(database, clock)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with visiting(world.app, {"User-Agent": BROWSER}) as client:
        yield client


@pytest.fixture
def campaign_id(world: World) -> int:
    """Sent to a reader who agreed to tracking (seq 1) and one who did not (seq 2)."""
    readers = world.reader("yes@school.example", tracking=True), world.reader("no@school.example")
    return world.sent_to(*readers, targets=TARGETS)


def told(world: World) -> tuple[list[tuple[EventKind, int, Actor]], dict[tuple[EventKind, int, Actor], int]]:
    """The events as (kind, seq, actor), and the counters."""
    with world.database.reading() as session:
        events = [(e.kind, e.seq, e.actor) for e in session.scalars(select(Event).order_by(Event.id))]
        counters = {(s.kind, s.link_no, s.actor): s.count for s in session.scalars(select(CampaignStat))}
    return events, counters


def test_the_pixel_is_recorded_before_it_is_answered(world: World, client: httpx.Client, campaign_id: int) -> None:
    answer = client.get(f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF89a")
    assert "no-store" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    assert told(world) == ([(EventKind.OPEN, 1, Actor.HUMAN)], {(EventKind.OPEN, 0, Actor.HUMAN): 1})


def test_only_counters_move_for_a_reader_who_did_not_agree(  # M41
    world: World, client: httpx.Client, campaign_id: int
) -> None:
    client.get(f"/o/{world.mail_token(campaign_id, 2, OPEN_LINK)}.gif")
    client.get(f"/c/{world.mail_token(campaign_id, 2)}")
    events, counters = told(world)
    assert events == []
    assert sum(counters.values()) == 2


@pytest.mark.parametrize(("no", "target"), list(enumerate(ON_THE_WIRE, FIRST_LINK)))
def test_a_click_leads_to_its_target_byte_for_byte(  # F28
    world: World, client: httpx.Client, campaign_id: int, no: int, target: str
) -> None:
    answer = client.get(f"/c/{world.mail_token(campaign_id, 1, no)}")
    assert (answer.status_code, answer.headers["location"]) == (302, target)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert told(world) == ([(EventKind.CLICK, 1, Actor.HUMAN)], {(EventKind.CLICK, no, Actor.HUMAN): 1})


def test_head_redirects_too_and_is_no_human(world: World, client: httpx.Client, campaign_id: int) -> None:  # M38
    assert client.head(f"/c/{world.mail_token(campaign_id, 1)}").status_code == 302
    assert client.head(f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif").status_code == 200
    assert {actor for _, _, actor in told(world)[0]} == {Actor.MACHINE}


def test_an_altered_or_foreign_token_never_redirects(  # M36 F27 F29
    world: World, client: httpx.Client, campaign_id: int
) -> None:
    token = world.mail_token(campaign_id, 1)
    head, link, tag = token.rsplit(".", 2)
    other_link = f"{head}.{int(link) + 1}.{tag}"
    other_campaign = token.replace(f"-{campaign_id}-1.", f"-{campaign_id + 1}-1.")
    unknown_link = world.mail_token(campaign_id, 1, 99)
    forged = Signer(["another secret that is long enough!"]).mail_token(MailClaim(campaign_id, 1, FIRST_LINK))
    no_targets = [world.mail_token(campaign_id, 1, no) for no in (OPEN_LINK, VIEW_LINK)]
    attacks = ["//evil.example", "%5Cevil.example", "https:%2F%2Fevil.example", "%00", "a" * 2000]
    for bad in (other_link, other_campaign, unknown_link, forged, token[:-1], *no_targets, *attacks):
        answer = client.get(f"/c/{bad}", params={"url": "https://evil.example/", "to": "//evil.example"})
        assert (answer.status_code, "location" in answer.headers) == (404, False), bad
    assert client.get(f"/o/{token}.gif").status_code == 404
    assert told(world) == ([], {})


def test_a_redirect_asks_nothing_of_the_request(world: World, client: httpx.Client, campaign_id: int) -> None:  # M36
    answer = client.get(
        f"/c/{world.mail_token(campaign_id, 1)}",
        params={"url": "https://evil.example/", "next": "//evil.example"},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Referer": "https://evil.example/"},
    )
    assert answer.headers["location"] == ON_THE_WIRE[0]


def test_a_reader_is_not_kept_from_a_page_because_we_cannot_count(
    world: World, client: httpx.Client, campaign_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/c/{world.mail_token(campaign_id, 1)}"
    assert client.get(path).status_code == 302
    with world.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE event"))
    answer = client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (302, ON_THE_WIRE[0])
    assert f"A click of campaign {campaign_id} was not counted" in caplog.text


def test_tracking_off_still_redirects_and_keeps_nothing(database: Database, clock: Clock) -> None:
    world = new_world(database, clock, tracking="off")
    campaign_id = world.sent_to(world.reader("yes@school.example", tracking=True), targets=TARGETS)
    with visiting(world.app, {"User-Agent": BROWSER}) as client:
        assert client.get(f"/c/{world.mail_token(campaign_id, 1)}").status_code == 302
        assert client.get(f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif").status_code == 200
    assert told(world) == ([], {})
