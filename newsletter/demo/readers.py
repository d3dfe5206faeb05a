"""Readers who open what they received and follow links, as browsers, scanners and mail programs do: over HTTP."""

import email
import email.policy
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html.parser import HTMLParser
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from newsletter.errors import NewsletterError

_PATIENCE_SECONDS = 20
_AT_ONCE = 8
_BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
_SCANNER = "Barracuda Link Scanner/2.0"
_PROXY = "MailImageProxy/1.0"
_OPENS, _CLICKS, _IS_SCANNED, _IS_PREFETCHED = 0.6, 0.5, 0.08, 0.12
_ONE_CLICK = "List-Unsubscribe=One-Click"  # RFC 8058


class PageRefused(NewsletterError):
    """A page did not answer as it should. Please report this."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A received mail: its page, and the addresses it asks for."""

    to: str
    subject: str
    html: str
    pixel: str
    links: tuple[str, ...]
    seen: tuple[str, ...]
    """Those of the links that a person sees."""
    leave: str


class Visitor:
    """Makes requests to public addresses, which all lead to one port of this machine."""

    def __init__(self, base_url: str, port: int) -> None:
        self._base_url = base_url
        self._port = port

    def ask(self, method: str, url: str, agent: str = _BROWSER, body: str | None = None, **headers: str) -> int:
        """Make one request; the status of the answer. Raises `PageRefused`."""
        sent = {"User-Agent": agent, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(method, url.removeprefix(self._base_url), body, sent)
            status = connection.getresponse().status
        finally:
            connection.close()
        if status >= HTTPStatus.BAD_REQUEST:
            raise PageRefused(f"{method} {url} answered {status}. Please report this.")
        return status

    def leave(self, mail: Mail) -> int:
        """Press the mail program's own unsubscribe button; the status of the answer."""
        return self.ask("POST", mail.leave, body=_ONE_CLICK, Content_Type="application/x-www-form-urlencoded")


def read(file: Path) -> Mail:
    """Read a mail as a mail program does."""
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    page = message.get_body(("html",))
    html = page.get_content() if page is not None else ""
    found = _Page()
    found.feed(html)
    return Mail(
        to=message["To"].addresses[0].addr_spec,
        subject=message["Subject"],
        html=html,
        pixel=next((source for source in found.images if "/o/" in source), ""),
        links=_tracked(found.links),
        seen=_tracked(found.seen),
        leave=message["List-Unsubscribe"].strip("<>"),
    )


def _tracked(links: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(link for link in links if "/c/" in link))


def visit(inbox: Path, visitor: Visitor) -> int:
    """Let each reader do what they do with their mail. Returns how many requests they made."""
    return _all(inbox, lambda mail: _people(mail, visitor, _dice(mail)))


def scan(inbox: Path, visitor: Visitor) -> int:
    """Let what stands before the mailboxes do what it does with mail as it comes. Returns how many requests it made."""
    return _all(inbox, lambda mail: _machines(mail, visitor, _dice(mail, "scanner")))


def _all(inbox: Path, act: Callable[[Mail], int]) -> int:
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        return sum(readers.map(lambda file: act(read(file)), sorted(inbox.glob("*.eml"))))


def _dice(mail: Mail, whose: str = "") -> random.Random:
    return random.Random(mail.to + whose)  # noqa: S311 - each reader does the same each time


class _Page(HTMLParser):
    """The pictures and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.links: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":
            self.images.append(given.get("src") or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
            if given.get("aria-hidden") != "true":
                self.seen.append(given.get("href") or "")


def _people(mail: Mail, visitor: Visitor, dice: random.Random) -> int:
    if dice.random() >= _OPENS:
        return 0
    visitor.ask("GET", mail.pixel)
    if dice.random() >= _CLICKS:
        return 1
    followed = dice.sample(mail.seen, dice.choice((1, 1, 2)))
    for link in followed:
        visitor.ask("GET", link)
    return 1 + len(followed)


def _machines(mail: Mail, visitor: Visitor, dice: random.Random) -> int:
    made = 0
    if dice.random() < _IS_SCANNED:
        for link in mail.links:
            visitor.ask("HEAD", link, _SCANNER)
        made += len(mail.links)
    if dice.random() < _IS_PREFETCHED:
        visitor.ask("GET", mail.pixel, _PROXY, Sec_Purpose="prefetch")
        made += 1
    return made
