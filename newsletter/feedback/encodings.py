"""Transfer encodings, charsets and encoded words, taken as far as they go. Nothing here raises."""

import base64
import binascii
import html
import quopri
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

MOST_TEXT = 200_000
"""How many bytes of a part are taken for its words."""
LONGEST_LINE = 2000
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_WORD = re.compile(
    r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z-]{1,20})?\?([bBqQ])\?([^?\s]{0,1000})\?=(?:[ \t]+(?==\?))?"
)
_UNSEEN = (("<!--", "-->"), ("<style", "</style"), ("<script", "</script"), ("<head>", "</head"))
_BREAK = re.compile(r"<(?:br|p|div|tr|li|h[1-6]|table|pre|/p|/div|/tr|/li|/h[1-6])\b[^<>]{0,1000}>", re.IGNORECASE)
_ANY_TAG = re.compile(r"</?[a-z!][^<>@]{0,1000}>", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SUPERSETS = {"ks_c_5601-1987": "cp949", "gb2312": "gb18030", "shift_jis": "cp932", "iso-8859-8-i": "iso-8859-8"}
"""What is written under these names holds more than they allow."""
_JAPANESE = ("euc-jp", "shift_jis")
"""Which of them it is, Japanese servers often say wrongly."""
_CHARSETS = re.compile(
    r"utf-?(?:8|16|32|7)(?:[_-]?[bl]e)?|(?:iso[_-]?)?8859-?\d{1,2}|iso[_-]8859-\d{1,2}|latin-?\d|(?:windows-|cp)\d{3,4}|koi8-[rut]"
    r"|mac-?(?:roman|cyrillic)|big5(?:-?hkscs)?|gb(?:2312|k|18030)|hz(?:-gb)?(?:-?2312)?|euc[_-]?(?:jp|kr)"
    r"|s(?:hift)?[_-]?jis|iso-2022-(?:jp(?:-\d)?|kr)|ks_c_5601-1987|iso-8859-8-i|johab|tis-620"
)
"""Python has codecs that are no charsets, and some of them warn, raise, or take a square of the time."""


class Fields(Protocol):
    """What is asked of a header."""

    def get(self, *names: str) -> str:
        """The first value of the first of these fields that is there."""


def content_of(body: bytes, headers: Fields) -> bytes:
    """A body without its transfer encoding."""
    encoding = headers.get("content-transfer-encoding").lower()
    if "base64" in encoding:
        return _from_base64(body)
    if "quoted" in encoding:
        return quopri.decodestring(body)
    return body


def text_of(body: bytes, headers: Fields, parameters: Mapping[str, str], longest_line: int = LONGEST_LINE) -> str:
    """The words of a part; of HTML what a reader sees. Long lines are cut and so is a long text."""
    text = decoded(content_of(body[:MOST_TEXT], headers), parameters.get("charset", "utf-8"))
    if "html" in headers.get("content-type").lower():
        text = _seen(text)
    return "\n".join(line[:longest_line] for line in text.splitlines())


def decoded(raw: bytes, charset: str) -> str:
    """Bytes as text by the charset that they claim, or by a likely one; without control characters."""
    claimed = charset.strip().strip("'\"").lower()
    names = [_SUPERSETS.get(claimed, claimed)] if _CHARSETS.fullmatch(claimed) else []
    if b"\x1b$" in raw:
        names = ["iso-2022-jp", *names]  # whatever is claimed: nothing else has this escape sequence
    for name in (*names, "utf-8", *(_JAPANESE if claimed in _JAPANESE or claimed == "iso-2022-jp" else ())):
        with suppress(LookupError, ValueError):
            return _CONTROLS.sub(" ", raw.decode(name))
    return _CONTROLS.sub(" ", raw.decode("cp1252", "replace"))


def words_of(value: str) -> str:
    """A header's value with its encoded words (RFC 2047) read."""
    return _WORD.sub(lambda word: _word(*word.groups()), value) if "=?" in value else value


def _word(charset: str, encoding: str, content: str) -> str:
    raw = content.encode("ascii", "replace")
    read = _from_base64(raw) if encoding in "bB" else quopri.decodestring(raw, header=True)
    return " ".join(decoded(read, charset).split())


def _from_base64(body: bytes) -> bytes:
    digits = _NOT_BASE64.sub(b"", body)
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4))
    except binascii.Error:
        return b""


def _seen(text: str) -> str:
    """HTML's words, a line for each block."""
    for opening, closing in _UNSEEN:
        text = _without(text, opening, closing)
    return html.unescape(_ANY_TAG.sub(" ", _BREAK.sub("\n", text)))


def _without(text: str, opening: str, closing: str) -> str:
    """Without what stands between these words in any case; one without an end is left as it is."""
    lower, kept, at = text.lower(), [], 0
    while (start := lower.find(opening, at)) >= 0 and (end := lower.find(closing, start)) >= 0:
        kept.append(text[at:start])
        at = end + len(closing)
        at += lower.startswith(">", at)
    return "".join((*kept, text[at:]))
