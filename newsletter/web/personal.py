"""What is held about a reader, to take along, and being erased: behind a link that is mailed to them and works a day.

Only the button of the second changes anything. The link to the preferences stands in every mail, and mails are passed
on: it opens nothing here.
"""

import json

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from newsletter.campaigns import personal_letters
from newsletter.errors import NewsletterError
from newsletter.events import persons
from newsletter.tokens import ReaderPurpose
from newsletter.webhooks import disclosures
from subscribers.tables import Subscriber

from .forms import FormOf
from .site import Site, SiteOf, masked

router = APIRouter()
_PATH = "/personal/{token}"
_DATA = f"{_PATH}/data"
_ERASE = f"{_PATH}/erase"


class LinkEnded(NewsletterError):
    """This link works no more. Ask for a new one on your preferences page."""

    def __init__(self, language: str, preferences_path: str) -> None:
        super().__init__()
        self.language = language
        self.preferences_path = preferences_path


@router.api_route(_PATH, methods=["GET", "HEAD"])
@router.api_route(_ERASE, methods=["GET", "HEAD"])  # where the page after the button asks for another language
def show(token: str, request: Request, site: SiteOf) -> Response:
    """What can be done: the file, and the button that erases."""
    with site.app.database.reading() as session:
        reader = _reader_of(session, site, token)
    words = site.pages.words(request, reader.language)
    return site.pages.render(
        request,
        words,
        "personal",
        address=masked(reader.address),
        data_path=_DATA.format(token=token),
        erase_path=_ERASE.format(token=token),
        preferences_path=site.preferences_path(reader),
    )


@router.api_route(_DATA, methods=["GET", "HEAD"])
def take_along(token: str, site: SiteOf) -> Response:
    """All that we hold, as a JSON file (GDPR, article 20)."""
    with site.app.database.reading() as session:
        held = disclosures.held(session, _reader_of(session, site, token))
    headers = {"Content-Disposition": 'attachment; filename="newsletter-data.json"', "X-Robots-Tag": "noindex"}
    return Response(json.dumps(held, ensure_ascii=False, indent=2), media_type="application/json", headers=headers)


@router.post(_ERASE)
def erase(token: str, request: Request, form: FormOf, site: SiteOf) -> Response:
    """Erase the reader for good (GDPR, article 17)."""
    with site.app.database.writing() as session:
        reader = _reader_of(session, site, token)
        words, never_again = site.pages.words(request, reader.language), form.one("never_again") == "yes"
        now = site.app.clock.now()
        persons.erase(session, site.app.organization, reader, now=now, never_again=never_again)
    site.app.database.wipe()
    return site.pages.message(request, words, "erased.never_again" if never_again else "erased.done")


def _reader_of(session: Session, site: Site, token: str) -> Subscriber:
    """The reader to whom a link was mailed. Raises `TokenInvalid`, `LinkDone` or `LinkEnded`."""
    reader, ends = site.reader_of(session, ReaderPurpose.PERSONAL, token)
    if personal_letters.has_ended(ends, site.app.clock.now()):
        raise LinkEnded(reader.language, site.preferences_path(reader))
    return reader
