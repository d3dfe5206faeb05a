from datetime import UTC, datetime

import pytest

from newsletter.events.agents import Client, client_of
from newsletter.events.classify import Signal, judge
from newsletter.events.networks import Networks
from newsletter.events.tables import Actor, EventKind
from newsletter.events.visits import Visit
from tests.support.browsers import BROWSERS, MAIL_PROGRAMS

AT = datetime(2026, 12, 2, 12, tzinfo=UTC)
APPLE = "Mozilla/5.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
SCANNERS = (
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "Barracuda Sentinel (EE)",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
    "python-requests/2.32",
    "curl/8.9",
    "Go-http-client/1.1",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.24.20.89 A",
    "SkypeUriPreview",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "TelegramBot (like TwitterBot)",
)


def seen(agent: str, kind: EventKind) -> tuple[Actor, tuple[Signal, ...]]:
    """What is thought of a request of nothing but an agent, long after the mail."""
    visit = Visit(AT, kind, 2, False, "GET", agent, "", False, 86_400.0)
    (verdict,) = judge([visit], Networks(()))
    return verdict.actor, verdict.signals


def test_the_list_of_browsers_is_long_and_has_no_two_alike() -> None:
    assert len(set(BROWSERS)) == len(BROWSERS) >= 60


@pytest.mark.parametrize("agent", BROWSERS)
@pytest.mark.parametrize("kind", [EventKind.OPEN, EventKind.CLICK])
def test_a_browser_is_no_machine_and_not_odd(agent: str, kind: EventKind) -> None:
    assert client_of(agent) is Client.BROWSER
    assert seen(agent, kind) == (Actor.HUMAN, ())


@pytest.mark.parametrize("agent", MAIL_PROGRAMS)
def test_a_mail_program_fetches_pictures_for_its_reader(agent: str) -> None:
    assert seen(agent, EventKind.OPEN) == (Actor.HUMAN, ())


@pytest.mark.parametrize("agent", SCANNERS)
@pytest.mark.parametrize("kind", [EventKind.OPEN, EventKind.CLICK])
def test_a_scanners_name_is_one_sign(agent: str, kind: EventKind) -> None:
    assert seen(agent, kind) == (Actor.UNKNOWN, (Signal.AGENT,))


@pytest.mark.parametrize("agent", [GMAIL, YAHOO])
def test_an_image_proxy_looks_when_its_reader_does_and_follows_no_link(agent: str) -> None:
    assert seen(agent, EventKind.OPEN) == (Actor.HUMAN, ())
    assert seen(agent, EventKind.CLICK) == (Actor.UNKNOWN, (Signal.AGENT,))


@pytest.mark.parametrize("agent", [APPLE, GMAIL_AHEAD])
def test_who_fetches_pictures_before_anybody_looks_is_not_taken_for_a_person(agent: str) -> None:
    assert seen(agent, EventKind.OPEN) == (Actor.UNKNOWN, (Signal.AGENT,))


@pytest.mark.parametrize("agent", ["", "-", "Mozilla", "x" * 200, "FooFetcher/1.0", "<script>alert(1)</script>"])
def test_what_no_client_of_a_reader_is_called_is_one_sign(agent: str) -> None:
    assert seen(agent, EventKind.CLICK) == (Actor.UNKNOWN, (Signal.AGENT,))
