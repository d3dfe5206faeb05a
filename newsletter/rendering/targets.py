"""Where a link may lead, and how its target is written on the wire."""

import re
from urllib.parse import quote, urlsplit

import idna

from newsletter.issues.document import MEDIA

_WEB_ADDRESS = re.compile(r"(?i)(https?://)((?:[^/?#@]*@)?)([^/?#@:]*)(.*)", re.DOTALL)
_NOT_WRITTEN = re.compile(r"[^\x21-\x7e]+")
_WEB_SCHEMES = ("http", "https")
_SCHEMES = (*_WEB_SCHEMES, "mailto", "tel", MEDIA.removesuffix(":"))


def is_web(url: str) -> bool:
    """Whether a click leads to a web page, and so goes through us."""
    return _scheme(url) in _WEB_SCHEMES


def is_allowed(url: str) -> bool:
    """Whether a mail may link there: web pages, addresses, telephone numbers, what is stored here; never scripts."""
    return _scheme(url) in _SCHEMES


def on_the_wire(url: str) -> str:
    """The same target in ASCII: the host as A-label, other letters percent-encoded, ASCII as it was typed."""
    url = url.strip()
    if url.isascii() and not _NOT_WRITTEN.search(url):
        return url
    address = _WEB_ADDRESS.fullmatch(url)
    if address is not None:
        scheme, user, host, rest = address.groups()
        url = f"{scheme}{user}{ascii_host(host)}{rest}"
    return _NOT_WRITTEN.sub(lambda part: quote(part[0], safe=""), url)


def ascii_host(host: str) -> str:
    """A host name as A-label; as it is where it is none."""
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return host


def _scheme(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.scheme if parts.netloc or parts.scheme not in _WEB_SCHEMES else ""
