"""The pixel and the redirect. Both answer when what they tell is committed.

They are routes of Starlette's own: nine tenths of all requests come here, and FastAPI's dependencies cost more than the
rest of the answer.
"""

import asyncio
import logging
from base64 import b64decode

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from newsletter.events import requests
from newsletter.events.networks import network_of
from newsletter.events.recording import RecorderStopped
from newsletter.rendering.answers import is_answer
from newsletter.rendering.hidden_links import is_hidden
from newsletter.rendering.targets import on_the_wire
from newsletter.tokens import OPEN_LINK, MailClaim, TokenInvalid

from .evidence import network_address_of
from .pages import SIGN_UP
from .site import Site

_log = logging.getLogger(__name__)
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_NEVER_KEPT = {"Cache-Control": "no-store, max-age=0"}


async def pixel(request: Request) -> Response:
    """One transparent point."""
    site: Site = request.app.state.site
    claim = site.app.signer.read_mail_token(request.path_params["token"])
    if claim.link_no != OPEN_LINK:
        raise TokenInvalid
    await _recorded(site, requests.opened(claim, _as_seen(request, site)))
    return Response(_PIXEL, media_type="image/gif", headers=_NEVER_KEPT)


async def follow(request: Request) -> Response:
    """A redirect to the target that the campaign's link table holds; nothing of the request can change it.

    An answer's is our own page of thanks.
    """
    site: Site = request.app.state.site
    claim = site.app.signer.read_mail_token(request.path_params["token"])
    target = await _target(site, claim)
    await _recorded(site, requests.clicked(claim, _as_seen(request, site)))
    return Response(status_code=302, headers=_NEVER_KEPT | {"Location": _location(target, request)})


def _location(target: str, request: Request) -> str:
    """Answers and the hidden link lead to pages of ours."""
    if is_answer(target):
        return f"/answer/{request.path_params['token']}"
    return SIGN_UP if is_hidden(target) else on_the_wire(target)


async def _target(site: Site, claim: MailClaim) -> str:
    """Where a claimed link leads. Raises `TokenInvalid` where the campaign has no such link."""
    target = site.targets.remembered(claim.campaign_id, claim.link_no)
    if target is None:
        target = await run_in_threadpool(site.targets.look_up, claim.campaign_id, claim.link_no)
    if target is None:
        raise TokenInvalid
    return target


async def _recorded(site: Site, fact: requests.Fact) -> None:
    """Wait until a fact is committed. A reader is never kept from a page because we could not count."""
    try:
        await asyncio.wrap_future(site.recorder.record(fact))
    except (SQLAlchemyError, RecorderStopped) as error:
        _log.warning("A %s of campaign %d was not counted: %s", fact.kind, fact.claim.campaign_id, type(error).__name__)


def _as_seen(request: Request, site: Site) -> requests.Request:
    headers = request.headers
    purpose = headers.get("sec-purpose", "") + headers.get("purpose", "") + headers.get("x-moz", "")
    return requests.Request(
        at=site.app.clock.now(),
        method=request.method,
        user_agent=headers.get("user-agent", ""),
        prefetched="prefetch" in purpose.lower(),
        network=network_of(network_address_of(request)),
    )


ROUTES = [Route("/o/{token}.gif", pixel), Route("/c/{token}", follow)]
