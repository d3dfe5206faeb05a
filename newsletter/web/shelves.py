"""The archive as a whole: its list of issues, and its feed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns import archive
from newsletter.campaigns.archive import Published
from newsletter.issues.document import Document
from newsletter.issues.parsing import parse
from newsletter.issues.tables import Revision
from newsletter.rendering.pages import Audience, Cover, IssuePage, cover_of, issue_page
from newsletter.rendering.pictures import Pictures
from newsletter.rendering.readers import Identity
from newsletter.words import Words
from subscribers.tables import List

from . import issue_pages
from .feeds import CONTENT_TYPE, Entry, Feed
from .issue_addresses import Addresses, Way
from .languages import best_of
from .pages import ARCHIVE, FEED, LanguageLink
from .site import Site, SiteOf
from .validators import HTML, kept

router = APIRouter()
_GET = ["GET", "HEAD"]
_MOST_ON_ONE_PAGE = 24
"""Issues; where there are more, a year is a page."""
_MOST_IN_A_FEED = 20
_YEAR_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Volume:
    """An issue of the archive, as it was sent, and in whose name."""

    published: Published
    document: Document
    identity: Identity
    pictures: Pictures

    def page(self, audience: Audience) -> IssuePage:
        """What everybody may see of it."""
        return issue_page(self.document, self.identity, audience, self.pictures)

    def cover(self, language: str) -> Cover:
        """What it is called."""
        return cover_of(self.document, self.identity, language)


@dataclass(frozen=True, slots=True)
class Line:
    """An issue in the list."""

    cover: Cover
    href: str


@dataclass(frozen=True, slots=True)
class Year:
    """The issues of one year, newest first."""

    name: str
    issues: tuple[Line, ...]


def volume(session: Session, app: App, published: Published) -> Volume:
    """What is kept of an issue of the archive."""
    document = _document(session.get_one(Revision, published.revision_id).document)
    identity = app.identity(session.get_one(List, published.list_id))
    return Volume(published, document, identity, app.pictures(session, document))


@router.api_route(ARCHIVE, methods=_GET)
def index(request: Request, site: SiteOf) -> Response:
    """Past issues by month, newest first; of one year, where they are many."""
    wish = request.query_params.get("language", "")
    words = site.pages.languages.words(wish, accepted=request.headers.get("accept-language", ""))
    with site.app.database.reading() as session:
        everything = archive.all_of(session, site.app.organization.id)
        shown, years = _of_year(everything, request.query_params.get("year", ""))
        volumes = [volume(session, site.app, published) for published in shown]
    html = _list(site, words, volumes, years).encode()
    changed_at = max((one.updated_at for one in everything), default=site.app.organization.created_at)
    headers = {"Content-Language": words.language} | ({} if wish else {"Vary": "Accept-Language"})
    return kept(request, html, changed_at, HTML, headers)


@router.api_route(FEED, methods=_GET)
def feed(request: Request, site: SiteOf) -> Response:
    """The newest issues as an Atom feed, in the organization's first language or another."""
    language = best_of(site.pages.languages.codes, request.query_params.get("language", ""))
    with site.app.database.reading() as session:
        published = archive.all_of(session, site.app.organization.id)[:_MOST_IN_A_FEED]
        entries = [_entry(site, volume(session, site.app, one), language) for one in published]
    changed_at = max((one.updated_at for one in published), default=site.app.organization.created_at)
    body = _feed(site, language).written(entries)
    return kept(request, body, changed_at, CONTENT_TYPE, {"Content-Language": language})


@lru_cache(maxsize=128)
def _document(text: str) -> Document:
    return parse(text)


def _of_year(everything: Sequence[Published], asked: str) -> tuple[Sequence[Published], tuple[str, ...]]:
    """The issues to show, and the years to choose among; no years where all fit on one page."""
    if len(everything) <= _MOST_ON_ONE_PAGE:
        return everything, ()
    years = tuple(dict.fromkeys(one.month[:_YEAR_LENGTH] for one in everything))
    year = asked if asked in years else years[0]
    return [one for one in everything if one.month.startswith(year)], years


def _list(site: Site, words: Words, volumes: Iterable[Volume], years: Sequence[str]) -> str:
    base, lines = site.app.settings.base_url, [(one.published.month, _line(one, words)) for one in volumes]
    shown = [
        Year(name, tuple(line for _, line in of_year))
        for name, of_year in groupby(lines, key=lambda dated: dated[0][:_YEAR_LENGTH])
    ]
    year = shown[0].name if years else ""
    languages = [LanguageLink(one.code, one.name, _path(one.code, year)) for one in site.pages.languages.named]
    return site.pages.text(
        site.pages.frame(words, ARCHIVE, languages),
        words,
        "archive",
        years=shown,
        other_years=[Way(_path(words.language, name), name, name == year) for name in years],
        canonical=f"{base}{_path(words.language, year)}",
        alternates=[LanguageLink(one.code, "", f"{base}{one.href}") for one in languages],
    )


def _path(language: str, year: str) -> str:
    return f"{ARCHIVE}?{urlencode({'language': language} | ({'year': year} if year else {}))}"


def _line(volume: Volume, words: Words) -> Line:
    cover = volume.cover(words.language)
    return Line(cover, f"{ARCHIVE}/{volume.published.slug}?{urlencode({'language': cover.language})}")


def _feed(site: Site, language: str) -> Feed:
    base, organization = site.app.settings.base_url, site.app.organization
    query = urlencode({"language": language})
    return Feed(
        base_url=base,
        organization=organization.name,
        since=organization.created_at,
        language=language,
        title=organization.name,
        archive_url=f"{base}{ARCHIVE}?{query}",
        feed_url=f"{base}{FEED}?{query}",
    )


def _entry(site: Site, volume: Volume, language: str) -> Entry:
    issue = volume.page(Audience(language, known_bands=site.app.settings.grade_bands.names))
    published, base = volume.published, site.app.settings.base_url
    return Entry(
        name=published.slug,
        language=issue.language,
        url=f"{base}{Addresses(base, published.slug, issue).path()}",
        title=issue.cover.title,
        summary=issue.cover.summary,
        content=issue_pages.entry(site.pages, issue),
        published_at=published.published_at,
        updated_at=published.updated_at,
    )
