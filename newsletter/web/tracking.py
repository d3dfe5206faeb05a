"""The pixel and the redirect. Both answer when what they tell is kept for good.

Nine tenths of all requests come here, so what usually happens is answered before the application's own layers, with
messages made by hand. Whatever is not usual (a wrong token, another method, a link that cannot be looked up) goes on to
the application, whose pages say what is wrong.
"""

import logging
from base64 import b64decode
from collections.abc import Mapping
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.events import requests
from newsletter.events.networks import network_of
from newsletter.events.targets import TargetsAway
from newsletter.rendering.answers import is_answer
from newsletter.rendering.hidden_links import is_hidden
from newsletter.rendering.targets import on_the_wire
from newsletter.tokens import OPEN_LINK, MailClaim, TokenInvalid

from .pages import SIGN_UP
from .security import raw
from .site import Site

_log = logging.getLogger(__name__)
_OPEN, _CLICK, _GIF = "/o/", "/c/", ".gif"
_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_NEVER_KEPT = {"Cache-Control": "no-store, max-age=0"}
_LOOKS_AHEAD = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_OPTS_OUT = (b"dnt", b"sec-gpc")
_UNUSUAL = "newsletter.tracking"
"""Where the application finds why it was handed a request."""


class Tracking:
    """ASGI middleware around the application. `headers` are those of every answer."""

    def __init__(self, app: ASGIApp, site: Site, headers: Mapping[str, str]) -> None:
        self._app = app
        self._site = site
        self._always = raw({**headers, **_NEVER_KEPT})
        self._point: Message = {
            "type": "http.response.start",
            "status": 200,
            "headers": [*self._always, *raw({"Content-Type": "image/gif", "Content-Length": str(len(_PIXEL))})],
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is usual, and pass on all else."""
        path = scope.get("path", "")
        if not path.startswith((_OPEN, _CLICK)) or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        try:
            start, body = await (self._pixel(scope) if path.startswith(_OPEN) else self._follow(scope))
        except (TokenInvalid, TargetsAway) as error:
            await self._app({**scope, _UNUSUAL: error}, receive, send)
            return
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _pixel(self, scope: Scope) -> tuple[Message, bytes]:
        """One transparent point."""
        path = scope["path"]
        if not path.endswith(_GIF):
            raise TokenInvalid
        claim = self._site.app.signer.read_mail_token(path[len(_OPEN) : -len(_GIF)])
        if claim.link_no != OPEN_LINK:
            raise TokenInvalid
        await self._kept(requests.opened(claim, self._as_seen(scope)))
        return {**self._point}, _PIXEL

    async def _follow(self, scope: Scope) -> tuple[Message, bytes]:
        """A redirect to the target that the campaign's link table holds; nothing of the request can change it."""
        token = scope["path"][len(_CLICK) :]
        claim = self._site.app.signer.read_mail_token(token)
        target = await self._target(claim)
        await self._kept(requests.clicked(claim, self._as_seen(scope)))
        headers = [*self._always, (b"content-length", b"0"), (b"location", _location(target, token))]
        return {"type": "http.response.start", "status": 302, "headers": headers}, b""

    async def _target(self, claim: MailClaim) -> str:
        """Where a claimed link leads. Raises `TokenInvalid` where the campaign has no such link, or `TargetsAway`."""
        targets = self._site.targets
        target = targets.remembered(claim.campaign_id, claim.link_no) or await targets.look_up(
            claim.campaign_id, claim.link_no
        )
        if target is None:
            raise TokenInvalid
        return target

    async def _kept(self, fact: requests.Fact) -> None:
        """Wait until a fact is kept. A reader is never kept from a page because we could not count."""
        try:
            await self._site.recorder.record(fact)
        except Exception as error:  # noqa: BLE001 - whatever it is
            _log.warning("A %s of campaign %d was not counted: %s", fact.kind, fact.claim.campaign_id, error)

    def _as_seen(self, scope: Scope) -> requests.Request:
        headers = dict(scope["headers"])
        purpose = b" ".join(headers.get(name, b"") for name in _LOOKS_AHEAD).lower()
        client = scope.get("client")
        return requests.Request(
            at=self._site.app.clock.now(),
            method=scope["method"],
            user_agent=headers.get(b"user-agent", b"").decode("latin-1"),
            prefetched=b"prefetch" in purpose or b"preview" in purpose,
            opted_out=any(headers.get(name) == b"1" for name in _OPTS_OUT),
            network=network_of(client[0]) if client else "",
        )


def _location(target: str, token: str) -> bytes:
    """Answers and the hidden link lead to pages of ours."""
    if is_answer(target):
        return f"/answer/{token}".encode("ascii")
    return _written(target)


@lru_cache(4096)
def _written(target: str) -> bytes:
    return (SIGN_UP if is_hidden(target) else on_the_wire(target)).encode("ascii")


async def _unusual(request: Request) -> Response:
    """What is wrong with a request that the middleware handed on."""
    raise request.scope[_UNUSUAL]


ROUTES = [Route(f"{_OPEN}{{token}}{_GIF}", _unusual), Route(f"{_CLICK}{{token}}", _unusual)]
