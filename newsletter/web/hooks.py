"""Where providers tell what became of mails. Whoever cannot sign is heard of nothing."""

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse

from newsletter.events import notices, sendgrid

from .site import Site, SiteOf

router = APIRouter()
_log = structlog.get_logger()
_NOT_SET_UP = "Set NEWSLETTER_SENDGRID_WEBHOOK_KEY to the verification key that SendGrid shows, and start again."


@router.post("/hooks/sendgrid/events")
async def sendgrid_events(request: Request, site: SiteOf) -> Response:
    """Take a signed call of SendGrid's event webhook; it is answered well once all that it tells is committed.

    What cannot be read is answered badly, after the rest was taken: SendGrid then shows it, and repeats the call.
    """
    if site.webhook_key is None:
        return PlainTextResponse(_NOT_SET_UP, 403)
    if request.headers.get("content-encoding", "identity") != "identity":
        return PlainTextResponse("Post the events as they are, not compressed.", 415)
    try:
        signature = sendgrid.Signature.of(request.headers, site.app.clock.now())
        raw = await request.body()
        site.webhook_key.verify(signature, raw)
    except sendgrid.CallRefused as refusal:
        return PlainTextResponse(str(refusal), 403)
    try:
        broken = await run_in_threadpool(_take, site, raw)
    except sendgrid.CallUnreadable as refusal:
        return PlainTextResponse(str(refusal), 400)
    return PlainTextResponse(f"{broken:,} events could not be read.", 400) if broken else Response(status_code=204)


def _take(site: Site, raw: bytes) -> int:
    """Write what a call tells; how many of its events could not be read."""
    app = site.app
    told = sendgrid.read(raw, app.signer)
    if told.notices:
        with app.database.writing() as session:
            notices.take(session, app.clock, told.notices)
    if told.broken:
        _log.warning("SendGrid told of events that could not be read.", events=told.broken)
    return told.broken
