"""Answers that caches may keep: each says what it is and how old, and says nothing where the asker has it already."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from http import HTTPStatus

from fastapi import Request, Response

HTML = "text/html"
_KEPT = "public, max-age=300, stale-while-revalidate=86400"


def kept(
    request: Request,
    source: bytes,
    changed_at: datetime,
    content_type: str,
    headers: Mapping[str, str],
    make: Callable[[str], bytes] | None = None,
) -> Response:
    """The source, or what is made of it, or 304 where the asker has that (RFC 9110, 13.2.2).

    It may be kept for five minutes, and a day while a new one is fetched.
    """
    tag = f'"{blake2b(source, digest_size=12).hexdigest()}"'
    told = {
        "ETag": tag,
        "Last-Modified": format_datetime(changed_at.astimezone(UTC), usegmt=True),
        "Cache-Control": _KEPT,
        **headers,
    }
    if _has(request, tag, changed_at):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=told)
    return Response(make(source.decode()) if make else source, media_type=content_type, headers=told)


def _has(request: Request, tag: str, changed_at: datetime) -> bool:
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return any(one.strip().removeprefix("W/") in ("*", tag) for one in tags.split(","))
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and changed_at.replace(microsecond=0) <= since
