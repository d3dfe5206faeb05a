"""What a load balancer asks, and the few files that pages need."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from newsletter.folders import templates_folder

from .pages import ICON, SCRIPT, SIGN_UP, STYLE
from .site import SiteOf

router = APIRouter()
_KEPT_A_DAY = {"Cache-Control": "public, max-age=86400"}


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def alive() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
def ready(site: SiteOf) -> Response:
    """The process can serve: its database answers."""
    try:
        with site.app.database.reading() as session:
            session.execute(select(1))
    except SQLAlchemyError:
        return JSONResponse({"status": "the database is away"}, HTTPStatus.SERVICE_UNAVAILABLE)
    return JSONResponse({"status": "ok"})


@router.api_route("/", methods=["GET", "HEAD"])
async def home(request: Request) -> Response:
    """The way in, for a person who types the bare address."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(SIGN_UP + query)


@router.api_route(STYLE, methods=["GET", "HEAD"])
async def style(site: SiteOf) -> Response:
    """The one stylesheet; its address changes with its content."""
    return Response(site.pages.css("style.css"), media_type="text/css", headers=_KEPT_A_DAY)


@router.api_route(ICON, methods=["GET", "HEAD"])
async def icon() -> Response:
    """The mark in the tab and on top of each page."""
    return _file("icon.svg")


@router.api_route(SCRIPT, methods=["GET", "HEAD"])
async def script() -> Response:
    """The one script, of the sign-up form; its address changes with its content."""
    return _file("work.js")


def _file(name: str) -> Response:
    return FileResponse(templates_folder() / "web" / name, headers=_KEPT_A_DAY)
