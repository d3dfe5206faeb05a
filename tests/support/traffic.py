"""Requests that a mail to many families brings, made up, with who was really there: to measure how well that is told.

It knows mailbox providers, mail gateways and people as the trade describes them, and nothing of how requests are
judged. Delays, agents and habits overlap on purpose: some gateways are slow and look like browsers, some people are
quick, open many tabs at once, read everything, sit behind a hoster's network, or use a program that nobody knows.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .browsers import DESKTOP, IN_APPS, MAIL_PROGRAMS, PHONES

LINKS = 11
HIDDEN = LINKS
PICTURE = -1
_GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
_GMAIL_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
_YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
_NAMED = (
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "python-requests/2.31.0",
    "Go-http-client/1.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/119.0.0.0 Safari/537.36",
    "",
    "LinkSafe",
)
_PREVIEWS = (
    "WhatsApp/2.24.20.89 A",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
)
_STRANGE = ("MyMailApp/3.2 (Android)", "Lynx/2.9.0 libwww-FM/2.14", "eMClient/9.2.2230", "TypeApp 2.1", "")
LISTED = ("198.18.0.0/20", "203.0.113.0/24")
"""What a careful operator has listed: half of the gateways' networks, one of them a hoster's where people sit too."""
_GATEWAYS = ("198.18.3.", "198.18.9.", "203.0.113.", "192.88.4.", "192.88.9.", "192.88.77.")
_HOSTER = "203.0.113."
_HOUR = 3600.0
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Line:
    """One request. `seconds` are after the moment at which the ledger has the copy accepted."""

    copy: int
    seconds: float
    what: int
    """A link's number, `HIDDEN`, or `PICTURE`."""
    agent: str
    address: str
    sort: str
    """Who was really there."""
    is_person: bool
    method: str = "GET"
    is_prefetch: bool = False


def log(copies: int, seed: int) -> list[Line]:
    """What came back of so many copies, in the order in which it came."""
    chance = random.Random(seed)  # noqa: S311 - the same log for the same seed
    return sorted((line for copy in range(1, copies + 1) for line in _Mailbox(chance, copy).lines()), key=_moment)


def _moment(line: Line) -> tuple[float, int]:
    return line.seconds, line.copy


class _Mailbox:
    """One copy: its provider, what stands before it, and its readers."""

    def __init__(self, chance: random.Random, copy: int) -> None:
        self._chance, self._copy = chance, copy
        self._home = f"100.{chance.randint(64, 127)}.{chance.randint(0, 255)}.{chance.randint(1, 254)}"
        if self._is(0.02):
            self._home = _HOSTER + str(chance.randint(1, 254))
        self._phone = chance.choice((*PHONES, *IN_APPS)) if self._is(0.8) else chance.choice(DESKTOP)
        self._provider = chance.choices(
            ("gmail", "apple", "yahoo", "microsoft", "school", "gateway", "plain"), (43, 25, 7, 8, 6, 5, 6)
        )[0]

    def lines(self) -> Iterator[Line]:
        """All that is asked for about the copy."""
        yield from self._machines_before()
        if self._is(0.62):
            yield from self._person(self._first_look())
            if self._is(0.06):  # another device, another network, perhaps another parent
                self._home, self._phone = f"100.99.{self._chance.randint(0, 255)}.7", self._chance.choice(PHONES)
                yield from self._person(self._first_look() + 600)

    def _first_look(self) -> float:
        """Hours for most, seconds for the few who are just looking at their phone."""
        if self._is(0.02):
            return self._chance.uniform(3, 20) - self._chance.uniform(0, 1.5)  # the ledger knows a little later
        return 20 + math.exp(self._chance.gauss(math.log(3 * _HOUR), 1.6))

    # --- people ---

    def _person(self, at: float) -> Iterator[Line]:
        yield from self._look(at)
        if self._is(0.15):
            yield from self._look(at + self._chance.uniform(300, 3 * _DAY))
        if self._is(0.38):
            yield from self._follow(at + 2 + self._chance.expovariate(1 / 25))

    def _look(self, at: float) -> Iterator[Line]:
        """A look fetches the picture, by whatever the provider does for its reader; Apple's has fetched it before."""
        chance = self._chance
        if self._provider == "gmail":
            yield self._line(at, PICTURE, _GMAIL, f"66.249.{chance.randint(80, 95)}.{chance.randint(1, 254)}")
        elif self._provider == "yahoo":
            yield self._line(at, PICTURE, _YAHOO, f"98.137.{chance.randint(0, 255)}.9")
        elif self._provider != "apple":
            agent = chance.choice(MAIL_PROGRAMS) if self._is(0.35) else self._phone
            yield self._line(at, PICTURE, chance.choice(_STRANGE) if self._is(0.03) else agent, self._home)

    def _follow(self, at: float) -> Iterator[Line]:
        chance = self._chance
        browser = chance.choice(_STRANGE) if self._is(0.004) else self._phone
        opens_tabs, reads_all = self._is(0.015), self._is(0.004)
        many = (3, 4, 5) if opens_tabs else (7, 9, 11) if reads_all else (1, 1, 1, 1, 2, 2, 3)
        for link in chance.sample(range(LINKS), chance.choice(many)):
            yield from self._click(at, link, browser)
            at += chance.uniform(0.5, 1.6) if opens_tabs else chance.uniform(4, 90)

    def _click(self, at: float, link: int, browser: str) -> Iterator[Line]:
        yield self._line(at, link, browser, self._home)
        if self._is(0.04):  # tapped twice
            yield self._line(at + self._chance.uniform(0.2, 1), link, browser, self._home)
        if self._is(0.01):  # passed on in a chat, which looks it up for its preview
            yield self._machine(at + 60, link, self._chance.choice(_PREVIEWS), "157.240.22.4", "preview")
        if self._is(0.01):  # the antivirus on the reader's computer looks first, from the reader's own network
            yield self._machine(at - 0.4, link, browser, self._home, "antivirus", method="HEAD")
        if self._is(0.01):  # the browser fetches what the reader may tap next
            yield self._machine(at - 1, link, browser, self._home, "browser ahead", is_prefetch=True)
        if self._provider == "school" and self._is(0.6):  # the gateway looks again in the moment of the click
            agent, address = self._chance.choice(DESKTOP), self._gateway()
            yield self._machine(at + self._chance.uniform(0.1, 2), link, agent, address, "gateway at the click")

    # --- machines ---

    def _machines_before(self) -> Iterator[Line]:
        chance = self._chance
        if self._provider == "apple" and self._is(0.95):
            at = chance.uniform(1, 30) if self._is(0.3) else chance.uniform(30, 8 * _HOUR)
            yield self._machine(at, PICTURE, "Mozilla/5.0", f"172.225.{chance.randint(0, 255)}.4", "apple ahead")
        elif self._provider == "gmail" and self._is(0.04):
            yield self._machine(chance.uniform(0.5, 90), PICTURE, _GMAIL_AHEAD, "66.249.84.9", "gmail ahead")
        elif self._provider in ("school", "gateway") and self._is(0.9):
            yield from self._scan()

    def _scan(self) -> Iterator[Line]:
        """A gateway reads the mail: at once or late, fast or slow, all links or some, under its name or a browser's."""
        chance = self._chance
        at = chance.uniform(0.2, 90) if self._is(0.75) else chance.uniform(90, 2 * _HOUR)
        agent = chance.choice(_NAMED) if self._is(0.4) else chance.choice(DESKTOP)
        address, method = self._gateway(), "HEAD" if self._is(0.25) else "GET"
        sees_styles = self._is(0.35)  # a real browser, that follows what can be clicked
        links = [*range(LINKS)] if sees_styles else [*range(LINKS), HIDDEN]
        if self._is(0.3):
            links = chance.sample(links, chance.randint(1, 4))
        step = chance.uniform(4, 30) if self._is(0.12) else chance.uniform(0.02, 0.6)
        if self._is(0.5):
            yield self._machine(at - 0.1, PICTURE, agent, address, "gateway")
        for link in chance.sample(links, len(links)):
            address = self._gateway() if self._is(0.3) else address
            yield self._machine(at, link, agent, address, "gateway", method=method)
            if method == "HEAD" and self._is(0.5):
                yield self._machine(at + 0.2, link, agent, address, "gateway")
            at += step * chance.uniform(0.5, 1.5)

    def _gateway(self) -> str:
        return self._chance.choice(_GATEWAYS) + str(self._chance.randint(1, 254))

    def _is(self, share: float) -> bool:
        return self._chance.random() < share

    def _line(self, at: float, what: int, agent: str, address: str) -> Line:
        sort = "person, by a proxy" if agent in (_GMAIL, _YAHOO) else "person"
        return Line(self._copy, at, what, agent, address, sort, is_person=True)

    def _machine(self, at: float, what: int, agent: str, address: str, sort: str, **how: Any) -> Line:
        return Line(self._copy, at, what, agent, address, sort, is_person=False, **how)
