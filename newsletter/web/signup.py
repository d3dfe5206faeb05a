"""Sign up. The answer and its time are the same whatever the address is to us."""

import asyncio
from datetime import datetime
from time import monotonic

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.orm import Session

from subscribers import signups

from .entering import Visit
from .evidence import network_address_of
from .forms import Form, FormOf, Problem
from .joining import Entry, join
from .pages import SIGN_UP
from .site import Site, SiteOf
from .work import Judgement, Verdict

router = APIRouter()


@router.api_route(SIGN_UP, methods=["GET", "HEAD"])
def show(request: Request, site: SiteOf) -> Response:
    """The form."""
    return Visit.of(request, site, Form()).form_page()


@router.post(SIGN_UP)
async def sign_up(request: Request, form: FormOf, site: SiteOf) -> Response:
    """Take the form, or show it again with what is wrong, or with what is still asked for."""
    begun = monotonic()
    response = await run_in_threadpool(_sign_up, request, site, form)
    await asyncio.sleep((begun - monotonic()) % site.even_answer_seconds)
    return response


def _sign_up(request: Request, site: Site, form: Form) -> Response:
    visit = Visit.of(request, site, form)
    entry = visit.entry()
    if entry is None:
        return visit.form_page(visit.problems())
    if visit.is_trapped:
        return visit.thanks(entry)
    judged = visit.judged()
    if judged.verdict is Verdict.DONE:
        return _take(visit, entry, judged)
    if judged.verdict is Verdict.EXPIRED:
        return visit.form_page([Problem("send", visit.words("problem.expired"))])
    return visit.waiting_page(judged)


def _take(visit: Visit, entry: Entry, judged: Judgement) -> Response:
    try:
        return _counted(visit, entry, judged)
    except (IntegrityError, InvalidRequestError):
        # The reader was forgotten meanwhile, by the purge or on request: now it is a new one's sign-up.
        return _counted(visit, entry, judged)


def _counted(visit: Visit, entry: Entry, judged: Judgement) -> Response:
    """Count the sign-up and let it have its effect, in one transaction."""
    refused_until = None
    with visit.site.app.database.writing() as session:
        is_first_use = _is_first_use(session, visit, judged)
        if is_first_use:
            refused_until = _refused_until(session, visit, entry)
            if refused_until is None:
                join(session, visit.site.app, entry)
    if not is_first_use:
        return visit.waiting_page(Judgement(Verdict.UNKNOWN))
    return visit.thanks(entry) if refused_until is None else visit.limit_page(refused_until)


def _is_first_use(session: Session, visit: Visit, judged: Judgement) -> bool:
    if not judged.nonce:  # nothing was asked
        return True
    return signups.is_first_use(session, visit.site.app.organization, judged.nonce, judged.expires_at)


def _refused_until(session: Session, visit: Visit, entry: Entry) -> datetime | None:
    site, network_address = visit.site, network_address_of(visit.request)
    limits = site.sign_up_limits()
    return signups.refused_until(session, site.app.organization, limits, entry.address, network_address, visit.now)
