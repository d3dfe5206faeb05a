"""Confirm a sign-up. Mail scanners open every link, so only the button confirms."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from newsletter.tokens import ReaderPurpose
from subscribers import subscriptions
from subscribers.tables import List, Subscriber, SubscriptionState

from .evidence import evidence_of
from .joining import lists_in
from .site import Site, SiteOf, masked

router = APIRouter()
_PATH = "/confirm/{token}"


@router.api_route(_PATH, methods=["GET", "HEAD"])
def show(token: str, request: Request, site: SiteOf) -> Response:
    """What would be confirmed, and the button."""
    with site.app.database.reading() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.CONFIRM, token)
        waiting = lists_in(session, reader, SubscriptionState.PENDING)
    if not waiting:
        return _message(request, site, reader, waiting)
    words = site.pages.words(request, reader.language)
    return site.pages.render(request, words, "confirm", address=masked(reader.address), lists=waiting)


@router.post(_PATH)
def confirm(token: str, request: Request, site: SiteOf) -> Response:
    """Confirm everything that waits for this reader: one mail a window asks for all of it."""
    with site.app.database.writing() as session:
        reader, _ = site.reader_of(session, ReaderPurpose.CONFIRM, token)
        words = site.pages.words(request, reader.language)
        waiting = lists_in(session, reader, SubscriptionState.PENDING)
        for list_ in waiting:
            wording = words("confirm.wording", organization=site.app.organization.name, list=list_.name)
            evidence = evidence_of(request, words, "mail", wording)
            subscriptions.confirm(session, reader, list_, site.app.clock.now(), evidence=evidence)
    return _message(request, site, reader, waiting)


def _message(request: Request, site: Site, reader: Subscriber, confirmed: Sequence[List]) -> Response:
    words = site.pages.words(request, reader.language)
    key = "confirm.done" if confirmed else "confirm.nothing"
    next_step = (site.preferences_path(reader), words("preferences.open"))
    return site.pages.message(request, words, key, next_step=next_step, address=masked(reader.address))
