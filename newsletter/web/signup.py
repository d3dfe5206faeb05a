"""Sign up. The answer and its time are the same whatever the address is to us."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from time import monotonic

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from subscribers import lists
from subscribers.addresses import AddressInvalid, EmailAddress
from subscribers.tables import List

from .choices import list_choices
from .evidence import evidence_of
from .forms import Form, FormOf, Problem
from .joining import Entry, join
from .pages import SIGN_UP
from .site import Site, SiteOf
from .words import Words

router = APIRouter()
EVEN_ANSWER_SECONDS = 0.25
"""Longer than the work for any address takes, so that the time of the answer tells nothing."""


@router.api_route(SIGN_UP, methods=["GET", "HEAD"])
def show(request: Request, site: SiteOf) -> Response:
    """The form."""
    words = site.pages.words(request)
    return _form_page(request, site, words, Form(), _lists(site))


@router.post(SIGN_UP)
async def sign_up(request: Request, form: FormOf, site: SiteOf) -> Response:
    """Take the form, or show it again with what is wrong."""
    begun = monotonic()
    response = await run_in_threadpool(_sign_up, request, form, site)
    await asyncio.sleep(max(0.0, begun + EVEN_ANSWER_SECONDS - monotonic()))
    return response


def _sign_up(request: Request, form: Form, site: Site) -> Response:
    words = site.pages.words(request)
    offered = _lists(site)
    chosen = [list_ for list_ in offered if list_.slug in form.many("lists")]
    address = _address(form.one("email"))
    if address is None or not chosen:
        problems = [] if address else [Problem("email", words("problem.email"))]
        problems += [] if chosen else [Problem("lists", words("problem.lists"))]
        return _form_page(request, site, words, form, offered, problems)
    entry = Entry(
        address=address,
        name=form.one("name"),
        language=_language(site, form, words),
        lists=chosen,
        children=site.school().told(form.many("children"), ()),
        evidence=evidence_of(request, words, "form", _wording(site, words)),
    )
    with site.app.database.writing() as session:
        join(session, site.app, entry)
    return _thanks(request, site, words, entry)


def _thanks(request: Request, site: Site, words: Words, entry: Entry) -> Response:
    address = entry.address.mailed
    if any(list_.double_opt_in for list_ in entry.lists):
        return site.pages.render(request, words, "subscribed", address=address)
    return site.pages.message(request, words, "subscribed.done", address=address)


def _form_page(
    request: Request, site: Site, words: Words, form: Form, offered: Sequence[List], problems: Sequence[Problem] = ()
) -> Response:
    if not offered:
        return site.pages.message(request, words, "subscribe.nothing")
    school = site.school()
    ticked = form.many("lists") if form.values else [list_.slug for list_ in offered[:1]]
    shown = {
        "email": form.one("email"),
        "name": form.one("name"),
        "lists": list_choices(offered, ticked),
        "bands": school.choices(words, form.many("children")),
        "school_year": school.year,
        "languages": site.pages.languages,
        "language": _language(site, form, words),
        "wording": _wording(site, words),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return site.pages.render(request, words, "subscribe", status, form=shown, problems=problems)


def _lists(site: Site) -> Sequence[List]:
    with site.app.database.reading() as session:
        return lists.all_of(session, site.app.organization.id)


def _address(text: str) -> EmailAddress | None:
    try:
        return EmailAddress.parse(text)
    except AddressInvalid:
        return None


def _language(site: Site, form: Form, words: Words) -> str:
    chosen = form.one("language")
    return chosen if chosen in site.pages.catalogue.languages else words.language


def _wording(site: Site, words: Words) -> str:
    return words("subscribe.wording", organization=site.app.organization.name)
