"""Pictures and attachments, as mails and pages show and link them: found by the digest of their bytes, for ever."""

import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import SQLAlchemyError

from newsletter.issues import media
from newsletter.issues.media_stores import NotStored
from newsletter.issues.uploads import CONTENT_TYPES

from .site import Site, SiteOf

router = APIRouter()
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PICTURE = "image/"
_NAME_LENGTH = 12
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # Whatever a browser takes it for, nothing in it runs.
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # web mail shows it on pages of its own
    "X-Robots-Tag": "noindex",
}


@router.api_route("/media/{digest}.{extension}", methods=["GET", "HEAD"])
def show(digest: str, extension: str, request: Request, site: SiteOf) -> Response:
    """The bytes, from the store. Raises `NotStored`, `StoreAway`."""
    if not _DIGEST.fullmatch(digest) or extension not in CONTENT_TYPES:
        raise NotStored
    headers = _HEADERS | {"ETag": f'"{digest}"'}
    if _is_known(request.headers.get("if-none-match", ""), digest):
        return Response(status_code=304, headers=headers)
    stored = site.media_store.open(f"{digest}.{extension}")
    headers |= {"Content-Length": str(stored.size_bytes), "Content-Type": CONTENT_TYPES[extension]}
    if not CONTENT_TYPES[extension].startswith(_PICTURE):
        headers["Content-Disposition"] = _disposition(f"{_name(site, digest, extension)}.{extension}")
    if request.method == "HEAD":
        stored.close()
        return Response(headers=headers)
    return StreamingResponse(stored.pieces, headers=headers)


def _is_known(if_none_match: str, digest: str) -> bool:
    """Whether the client has these bytes (RFC 9110, 13.1.2)."""
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in ("*", f'"{digest}"') for tag in tags)


def _name(site: Site, digest: str, extension: str) -> str:
    """What a saved file is called: as the editor named it, or, while nobody can be asked, after its bytes."""
    try:
        with site.app.database.reading() as session:
            facts = media.by_key(session, digest, extension)
    except SQLAlchemyError:
        facts = None
    return facts.name if facts is not None else digest[:_NAME_LENGTH]


def _disposition(file_name: str) -> str:
    """As RFC 6266 writes it; a name of ours is plain letters."""
    return f'attachment; filename="{file_name}"'
