"""Where SendGrid passes on mail that comes to us (Inbound Parse): bounces and complaints, taken as from a mailbox.

A letter by a person is passed on to where people read.

SendGrid does not sign these calls, so a key stands in the address that it calls, as the password of HTTP's Basic.

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from newsletter.campaigns.replies import ReplyRefused
from newsletter.feedback.messages import MOST_BYTES

from .security import INBOUND
from .site import Site, SiteOf

router = APIRouter()
_log = structlog.get_logger()
_NOT_SET_UP = "Set NEWSLETTER_INBOUND_KEY and give SendGrid the address https://sendgrid:KEY@HOST" + INBOUND
_WHOLE, _HEADERS, _WORDS, _ENVELOPE, _CHARSETS = "email", "headers", ("text", "html"), "envelope", "charsets"
_KEPT = frozenset({_WHOLE, _HEADERS, *_WORDS, _ENVELOPE, _CHARSETS})
_MOST_PARTS = 1000
_LONGEST_HEADER = 2000
_OF_THE_BODY = re.compile(rb"^content-(type|transfer-encoding):.*(\r?\n[ \t].*)*\r?\n?", re.IGNORECASE | re.MULTILINE)


class _CallUnreadable(Exception):
    """The call is no form that holds a mail."""


@router.post(INBOUND)
async def sendgrid_inbound(request: Request, site: SiteOf) -> Response:
    """Take a mail; it is answered well once what it tells is committed. Without the key nothing of it is read.

    A letter that nobody would get now is answered as a failure of ours: SendGrid tries such calls again for three days.
    """
    key = site.app.settings.inbound_key.get_secret_value()
    if not key:
        return PlainTextResponse(_NOT_SET_UP, 403)
    if not hmac.compare_digest(_password(request.headers.get("authorization", "")), key.encode()):
        return PlainTextResponse("The key is missing or wrong.", 401, {"WWW-Authenticate": "Basic"})
    try:
        raw = _mail(await _fields(request))
    except (_CallUnreadable, MultipartParseError):
        return PlainTextResponse("This is no call of SendGrid's Inbound Parse.", 400)
    try:
        await run_in_threadpool(_take, site, raw)
    except ReplyRefused as refusal:
        _log.warning(str(refusal))
        return PlainTextResponse(str(refusal), 503)
    return Response(status_code=204)


def _take(site: Site, raw: bytes) -> None:
    for one in site.app.returns.desk().take("inbound", raw, partial(site.app.returns.replies().take, raw)):
        _log.info("Mail came back.", kind=one.returned.verdict.kind.value, outcome=one.outcome.value)


def _password(said: str) -> bytes:
    scheme, _, coded = said.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(coded, validate=True).partition(b":")[2]
    except ValueError:
        return b""


@dataclass
class _Form:
    """Keeps the beginning of the fields that are wanted, as they arrive; files and all else are passed over."""

    values: dict[str, bytearray] = field(default_factory=dict)
    _parts: int = 0
    _header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    _into: bytearray | None = None

    def on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise _CallUnreadable
        self._into = None

    def on_header_begin(self) -> None:
        self._header = bytearray(), bytearray()

    def on_header_field(self, piece: bytes, start: int, end: int) -> None:
        self._grow(self._header[0], piece[start:end], _LONGEST_HEADER)

    def on_header_value(self, piece: bytes, start: int, end: int) -> None:
        self._grow(self._header[1], piece[start:end], _LONGEST_HEADER)

    def on_header_end(self) -> None:
        name, value = self._header
        if bytes(name).lower() != b"content-disposition":
            return
        _, said = parse_options_header(bytes(value))
        called = said.get(b"name", b"").decode("ascii", "replace")
        if called in _KEPT and called not in self.values and b"filename" not in said:
            self._into = self.values.setdefault(called, bytearray())

    def on_part_data(self, piece: bytes, start: int, end: int) -> None:
        if self._into is not None:
            self._grow(self._into, piece[start:end], MOST_BYTES)

    @staticmethod
    def _grow(into: bytearray, piece: bytes, most: int) -> None:
        into += piece[: max(0, most - len(into))]


async def _fields(request: Request) -> Mapping[str, bytes]:
    kind, said = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not said.get(b"boundary"):
        raise _CallUnreadable
    form = _Form()
    names = ("part_begin", "header_begin", "header_field", "header_value", "header_end", "part_data")
    parser = MultipartParser(said[b"boundary"], {f"on_{name}": getattr(form, f"on_{name}") for name in names})  # type: ignore[arg-type]
    async for piece in request.stream():
        parser.write(piece)
    parser.finalize()
    return {name: bytes(value) for name, value in form.values.items()}


def _mail(fields: Mapping[str, bytes]) -> bytes:
    """The mail with the addresses it came to. Raises `_CallUnreadable`."""
    if _WHOLE in fields:
        return _came_to(fields) + fields[_WHOLE]
    if _HEADERS not in fields:
        raise _CallUnreadable
    name = next((name for name in _WORDS if fields.get(name, b"").strip()), _WORDS[0])
    charset = re.sub(r"[^\w.-]", "", str(_json(fields, _CHARSETS).get(name, "utf-8")))[:40]
    about = f"Content-Type: text/{'plain' if name == 'text' else name}; charset={charset}\r\n".encode()
    # SendGrid took the parts apart: what the header says of them holds no more.
    headers = _OF_THE_BODY.sub(b"", fields[_HEADERS]).rstrip(b"\r\n")
    return _came_to(fields) + about + headers + b"\r\n\r\n" + fields.get(name, b"")


def _came_to(fields: Mapping[str, bytes]) -> bytes:
    """The envelope's addresses as fields of the header: the copy's key may be there only."""
    told = _json(fields, _ENVELOPE).get("to", [])
    addresses = [one for one in told if isinstance(one, str) and one.isprintable()] if isinstance(told, list) else []
    return "".join(f"X-Original-To: {address[:320]}\r\n" for address in addresses[:50]).encode()


def _json(fields: Mapping[str, bytes], name: str) -> Mapping[str, object]:
    try:
        found = json.loads(fields.get(name, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
