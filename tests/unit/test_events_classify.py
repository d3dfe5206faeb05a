from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from time import perf_counter
from typing import Any

import pytest

from newsletter.events.classify import Signal, Verdict, judge
from newsletter.events.networks import Networks
from newsletter.events.requests import Request, clicked, opened
from newsletter.events.tables import Actor, EventKind
from newsletter.events.visits import Copy, Visit
from newsletter.tokens import MailClaim

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
SCANNER = "Mozilla/5.0 (compatible; Proofpoint URL Defense)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
HOSTER = "198.51.100.0/24"
LISTED = Networks([ip_network(HOSTER)])
HOUR = 3600.0
A_CLICK = Visit(
    at=NOW, kind=EventKind.CLICK, link_no=2, is_hidden=False, method="GET", agent=FIREFOX, network="192.0.2.0/24",
    is_prefetch=False, seconds=HOUR,
)  # fmt: skip
AN_OPEN = replace(A_CLICK, kind=EventKind.OPEN, link_no=0)
HIDDEN = replace(A_CLICK, link_no=9, is_hidden=True)
SIGNS: dict[Signal, dict[str, Any]] = {
    Signal.TOO_SOON: {"seconds": 1.9},
    Signal.AGENT: {"agent": SCANNER},
    Signal.PREFETCH: {"is_prefetch": True},
    Signal.NETWORK: {"network": HOSTER},
}


def later(visit: Visit, seconds: float) -> Visit:
    return replace(visit, at=visit.at + timedelta(seconds=seconds))


def links(count: int, seconds: float) -> list[Visit]:
    """So many links followed over so many seconds."""
    return [later(replace(A_CLICK, link_no=2 + no), seconds * no / max(count - 1, 1)) for no in range(count)]


def actors(*visits: Visit) -> list[Actor]:
    return [verdict.actor for verdict in judge(visits, LISTED)]


def signals(*visits: Visit) -> list[tuple[Signal, ...]]:
    return [verdict.signals for verdict in judge(visits, LISTED)]


@pytest.mark.parametrize("visit", [A_CLICK, AN_OPEN])
def test_a_browser_that_comes_later_is_human(visit: Visit) -> None:
    assert judge([visit], LISTED) == [Verdict(Actor.HUMAN, ())]


def test_nobody_is_judged_where_nobody_came() -> None:
    assert judge([], LISTED) == []


def test_a_head_request_is_never_human() -> None:  # M38
    assert judge([replace(A_CLICK, method="HEAD")], LISTED) == [Verdict(Actor.MACHINE, (Signal.HEAD,))]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("visit", [A_CLICK, AN_OPEN])
def test_one_sign_alone_is_neither_a_person_nor_a_machine(visit: Visit, sign: Signal) -> None:  # M39
    assert judge([replace(visit, **SIGNS[sign])], LISTED) == [Verdict(Actor.UNKNOWN, (sign,))]


@pytest.mark.parametrize("first", SIGNS)
@pytest.mark.parametrize("second", SIGNS)
def test_two_signs_make_a_machine(first: Signal, second: Signal) -> None:  # M39
    both = replace(A_CLICK, **(SIGNS[first] | SIGNS[second]))
    assert actors(both) == [Actor.UNKNOWN if first is second else Actor.MACHINE]


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        (-3.0, Signal.TOO_SOON), (0.0, Signal.TOO_SOON), (1.9, Signal.TOO_SOON),
        (2.0, Signal.SOON), (9.9, Signal.SOON), (10.0, None), (None, None),
    ],
)  # fmt: skip
def test_how_soon_it_came_after_the_acceptance_has_grades(seconds: float | None, found: Signal | None) -> None:
    assert signals(replace(A_CLICK, seconds=seconds)) == [() if found is None else (found,)]


def test_ten_seconds_say_nothing_alone_and_count_beside_another_sign() -> None:  # M39
    quick = replace(A_CLICK, seconds=5.0)
    assert actors(quick) == [Actor.HUMAN]
    assert actors(replace(quick, agent=SCANNER)) == [Actor.MACHINE]


def test_a_picture_that_gmail_fetches_for_its_reader_may_come_from_a_listed_network() -> None:
    assert signals(replace(AN_OPEN, agent=GMAIL, network=HOSTER)) == [()]
    assert signals(replace(A_CLICK, agent=GMAIL, network=HOSTER)) == [(Signal.AGENT, Signal.NETWORK)]


def test_three_links_within_five_seconds_are_one_sign_in_whichever_order_they_are_told() -> None:
    burst = links(3, 5)
    for order in (burst, burst[::-1], [burst[1], burst[0], burst[2]]):
        assert signals(*order) == [(Signal.TOGETHER,)] * 3
    assert actors(*burst) == [Actor.UNKNOWN] * 3


def test_more_links_than_hands_can_follow_are_a_machines() -> None:
    assert actors(*links(6, 5)) == [Actor.MACHINE] * 6
    assert actors(*links(5, 5)) == [Actor.UNKNOWN] * 5


def test_links_that_a_person_follows_one_after_another_are_no_burst() -> None:
    assert actors(*links(3, 5.2)) == [Actor.HUMAN] * 3
    assert actors(*links(7, 60)) == [Actor.HUMAN] * 7


def test_more_links_one_after_another_than_interest_anybody_are_one_sign() -> None:
    assert signals(*links(8, 900)) == [(Signal.THOROUGH,)] * 8
    assert actors(*links(8, 920)) == [Actor.HUMAN] * 8
    assert actors(*(replace(click, agent=SCANNER) for click in links(9, 600))) == [Actor.MACHINE] * 9
    picture = replace(AN_OPEN, at=NOW - timedelta(seconds=2))
    assert actors(picture, *links(8, 600))[0] is Actor.UNKNOWN
    assert actors(replace(picture, agent=CHROME), *links(8, 600))[0] is Actor.HUMAN


def test_a_keen_person_in_a_hurry_whose_antivirus_looks_first_is_doubted_and_no_machine() -> None:
    hurry = [*links(3, 3), *(later(replace(A_CLICK, link_no=20 + no), 20 * (no + 1)) for no in range(5))]
    looks = [later(replace(click, method="HEAD"), -0.2) for click in hurry]
    assert actors(*hurry, *looks)[:8] == [Actor.UNKNOWN] * 8


def test_ten_thousand_requests_for_one_copy_are_judged_quickly() -> None:
    flood = [replace(later(A_CLICK, no / 20), link_no=no % 12, method=("GET", "HEAD")[no % 2]) for no in range(10_000)]
    begun = perf_counter()
    judge(flood, LISTED)
    assert perf_counter() - begun < 2


def test_one_link_tapped_ten_times_is_no_burst() -> None:
    assert actors(*(later(A_CLICK, 0.2 * no) for no in range(10))) == [Actor.HUMAN] * 10


def test_a_burst_is_of_those_that_belong_to_it() -> None:
    reader = later(A_CLICK, 60)
    assert actors(*links(6, 1), reader) == [Actor.MACHINE] * 6 + [Actor.HUMAN]


def test_the_picture_that_the_client_of_a_burst_fetched_is_its_own_and_a_readers_is_not() -> None:
    own, readers = later(AN_OPEN, 1), later(replace(AN_OPEN, agent=CHROME, network="203.0.113.0/24"), 1)
    assert actors(own, readers, *links(6, 2))[:2] == [Actor.MACHINE, Actor.HUMAN]


def test_who_follows_the_hidden_link_is_a_machine_in_all_that_it_asks_for_then() -> None:
    assert actors(HIDDEN) == [Actor.MACHINE]
    assert actors(HIDDEN, later(A_CLICK, -9), later(AN_OPEN, 9)) == [Actor.MACHINE] * 3
    assert actors(HIDDEN, later(A_CLICK, 11)) == [Actor.MACHINE, Actor.HUMAN]


def test_a_click_of_another_client_beside_the_hidden_link_is_doubted() -> None:
    other = replace(A_CLICK, agent=CHROME, network="203.0.113.0/24")
    assert signals(HIDDEN, other) == [(Signal.HIDDEN_LINK,), (Signal.COMPANY,)]
    assert actors(HIDDEN, replace(other, kind=EventKind.OPEN)) == [Actor.MACHINE, Actor.HUMAN]


def test_a_client_that_looked_by_head_is_doubted_and_another_is_not() -> None:
    head = replace(A_CLICK, method="HEAD")
    assert actors(head, later(A_CLICK, 1)) == [Actor.MACHINE, Actor.UNKNOWN]
    assert actors(head, later(replace(A_CLICK, agent=CHROME), 1)) == [Actor.MACHINE, Actor.HUMAN]


def test_a_request_before_the_acceptance_is_known_comes_too_soon() -> None:
    fact = clicked(MailClaim(1, 1, 2), Request(NOW, "GET", FIREFOX))
    assert signals(Visit.of(fact, Copy(None, is_tracked=True), None)) == [(Signal.TOO_SOON,)]
    soon = Copy(NOW - timedelta(seconds=1.2), is_tracked=True)
    assert signals(Visit.of(fact, soon, None)) == [(Signal.TOO_SOON,)]


def test_a_copy_no_longer_in_the_ledger_is_not_asked_for_too_soon() -> None:
    fact = opened(MailClaim(1, 1, 0), Request(NOW, "GET", FIREFOX))
    assert signals(Visit.of(fact, None, None)) == [()]


def test_what_is_kept_of_a_request_is_judged_as_the_request_was() -> None:
    request = Request(NOW, "GET", SCANNER, prefetched=True, network=HOSTER)
    fact = clicked(MailClaim(1, 1, 7), request)
    visit = Visit.of(fact, Copy(NOW - timedelta(seconds=1.26), is_tracked=True), hidden_no=7)
    assert (visit.is_hidden, visit.seconds) == (True, 1.3)
    assert Visit.kept(NOW, EventKind.CLICK, 7, visit.detail, hidden_no=7) == visit


def test_what_is_left_after_an_erasure_is_not_judged_again() -> None:
    assert Visit.kept(NOW, EventKind.CLICK, 7, {"signals": ["head"]}, None) is None
