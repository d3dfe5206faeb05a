import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text, update

from newsletter.clock import Clock
from newsletter.events.networks import NetworkListInvalid
from newsletter.events.tables import Actor, CampaignStat, Event, EventKind, Reached
from newsletter.rendering import hidden_links
from newsletter.reports.links import link_figures
from newsletter.tokens import FIRST_LINK, OPEN_LINK, VIEW_LINK, MailClaim, ReaderPurpose, Signer
from newsletter.web.application import create
from subscribers.db import Database
from subscribers.tables import Subscriber
from tests.support.disks import no_file_longer_than
from tests.support.web_server import visiting
from tests.support.web_world import BROWSER, SECRET, World, new_world

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
        connection.execute(text("ALTER TABLE event RENAME TO hidden"))
    with no_file_longer_than(10):
        answer = client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (302, ON_THE_WIRE[0])
    assert f"A click of campaign {campaign_id} was not counted" in caplog.text
    assert client.get(path).status_code == 302
    with world.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO event"))
    eventually(lambda: sum(told(world)[1].values()) == 2)


def test_who_follows_the_hidden_link_gets_a_page_of_ours_and_is_a_machine(world: World, client: httpx.Client) -> None:
    reader = world.reader("yes@school.example", tracking=True)
    campaign_id = world.sent_to(reader, targets=(*TARGETS, hidden_links.TARGET))
    hidden = FIRST_LINK + len(TARGETS)
    client.get(f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif")
    assert told(world)[0] == [(EventKind.OPEN, 1, Actor.HUMAN)]
    answer = client.get(f"/c/{world.mail_token(campaign_id, 1, hidden)}")
    assert (answer.status_code, answer.headers["location"]) == (302, "/subscribe")
    assert client.get(answer.headers["location"]).status_code == 200
    assert {actor for _, _, actor in told(world)[0]} == {Actor.MACHINE}
    with world.database.reading() as session:
        assert [link.target for link in link_figures(session, campaign_id)] == list(TARGETS)


@pytest.mark.parametrize("forged", ["203.0.113.9", "203.0.113.9, 127.0.0.1", "<script>alert(1)</script>", "x" * 300])
def test_what_a_client_says_of_itself_is_kept_cut_and_believed_of_nobody_but_a_proxy_of_ours(  # F26
    world: World, client: httpx.Client, campaign_id: int, forged: str
) -> None:
    hostile = {
        "User-Agent": f"<script>alert(1)</script>{'x' * 5000}",
        "Referer": "https://evil.example/<script>",
        "X-Forwarded-For": forged,
        "Forwarded": f"for={forged}",
        "X-Real-IP": forged,
    }
    assert client.get(f"/c/{world.mail_token(campaign_id, 1)}", headers=hostile).status_code == 302
    with world.database.reading() as session:
        detail = session.scalars(select(Event)).one().detail
    assert detail["network"] == "127.0.0.0/24"
    assert detail["user_agent"] == f"<script>alert(1)</script>{'x' * 5000}"[:200]
    assert "evil" not in json.dumps(detail)


def test_an_address_comes_from_a_proxy_that_is_trusted_and_only_its_network_is_kept(  # F26
    database: Database, clock: Clock
) -> None:
    world = new_world(database, clock, trusted_proxies="127.0.0.1")
    campaign_id = world.sent_to(world.reader("yes@school.example", tracking=True), targets=TARGETS)
    with visiting(world.app, {"User-Agent": BROWSER, "X-Forwarded-For": "203.0.113.77"}) as client:
        client.get(f"/c/{world.mail_token(campaign_id, 1)}")
    with world.database.reading() as session:
        assert session.scalars(select(Event)).one().detail["network"] == "203.0.113.0/24"


def test_a_list_of_networks_with_a_bad_line_is_told_before_anything_is_served(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "networks.txt").write_text("10.0.0.0/8\nten\n", encoding="utf-8")
    world = new_world(database, clock, machine_networks=str(tmp_path / "networks.txt"))
    with pytest.raises(NetworkListInvalid, match="line 2: 'ten' is not a network"):
        create(world.app)


def test_a_reader_in_a_listed_network_is_doubted(database: Database, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "networks.txt").write_text("127.0.0.0/8 here\n", encoding="utf-8")
    world = new_world(database, clock, machine_networks=str(tmp_path / "networks.txt"))
    campaign_id = world.sent_to(world.reader("yes@school.example", tracking=True), targets=TARGETS)
    with visiting(world.app, {"User-Agent": BROWSER}) as client:
        client.get(f"/c/{world.mail_token(campaign_id, 1)}")
    assert told(world)[0] == [(EventKind.CLICK, 1, Actor.UNKNOWN)]


def test_tracking_off_still_redirects_and_keeps_nothing(database: Database, clock: Clock) -> None:
    world = new_world(database, clock, tracking="off")
    campaign_id = world.sent_to(world.reader("yes@school.example", tracking=True), targets=TARGETS)
    with visiting(world.app, {"User-Agent": BROWSER}) as client:
        assert client.get(f"/c/{world.mail_token(campaign_id, 1)}").status_code == 302
        assert client.get(f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif").status_code == 200


def eventually(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("signal", [{"DNT": "1"}, {"Sec-GPC": "1"}])
def test_who_asks_not_to_be_followed_is_counted_and_nothing_more(
    world: World, client: httpx.Client, campaign_id: int, signal: dict[str, str]
) -> None:
    client.get(f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif", headers=signal)
    client.get(f"/c/{world.mail_token(campaign_id, 1)}", headers=signal)
    events, counters = told(world)
    assert (events, sum(counters.values())) == ([], 2)
    with world.database.reading() as session:
        assert session.scalars(select(Reached)).all() == []


@pytest.mark.parametrize("signal", [{"DNT": "0"}, {"Sec-GPC": "0"}, {"DNT": ""}])
def test_who_does_not_ask_for_it_is_kept_as_agreed(
    world: World, client: httpx.Client, campaign_id: int, signal: dict[str, str]
) -> None:
    client.get(f"/c/{world.mail_token(campaign_id, 1)}", headers=signal)
    assert len(told(world)[0]) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "prefetch"),
        ("X-Moz", "prefetch"),
        ("X-Purpose", "preview"),
    ],
)
def test_who_looks_ahead_is_answered_and_not_taken_for_a_reader(  # M38
    world: World, client: httpx.Client, campaign_id: int, name: str, value: str
) -> None:
    answer = client.get(f"/c/{world.mail_token(campaign_id, 1)}", headers={name: value})
    assert answer.status_code == 302
    assert {actor for _, _, actor in told(world)[1]} == {Actor.UNKNOWN}


def test_head_says_what_get_says_without_a_body(world: World, client: httpx.Client, campaign_id: int) -> None:
    for path in (f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif", f"/c/{world.mail_token(campaign_id, 1)}"):
        head, get = client.head(path), client.get(path)
        assert head.content == b""
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused_and_leave_nothing(
    world: World, client: httpx.Client, campaign_id: int, method: str
) -> None:
    for path in (f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif", f"/c/{world.mail_token(campaign_id, 1)}"):
        answer = client.request(method, path, content=b"url=https://evil.example/")
        assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
        assert "location" not in answer.headers
    assert told(world) == ([], {})


def test_the_pixel_is_never_kept_nor_sent_in_parts(world: World, client: httpx.Client, campaign_id: int) -> None:
    path = f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif"
    first = client.get(path)
    assert not {"etag", "last-modified", "expires", "accept-ranges"} & set(first.headers)
    for asked in ({"If-Modified-Since": first.headers["date"]}, {"If-None-Match": "*"}, {"Range": "bytes=0-5"}):
        again = client.get(path, headers=asked)
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["cache-control"] == "no-store, max-age=0"
    assert told(world)[1] == {(EventKind.OPEN, 0, Actor.HUMAN): 4}


def test_every_wrong_token_is_answered_alike(world: World, client: httpx.Client, campaign_id: int) -> None:  # F29
    right = world.mail_token(campaign_id, 1)
    flipped = right[:-1] + ("A" if right[-1] != "A" else "B")
    reader = world.reader("other@school.example")
    of_reader = world.reader_token(ReaderPurpose.PREFERENCES, reader)
    wrong = [flipped, world.mail_token(999, 1), world.mail_token(campaign_id, 1, 99), of_reader, "x"]
    answers = [client.get(f"/c/{token}") for token in wrong] + [client.get(f"/o/{token}.gif") for token in wrong]
    answers += [client.get(f"/o/{right}.gif")]
    assert len({said_of(answer) for answer in answers}) == 1
    assert answers[0].status_code == 404


def said_of(answer: httpx.Response) -> tuple[int, str, frozenset[tuple[str, str]]]:
    """Everything but the address that was asked for, which the page's links to other languages repeat."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"date", "content-length"}}
    return answer.status_code, answer.text.replace(answer.url.path, ""), frozenset(headers.items())


def test_answers_carry_the_headers_of_every_page(world: World, client: httpx.Client, campaign_id: int) -> None:
    page = client.get("/nothing")
    for path in (f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif", f"/c/{world.mail_token(campaign_id, 1)}"):
        said = client.get(path).headers
        always = set(page.headers) - {"content-language", "vary"}
        assert always - {"content-type"} <= set(said)
        assert len(said.get_list("cache-control")) == 1


def test_a_link_works_for_years_after_its_key_was_replaced(world: World, campaign_id: int) -> None:
    token = world.mail_token(campaign_id, 1)
    world.app.clock.offset += timedelta(days=5 * 365)
    secrets = [f"the key of the year {year}, long enough" for year in range(2032, 2027, -1)]
    with visiting(replace(world.app, signer=Signer([*secrets, SECRET])), {"User-Agent": BROWSER}) as client:
        assert client.get(f"/c/{token}").headers["location"] == ON_THE_WIRE[0]
    with visiting(replace(world.app, signer=Signer(secrets)), {"User-Agent": BROWSER}) as client:
        assert client.get(f"/c/{token}").status_code == 404


def test_who_withdraws_is_told_of_no_more_in_mails_already_sent(  # M42
    world: World, client: httpx.Client, campaign_id: int
) -> None:
    path = f"/c/{world.mail_token(campaign_id, 1)}"
    client.get(path)
    with world.database.writing() as session:
        session.execute(update(Subscriber).values(tracking=False))
    world.app.clock.offset += timedelta(minutes=2)
    assert client.get(path).status_code == 302
    assert client.get(f"/o/{world.mail_token(campaign_id, 1, OPEN_LINK)}.gif").status_code == 200
    events, counters = told(world)
    assert (len(events), sum(counters.values())) == (1, 3)


@pytest.mark.parametrize(
    ("tracking", "kept", "counted"),
    [("off", set(), 0), ("counts", set(), 4), ("consent", {1}, 4), ("personal", {1, 2}, 4)],
)
def test_what_is_kept_is_what_the_setting_says(
    database: Database, clock: Clock, tracking: str, kept: set[int], counted: int
) -> None:
    world = new_world(database, clock, tracking=tracking)
    readers = world.reader("yes@school.example", tracking=True), world.reader("no@school.example")
    campaign_id = world.sent_to(*readers, targets=TARGETS)
    with visiting(world.app, {"User-Agent": BROWSER}) as client:
        for seq in (1, 2):
            assert client.get(f"/c/{world.mail_token(campaign_id, seq)}").status_code == 302
            assert client.get(f"/o/{world.mail_token(campaign_id, seq, OPEN_LINK)}.gif").status_code == 200
    events, counters = told(world)
    assert ({seq for _, seq, _ in events}, sum(counters.values())) == (kept, counted)


def test_a_link_never_seen_is_asked_for_again_later_while_the_database_is_away(
    world: World, client: httpx.Client, campaign_id: int
) -> None:  # M43
    with world.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE link RENAME TO hidden"))
    answer = client.get(f"/c/{world.mail_token(campaign_id, 1)}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    with world.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO link"))
    assert client.get(f"/c/{world.mail_token(campaign_id, 1)}").status_code == 302
