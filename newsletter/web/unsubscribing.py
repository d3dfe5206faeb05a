"""Leave a list: by a mail program (RFC 8058) or on the page. Only POST does anything; it never redirects."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from newsletter.events import unsubscribes
from newsletter.tokens import ReaderPurpose
from subscribers import lists, subscriptions
from subscribers.consent import MAIL, Evidence
from subscribers.tables import List, Subscriber, SubscriptionState

from .evidence import evidence_of
from .forms import AnyFormOf
from .joining import current_lists
from .site import LinkDone, Site, SiteOf, masked

router = APIRouter()
_PATH = "/unsubscribe/{token}"
_UNDO, _ALL, _THIS = "undo", "all", "list"


@router.api_route(_PATH, methods=["GET", "HEAD"])
def show(token: str, request: Request, site: SiteOf) -> Response:
    """Ask; nothing is changed, because scanners open this address too."""
    with site.app.database.reading() as session:
        reader, list_ = _named(session, site, token)
    words = site.pages.words(request, reader.language)
    return site.pages.render(
        request,
        words,
        "unsubscribe",
        list_name=lists.name_in(list_, words.language),
        address=masked(reader.address),
        preferences_path=site.preferences_path(reader),
    )


@router.post(_PATH)
def unsubscribe(token: str, request: Request, form: AnyFormOf, site: SiteOf) -> Response:
    """Leave the token's list; with `action`, undo that or leave everything. A second time answers the same."""
    with site.app.database.writing() as session:
        reader, list_ = _named(session, site, token)
        words = site.pages.words(request, reader.language)
        what = form.one("action") if form.one("action") in (_UNDO, _ALL) else _THIS
        button = "left.undo_button" if what == _UNDO else f"unsubscribe.{'all_' if what == _ALL else ''}button"
        list_name = lists.name_in(list_, words.language)
        _do(session, site, what, reader, list_, evidence_of(request, site, words, MAIL, words(button, list=list_name)))
        kept = current_lists(session, reader)
    return site.pages.render(
        request,
        words,
        "left",
        what=what,
        list_name=list_name,
        address=masked(reader.address),
        others=[lists.name_in(other, words.language) for other in kept if other.id != list_.id],
        preferences_path=site.preferences_path(reader),
    )


def _do(session: Session, site: Site, what: str, reader: Subscriber, list_: List, evidence: Evidence) -> None:
    now = site.app.clock.now()
    if what == _UNDO:
        # The token came to the reader's own mailbox, which is all that a confirmation proves.
        subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, now, evidence=evidence)
        subscriptions.confirm(session, reader, list_, now, evidence=evidence)
    else:
        unsubscribes.leave(session, reader, None if what == _ALL else list_, now, evidence=evidence)


def _named(session: Session, site: Site, token: str) -> tuple[Subscriber, List]:
    """The reader and the list that a token names. Raises `TokenInvalid`, or `LinkDone` where one of them is gone."""
    reader, list_id = site.reader_of(session, ReaderPurpose.UNSUBSCRIBE, token)
    list_ = session.get(List, list_id)
    if list_ is None:
        raise LinkDone
    return reader, list_
