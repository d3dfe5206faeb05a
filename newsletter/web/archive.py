"""An issue of the public archive: on the web, to print, as a PDF. Nothing of a reader is in it."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from newsletter.campaigns import archive
from newsletter.campaigns.archive import IssueNotPublished, Published
from newsletter.rendering.pages import Audience, IssuePage
from newsletter.rendering.pdf import PdfNotMade, PdfTooSlow
from newsletter.words import words

from . import issue_pages, shelves
from .issue_addresses import GOAL, PDF, PRINT, Addresses
from .languages import best_of
from .pages import ARCHIVE
from .security import POLICY_WITH_PICTURES, policy_of_sheet
from .site import Site, SiteOf
from .validators import HTML, kept

router = APIRouter()
_GET = ["GET", "HEAD"]
_SOON_SECONDS = "60"


@dataclass(frozen=True, slots=True)
class _Found:
    """An issue of the archive, as a request asks for it."""

    published: Published
    issue: IssuePage
    addresses: Addresses
    headers: dict[str, str]
    """Of every answer about it."""


@router.api_route(f"{ARCHIVE}/{{slug}}{PDF}", methods=_GET)
def pdf(slug: str, request: Request, site: SiteOf) -> Response:
    """The page to print, as a PDF; 404 with a sentence where this installation makes none."""
    found = _found(slug, request, site)
    html = issue_pages.print_page(site.pages, found.issue, found.addresses.around(words(found.issue.language), PRINT))
    try:
        return kept(
            request, html.encode(), found.published.updated_at, "application/pdf", found.headers, site.press.pdf
        )
    except PdfNotMade:
        return _no_pdf(request, site, found, "archive.no_pdf", HTTPStatus.NOT_FOUND)
    except PdfTooSlow:
        answer = _no_pdf(request, site, found, "archive.slow", HTTPStatus.SERVICE_UNAVAILABLE)
        answer.headers["Retry-After"] = _SOON_SECONDS
        return answer


@router.api_route(f"{ARCHIVE}/{{slug}}{PRINT}", methods=_GET)
def to_print(slug: str, request: Request, site: SiteOf) -> Response:
    """The page to print."""
    found = _found(slug, request, site)
    around = found.addresses.around(words(found.issue.language), PRINT)
    return _sheet(request, site, found, issue_pages.print_page(site.pages, found.issue, around))


@router.api_route(f"{ARCHIVE}/{{slug}}{GOAL}", methods=_GET)
def goal(slug: str, request: Request, site: SiteOf) -> Response:
    """The goal of the month as a card to print. Raises `IssueNotPublished` where the issue has none."""
    found = _found(slug, request, site)
    if not found.issue.has_goal:
        raise IssueNotPublished
    around = found.addresses.around(words(found.issue.language), GOAL)
    return _sheet(request, site, found, issue_pages.goal_page(site.pages, found.issue, around))


@router.api_route(f"{ARCHIVE}/{{slug}}", methods=_GET)
def show(slug: str, request: Request, site: SiteOf) -> Response:
    """The web page of an issue. Raises `IssueNotPublished`."""
    found = _found(slug, request, site)
    around = found.addresses.around(words(found.issue.language), has_pdf=site.press.is_installed)
    html = issue_pages.web_page(site.pages, found.issue, around).encode()
    headers = found.headers | {"Content-Security-Policy": POLICY_WITH_PICTURES}
    return kept(request, html, found.published.updated_at, HTML, headers)


def _found(slug: str, request: Request, site: Site) -> _Found:
    """The issue of an address, in the language and for the bands that are asked for. Raises `IssueNotPublished`."""
    with site.app.database.reading() as session:
        published = archive.get(session, site.app.organization.id, slug)
        volume = shelves.volume(session, site.app, published)
    wish, known = request.query_params.get("language", ""), site.app.settings.grade_bands.names
    asked = request.query_params.getlist("band")
    accepted = request.headers.get("accept-language", "")
    audience = Audience(
        language=best_of(volume.document.languages, wish, accepted=accepted),
        bands=tuple(band for band in known if band in asked),
        known_bands=known,
    )
    issue = volume.page(audience)
    headers = {"Content-Language": issue.language} | ({} if wish else {"Vary": "Accept-Language"})
    return _Found(published, issue, Addresses(site.app.settings.base_url, published.slug, issue), headers)


def _sheet(request: Request, site: Site, found: _Found, html: str) -> Response:
    policy = policy_of_sheet(issue_pages.print_style(site.pages))
    headers = found.headers | {"Content-Security-Policy": policy}
    return kept(request, html.encode(), found.published.updated_at, HTML, headers)


def _no_pdf(request: Request, site: Site, found: _Found, key: str, status: HTTPStatus) -> Response:
    said = words(found.issue.language)
    return site.pages.message(request, said, key, status, next_step=(found.addresses.path(PRINT), said("print.page")))
