"""Confirm a sign-up. Mail scanners open every link, so only the button confirms."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from newsletter.campaigns import streams
from newsletter.tokens import ReaderPurpose
from newsletter.words import Words
from subscribers import lists, subscriptions
from subscribers.consent import MAIL
from subscribers.tables import List, Subscriber

from .choices import list_choices
from .evidence import evidence_of
from .joining import waiting_lists
from .site import Site, SiteOf, masked

router = APIRouter()
_PATH = "/confirm/{token}"


@router.api_route(_PATH, methods=["GET", "HEAD"])
def show(token: str, request: Request, site: SiteOf) -> Response:
    """What would be confirmed, and the button."""
    with site.app.database.reading() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.CONFIRM, token)
        waiting = waiting_lists(session, reader)
    if not waiting:
        return _message(request, site, reader, waiting)
    words = site.pages.words(request, reader.language)
    shown = list_choices(waiting, words.language)
    return site.pages.render(request, words, "confirm", address=masked(reader.address), lists=shown)


@router.post(_PATH)
def confirm(token: str, request: Request, site: SiteOf) -> Response:
    """Confirm everything that waits for this reader: one mail a window asks for all of it. One mail greets them."""
    with site.app.database.writing() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.CONFIRM, token)
        words = site.pages.words(request, reader.language)
        waiting = waiting_lists(session, reader)
        confirmed = [list_ for list_ in waiting if _confirm(session, request, site, words, reader, list_)]
        streams.welcome(session, site.app.clock, reader, confirmed, language=reader.language or words.language)
    return _message(request, site, reader, confirmed)


def _confirm(session: Session, request: Request, site: Site, words: Words, reader: Subscriber, list_: List) -> bool:
    """Returns whether it waited until now: of two requests at once, one."""
    named = lists.name_in(list_, words.language)
    wording = words("confirm.wording", organization=site.app.organization.name, list=named)
    evidence = evidence_of(request, site, words, MAIL, wording)
    return subscriptions.confirm(session, reader, list_, site.app.clock.now(), evidence=evidence)


def _message(request: Request, site: Site, reader: Subscriber, confirmed: Sequence[List]) -> Response:
    words = site.pages.words(request, reader.language)
    key = "confirm.done" if confirmed else "confirm.nothing"
    next_step = (site.preferences_path(reader), words("preferences.open"))
    return site.pages.message(request, words, key, next_step=next_step, address=masked(reader.address))
