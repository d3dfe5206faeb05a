"""The letters and pages that are shown: made as they are for sending and for the archive, for a made-up reader."""

from dataclasses import replace
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path

from newsletter.folders import templates_folder
from newsletter.issues.document import Document, Section
from newsletter.issues.parsing import parse
from newsletter.rendering.brands import Logo
from newsletter.rendering.editions import Edition
from newsletter.rendering.pages import Audience, IssuePage, issue_page
from newsletter.rendering.pictures import Picture
from newsletter.rendering.prepared import Copy, Rendered, rendered
from newsletter.rendering.readers import Brand, Identity, Reader
from newsletter.rendering.variants import Variant
from newsletter.sending import galleries
from newsletter.tokens import Signer
from newsletter.web import issue_pages
from newsletter.web.languages import Languages
from newsletter.web.pages import Pages
from subscribers.grades import Bands, RollOver
from subscribers.segments.rules import RuleContext

ROOT = Path(__file__).parents[2]
LOGO = Picture("https://pictures.example/logo.svg", 202, 48)
READING = Picture("https://pictures.example/reading-corner.svg", 1040, 520)
DRAWN = {picture.url: Path(__file__).parent / picture.url.rpartition("/")[2] for picture in (LOGO, READING)}
"""The files of the pictures in the letters: no letter here is fetched from anywhere."""
_PICTURES = {"media:logo": LOGO, "https://school.example/reading-corner.jpg": READING}
_LOGO = Logo(LOGO.url, LOGO.width, LOGO.height)
_SIGNER = Signer(["the pictures of the documents lead nowhere"])
_CONTEXT = RuleContext(1, date(2026, 12, 1), RollOver(7, 1), Bands.parse("elementary=PK-5 middle=6-8 high=9-12"))
_READER = Reader("ana@home.example", "Ana Ruiz", "Ana", "en", "nobody")
_IDENTITY = Identity(
    organization="Maple Families",
    list_id=1,
    list_slug="families",
    list_name="Family newsletter",
    from_header="Rosa Lind <rosa@school.example>",
    reply_to="",
    postal_address="120 Main Street, Springfield, IL 62701",
    base_url="https://news.school.example",
    brand=Brand(logo="media:logo"),
)

_PAGES = Pages(
    templates_folder() / "web", Languages(("en", "ar")), _IDENTITY.organization, _IDENTITY.postal_address, "", _LOGO
)


def example(name: str) -> Document:
    """An issue of `examples/`."""
    return parse((ROOT / "examples" / f"{name}.md").read_text(encoding="utf-8"))


def alone(document: Document, section: Section) -> Document:
    """An issue of one section."""
    return replace(document, sections=(section,))


def web(document: Document, language: str = "en") -> str:
    """The page on the web that everybody may see."""
    return issue_pages.web_page(_PAGES, _issue(document, language))


def sheet(document: Document, language: str = "en") -> str:
    """The page to print."""
    return issue_pages.print_page(_PAGES, _issue(document, language))


def _issue(document: Document, language: str) -> IssuePage:
    audience = Audience(language=language, bands=(), known_bands=("elementary", "middle", "high"))
    return issue_page(document, _IDENTITY, audience, _PICTURES)


def card(document: Document, language: str = "en") -> str:
    """The goal of the month as a card to print."""
    return issue_pages.goal_page(_PAGES, _issue(document, language))


def feed(document: Document, language: str = "en") -> str:
    """What a feed reader shows of an issue."""
    return f"<body style='font:17px/1.5 system-ui;margin:24px'>{issue_pages.entry(_PAGES, _issue(document, language))}"


def every(document: Document) -> str:
    """All variants side by side."""
    edition = Edition(document, _IDENTITY, pictures=_PICTURES)
    shown = galleries.gallery(
        edition, galleries.every_variant(document, _CONTEXT), _SIGNER, datetime(2026, 12, 1, tzinfo=UTC)
    )
    return galleries.page_of("Issue 1", shown)


def letter(document: Document, *, theme: str, language: str = "en", brand: Brand | None = None) -> str:
    """The HTML that a reader gets of all sections."""
    return _made(document, theme, language, brand).html


def text(document: Document, *, theme: str, language: str = "en") -> str:
    """The same letter in plain text."""
    said = escape(_made(document, theme, language, None).text)
    return f"<body style='margin:24px'><pre style='font:15px/1.5 monospace;white-space:pre-wrap'>{said}</pre>"


def _made(document: Document, theme: str, language: str, brand: Brand | None) -> Rendered:
    who = replace(_IDENTITY, brand=brand or _IDENTITY.brand)
    content = Edition(replace(document, theme=theme), who, pictures=_PICTURES).content(
        Variant.everything(document, language)
    )
    return rendered(content, who, _SIGNER, Copy(0, 0, 0, _READER, ""))
