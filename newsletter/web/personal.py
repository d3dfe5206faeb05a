"""What we hold about a reader, to take along, and being forgotten. Only the button of the second changes anything."""

import json

from fastapi import APIRouter, Request, Response

from newsletter.events import persons
from newsletter.tokens import ReaderPurpose

from .forms import FormOf
from .site import SiteOf, masked

router = APIRouter()
_DATA = "/preferences/{token}/data"
_ERASE = "/preferences/{token}/erase"


@router.get(_DATA)
def take_along(token: str, site: SiteOf) -> Response:
    """All that we hold, as a JSON file (GDPR, article 20)."""
    with site.app.database.reading() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.PREFERENCES, token)
        held = persons.held(session, reader)
    headers = {"Content-Disposition": 'attachment; filename="newsletter-data.json"', "X-Robots-Tag": "noindex"}
    return Response(json.dumps(held, ensure_ascii=False, indent=2), media_type="application/json", headers=headers)


@router.api_route(_ERASE, methods=["GET", "HEAD"])
def ask(token: str, request: Request, site: SiteOf) -> Response:
    """What erasing means, and the button."""
    with site.app.database.reading() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.PREFERENCES, token)
    words = site.pages.words(request, reader.language)
    back = site.preferences_path(reader)
    return site.pages.render(request, words, "erase", address=masked(reader.address), preferences_path=back)


@router.post(_ERASE)
def erase(token: str, request: Request, form: FormOf, site: SiteOf) -> Response:
    """Erase the reader for good (GDPR, article 17)."""
    with site.app.database.writing() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.PREFERENCES, token)
        words, never_again = site.pages.words(request, reader.language), form.one("never_again") == "yes"
        now = site.app.clock.now()
        persons.erase(session, site.app.organization, reader, now=now, never_again=never_again)
    site.app.database.wipe()
    return site.pages.message(request, words, "erased.never_again" if never_again else "erased.done")
