"""The web application: which routes there are, and which page each error becomes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from ipaddress import IPv4Network, ip_network
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from newsletter.app import App
from newsletter.errors import NotFound
from newsletter.events.networks import NetworkLists
from newsletter.events.recording import PATIENCE_SECONDS, Recorder
from newsletter.events.sendgrid_calls import WebhookKey
from newsletter.events.targets import Targets, TargetsAway
from newsletter.issues.media_stores import NotStored, StoreAway
from newsletter.rendering.pdf import Press
from newsletter.tokens import TokenInvalid

from . import (
    answering,
    archive,
    confirming,
    health,
    hooks,
    inbound,
    media,
    personal,
    pictures,
    preferences,
    shelves,
    signup,
    submitting,
    tracking,
    unsubscribing,
    viewing,
)
from .pages import SIGN_UP, pages_of
from .personal import LinkEnded
from .security import BodyTooLarge, Guard, always, headers
from .site import LinkDone, Site

_PARTS = (
    signup,
    confirming,
    preferences,
    personal,
    unsubscribing,
    viewing,
    media,
    submitting,
    answering,
    shelves,
    archive,
    hooks,
    inbound,
    health,
)
EVEN_ANSWER_SECONDS = 0.5
"""Longer than a sign-up takes, whatever address it names."""
_RETRY_SECONDS = "30"
_MAPPED_PREFIX = 96
"""Of IPv4 addresses written as IPv6 (RFC 4291, 2.5.5.2)."""


def create(
    app: App, *, even_answer_seconds: float = EVEN_ANSWER_SECONDS, patience_seconds: float = PATIENCE_SECONDS
) -> ASGIApp:
    """Make the application. Its recorder runs from the server's start to its end.

    Raises `WebhookKeyInvalid` or `NetworkListInvalid`.
    """
    settings = app.settings
    NetworkLists.named(settings.machine_networks).read()  # what is wrong with them is told before anything is served
    media_store = app.media_store()
    site = Site(
        app=app,
        pages=pages_of(app),
        recorder=Recorder(app.returns.writer(), app.returns.spools, patience_seconds),
        targets=Targets(app.database),
        webhook_key=WebhookKey.parse(settings.sendgrid_webhook_key) if settings.sendgrid_webhook_key else None,
        media_store=media_store,
        press=Press(pictures.stored_in(media_store, settings.base_url)),
        even_answer_seconds=even_answer_seconds,
    )
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=_running)
    web.state.site = site
    web.router.routes.extend(tracking.ROUTES)
    for part in _PARTS:
        web.include_router(part.router)
    _say_errors(web)
    said = always(site.pages.images, is_https=settings.base_url.startswith("https:"))
    web.add_middleware(Guard, headers=said)
    whole: Any = ProxyHeadersMiddleware  # its types and Starlette's are the same by two names
    return cast("ASGIApp", whole(tracking.Tracking(web, site, said), _trusted(settings.trusted_proxies)))


def _trusted(proxies: str) -> list[str]:
    """Whose X-Forwarded-For is believed; IPv4 networks also as a socket for both families names them."""
    networks = [ip_network(proxy) for proxy in proxies.split()]
    ipv4 = [network for network in networks if isinstance(network, IPv4Network)]
    mapped = [f"::ffff:{network.network_address}/{_MAPPED_PREFIX + network.prefixlen}" for network in ipv4]
    return [*map(str, networks), *mapped]


@asynccontextmanager
async def _running(web: FastAPI) -> AsyncIterator[None]:
    site: Site = web.state.site
    await site.recorder.start()
    await site.targets.start(site.app.clock)
    try:
        yield
    finally:
        site.targets.stop()
        await site.recorder.stop()


def _say_errors(web: FastAPI) -> None:
    for wrong_link in (TokenInvalid, NotFound, NotStored):
        web.add_exception_handler(wrong_link, _not_found)
    for away in (OperationalError, InterfaceError, PoolTimeout, StoreAway, TargetsAway):
        web.add_exception_handler(away, _away)
    web.add_exception_handler(LinkDone, _done)
    web.add_exception_handler(LinkEnded, _ended)
    web.add_exception_handler(BodyTooLarge, _too_large)
    web.add_exception_handler(HTTPException, _refused)
    web.add_exception_handler(Exception, _broken)


def _not_found(request: Request, error: Exception) -> Response:
    del error
    return _page(request, "not_found", HTTPStatus.NOT_FOUND)


def _done(request: Request, error: Exception) -> Response:
    """A mail program that leaves a list for somebody who is already gone has got what it asked for."""
    del error
    site: Site = request.app.state.site
    return site.pages.message(request, site.pages.words(request), "left.gone")


def _ended(request: Request, error: Exception) -> Response:
    assert isinstance(error, LinkEnded)  # noqa: S101 - registered for nothing else
    site: Site = request.app.state.site
    words = site.pages.words(request, error.language)
    next_step = (error.preferences_path, words("preferences.open"))
    return site.pages.message(request, words, "personal.ended", HTTPStatus.GONE, next_step=next_step)


def _away(request: Request, error: Exception) -> Response:
    del error
    response = _page(request, "away", HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = _RETRY_SECONDS
    return response


def _too_large(request: Request, error: Exception) -> Response:
    del error
    return _page(request, "refused", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _not_found(request, error)
    response = _page(request, "refused", HTTPStatus(error.status_code))
    response.headers.update(error.headers or {})
    return response


def _broken(request: Request, error: Exception) -> Response:
    del error
    response = _page(request, "broken", HTTPStatus.INTERNAL_SERVER_ERROR)
    response.headers.update(headers(request.app.state.site.pages.images))  # this answer is made outside of the guard
    return response


def _page(request: Request, kind: str, status: HTTPStatus) -> Response:
    site: Site = request.app.state.site
    words = site.pages.words(request)
    return site.pages.message(request, words, f"error.{kind}", status, next_step=(SIGN_UP, words("error.next")))
