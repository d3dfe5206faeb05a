from datetime import UTC, datetime, timedelta

import pytest

from newsletter.events.classify import Copy, actor
from newsletter.events.requests import Request
from newsletter.events.tables import Actor

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SCANNER = "Mozilla/5.0 (compatible; Proofpoint URL Defense)"


def seen(*, method: str = "GET", agent: str = FIREFOX, prefetched: bool = False) -> Request:
    return Request(NOW, method, agent, prefetched)


def accepted(seconds_ago: float | None) -> Copy:
    return Copy(None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago), is_tracked=True)


def test_a_browser_that_comes_later_is_human() -> None:
    assert actor(seen(), accepted(60)) is Actor.HUMAN


def test_a_head_request_is_never_human() -> None:  # M38
    assert actor(seen(method="HEAD"), accepted(60)) is Actor.MACHINE


@pytest.mark.parametrize("agent", [SCANNER, "", "Mozilla/5.0", "python-requests/2.32", "curl/8.9"])
def test_a_scanners_agent_within_two_seconds_is_a_machine(agent: str) -> None:  # M39
    assert actor(seen(agent=agent), accepted(1.9)) is Actor.MACHINE


def test_one_signal_alone_is_chance() -> None:  # M39
    assert actor(seen(), accepted(0.5)) is Actor.HUMAN
    assert actor(seen(agent=SCANNER), accepted(2)) is Actor.HUMAN
    assert actor(seen(prefetched=True), accepted(60)) is Actor.HUMAN


def test_a_request_before_the_acceptance_is_known_comes_too_soon() -> None:
    assert actor(seen(prefetched=True), accepted(None)) is Actor.MACHINE


def test_a_copy_no_longer_in_the_ledger_is_not_asked_for_too_soon() -> None:
    assert actor(seen(agent=""), None) is Actor.HUMAN
    assert actor(seen(agent="", prefetched=True), None) is Actor.MACHINE
