"""Where providers tell what became of mails. Whoever cannot sign is heard of nothing."""

from collections.abc import Mapping

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse

from newsletter.errors import NewsletterError
from newsletter.events import notices, sendgrid, sendgrid_calls
from newsletter.events.sendgrid_calls import CallOfAnotherKind, CallRefused, CallTooLarge, CallUnreadable, Signature

from .security import EVENTS
from .site import Site, SiteOf

router = APIRouter()
_log = structlog.get_logger()
_NOT_SET_UP = "Set NEWSLETTER_SENDGRID_WEBHOOK_KEY to the verification key that SendGrid shows, and start again."
_STATUSES: Mapping[type[NewsletterError], int] = {
    CallRefused: 403,
    CallOfAnotherKind: 415,
    CallTooLarge: 413,
    CallUnreadable: 400,
}


@router.post(EVENTS)
async def sendgrid_events(request: Request, site: SiteOf) -> Response:
    """Take a signed call of SendGrid's event webhook; it is answered well once all that it tells is committed.

    What cannot be read is answered badly, after the rest was taken: SendGrid then shows it, and repeats the call.
    """
    if site.webhook_key is None:
        return PlainTextResponse(_NOT_SET_UP, 403)
    try:
        signature = Signature.of(request.headers, site.app.clock.now())
        is_packed = sendgrid_calls.ensure_ours(request.headers)
        raw = await request.body()
        site.webhook_key.verify(signature, raw)
        broken = await run_in_threadpool(_take, site, raw, is_packed=is_packed)
    except tuple(_STATUSES) as refusal:
        return PlainTextResponse(str(refusal), _STATUSES[type(refusal)])
    unreadable = f"Events that could not be read: {broken:,}."
    return PlainTextResponse(unreadable, 400) if broken else Response(status_code=204)


def _take(site: Site, raw: bytes, *, is_packed: bool) -> int:
    """Write what a call tells; how many of its events could not be read."""
    app = site.app
    told = sendgrid.read(sendgrid_calls.unpack(raw) if is_packed else raw, app.signer)
    if told.notices:
        with app.database.writing() as session:
            notices.take(session, app.clock, told.notices, app.returns.patience)
    if told.broken:
        _log.warning("SendGrid told of events that could not be read.", events=told.broken)
    return told.broken
