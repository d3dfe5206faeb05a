"""Readers who open what they received and follow links, as browsers, scanners and mail programs do: over HTTP."""

import email
import email.policy
import random
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
    leave: str


@dataclass(frozen=True, slots=True)
class Visits:
    """How many requests were made, by whom."""

    by_people: int
    by_machines: int


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
        links=tuple(dict.fromkeys(target for target in found.links if "/c/" in target)),
        leave=message["List-Unsubscribe"].strip("<>"),
    )


def visit(inbox: Path, visitor: Visitor) -> Visits:
    """Let each reader, and what stands before their mailbox, do what they do with their mail."""
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        made = list(readers.map(lambda file: _act(read(file), visitor), sorted(inbox.glob("*.eml"))))
    return Visits(sum(by_people for by_people, _ in made), sum(by_machines for _, by_machines in made))


class _Page(HTMLParser):
    """The pictures and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":
            self.images.append(given.get("src") or "")
        if tag == "a":
            self.links.append(given.get("href") or "")


def _act(mail: Mail, visitor: Visitor) -> tuple[int, int]:
    """How many requests the reader made, and how many machines did before."""
    dice = random.Random(mail.to)  # noqa: S311 - each reader does the same each time
    return _people(mail, visitor, dice), _machines(mail, visitor, dice)


def _people(mail: Mail, visitor: Visitor, dice: random.Random) -> int:
    if dice.random() >= _OPENS:
        return 0
    visitor.ask("GET", mail.pixel)
    if dice.random() >= _CLICKS:
        return 1
    followed = dice.sample(mail.links, dice.choice((1, 1, 2)))
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
