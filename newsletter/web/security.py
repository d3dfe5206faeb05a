"""What guards every answer: headers, and a limit to what is read of a request."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.events import sendgrid_calls

LARGEST_BODY = 64 * 1024
LARGEST_CALL = 10 * 1024 * 1024
"""Of a provider's call; SendGrid's are below 1 MB."""
LARGEST_MAIL = 32 * 1024 * 1024
"""Of a mail that SendGrid passes on; those are below 30 MB. Only its beginning is kept in memory."""
LARGEST_TEXT = 512 * 1024
"""Of a section that somebody writes: 5,000 words in any writing, as forms encode them."""
HOOKS = "/hooks/"
EVENTS = "/hooks/sendgrid/events"
INBOUND = "/hooks/sendgrid/inbound"
TEXTS = "/submit/"
_HEADERS = {
    "Referrer-Policy": "no-referrer",  # addresses with tokens stay here
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
Header: TypeAlias = tuple[bytes, bytes]
_ONE_YEAR = "max-age=31536000"


def policy(images: str, *, script: bool = False) -> str:
    """What a page may load: all of ours, no script but on the one page that has one, and images of one other origin."""
    sources = " ".join(part for part in ("'self'", images) if part)
    allowed = f"default-src 'none'; style-src 'self'; img-src {sources}; form-action 'self'; base-uri 'none'"
    return f"{allowed}; frame-ancestors 'none'" + ("; script-src 'self'" if script else "")


POLICY_WITH_PICTURES = policy("https:")
"""Of an issue's pages, whose pictures may lie elsewhere."""


def policy_of_sheet(css: str) -> str:
    """Of a page with pictures that brings its own style, and has that one only."""
    digest = b64encode(sha256(css.encode()).digest()).decode()
    return POLICY_WITH_PICTURES.replace("style-src 'self'", f"style-src 'sha256-{digest}'")


def headers(images: str) -> dict[str, str]:
    """What every answer says, where the logo is fetched from that origin; empty for our own."""
    return {"Content-Security-Policy": policy(images), **_HEADERS}


def always(images: str, *, is_https: bool) -> dict[str, str]:
    """The same with what only an address that is https says."""
    return headers(images) | ({"Strict-Transport-Security": _ONE_YEAR} if is_https else {})


def raw(headers: Mapping[str, str]) -> list[Header]:
    """Headers as ASGI writes them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


class BodyTooLarge(Exception):
    """A request said more than any of our forms, or any provider's call, can hold."""


class Guard:
    """ASGI middleware. An answer's own header wins over the one set here."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = raw(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its body counted, its answer completed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read, limit = 0, _largest(scope["path"])
        is_declared_larger = _declared(scope) > limit

        async def counted() -> Message:
            nonlocal read
            if is_declared_larger:
                raise BodyTooLarge
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise BodyTooLarge
            return message

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                missing = [pair for pair in self._headers if pair[0] not in present]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        await self._app(scope, counted, completed)


def _declared(scope: Scope) -> int:
    """How long a body is to be, as far as its request says so."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(said) if said.isdigit() else 0


def _largest(path: str) -> int:
    if path == EVENTS:
        return sendgrid_calls.LARGEST_CALL
    if path == INBOUND:
        return LARGEST_MAIL
    if path.startswith(HOOKS):
        return LARGEST_CALL
    return LARGEST_TEXT if path.startswith(TEXTS) else LARGEST_BODY
