"""Reads a message (RFC 5322, RFC 2045) however broken it is, in bounded time and memory, and never raises.

What `email` of the standard library does is not enough here: it takes any depth by recursion, any number of parts and
any size, and its getters raise where an encoding lies.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import encodings
from .headers import Headers

MOST_BYTES = 1_000_000
"""How much of a message is read. What servers say stands before the copy that they give back."""
MOST_PARTS = 60
DEEPEST = 8
_BLANK_LINE = re.compile(rb"\r?\n[ \t]{0,80}\r?\n|\r\r")
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,80}[ \t]{0,4}:")
_DELIMITER = re.compile(rb"(?:^|\r?\n)--([^\r\n]{1,400})(?=\r?\n|$)")
_MBOX_LINE = re.compile(rb"(?:>?From )[^\n]{0,500}\n")
_INNER = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"})
_ALSO_INNER = ("message/global-headers", "message/news")


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or a part of one."""

    headers: Headers
    kind: str
    """Its content type in lower case, without parameters."""
    text: str
    """Its words, decoded; of a multipart what stands outside its parts; empty where it holds a message."""
    parts: tuple["Part", ...] = field(default=())

    @property
    def is_inner(self) -> bool:
        """Whether it holds a message, or the headers of one, that is passed on or given back."""
        return is_inner(self.kind)

    def walk(self) -> Iterator["Part"]:
        """This one and all below, in the order of the message, but nothing of what is passed on or given back."""
        yield self
        if not self.is_inner:
            for part in self.parts:
                yield from part.walk()

    def inner(self) -> Iterator["Part"]:
        """The messages that are passed on or given back, the outermost alone."""
        for part in self.walk():
            if part.is_inner:
                yield from part.parts


def is_inner(kind: str) -> bool:
    """Whether a part of this content type holds a message."""
    return kind in _INNER or kind in _ALSO_INNER


def read(raw: bytes, longest_line: int = encodings.LONGEST_LINE) -> Part:
    """The message of these bytes; of a longer one than `MOST_BYTES`, and of longer lines of text, the beginning."""
    return _Reader(longest_line).entity(_without_postmark(raw[:MOST_BYTES]), 0)


def split(raw: bytes) -> tuple[bytes, bytes]:
    """The header and the body of an entity; all is body where it does not begin with a header."""
    if not _HEADER_LINE.match(raw):
        return b"", raw.removeprefix(b"\r").removeprefix(b"\n")
    found = _BLANK_LINE.search(raw)
    return (raw, b"") if found is None else (raw[: found.start()], raw[found.end() :])


def _without_postmark(raw: bytes) -> bytes:
    """Without empty lines and the line `From ...` of an mbox before the first header."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    found = _MBOX_LINE.match(raw)
    return raw[found.end() :] if found else raw


class _Reader:
    """Reads one message; counts its parts."""

    def __init__(self, longest_line: int) -> None:
        self.longest_line = longest_line
        self.left = MOST_PARTS

    def entity(self, raw: bytes, depth: int) -> Part:
        self.left -= 1
        head, body = split(raw)
        headers = Headers.parse(head)
        kind, parameters = headers.content_type()
        if depth >= DEEPEST:
            return Part(headers, kind, encodings.text_of(body, headers, parameters, self.longest_line))
        if is_inner(kind):
            content = encodings.content_of(body, headers)
            return Part(headers, kind, "", (self.entity(_without_postmark(content), depth + 1),))
        boundary = parameters.get("boundary", "")
        if kind.startswith("multipart/"):
            return self._multipart(headers, kind, body, boundary or _boundary_in(body), depth)
        return Part(headers, kind, encodings.text_of(body, headers, parameters, self.longest_line))

    def _multipart(self, headers: Headers, kind: str, body: bytes, boundary: str, depth: int) -> Part:
        sections = _sections(body, boundary.encode("utf-8", "replace"), self.left) if boundary else [body]
        if len(sections) == 1 and (other := _boundary_in(body)) and other != boundary:
            sections = _sections(body, other.encode("utf-8", "replace"), self.left)
        inside = (self.entity(section.lstrip(b"\r\n"), depth + 1) for section in sections[1:])
        parts = tuple(part for part in inside if self.left >= 0)
        return Part(headers, kind, encodings.decoded(sections[0][: encodings.MOST_TEXT], "utf-8"), parts)


def _sections(body: bytes, boundary: bytes, most: int) -> list[bytes]:
    """What stands before the first delimiter, then each part; what follows the last delimiter is left out."""
    sections, start, is_over = [], 0, False
    for found in _DELIMITER.finditer(body):
        if found[1].rstrip(b" \t") not in (boundary, boundary + b"--"):
            continue
        if not is_over:
            sections.append(body[start : found.start()])
        start, is_over = found.end(), found[1].rstrip(b" \t") != boundary
        if len(sections) > most:
            break
    if not is_over:
        sections.append(body[start:])
    return sections


def _boundary_in(body: bytes) -> str:
    """The delimiter that a multipart seems to use, where its header names none or another."""
    found = re.search(
        rb"^--([^\r\n]{1,200}?)[ \t]{0,9}\r?\n(?:[ \t]{0,9}\r?\n)?content-[a-z-]{1,40}:",
        body,
        re.IGNORECASE | re.MULTILINE,
    )
    return found.group(1).decode("utf-8", "replace") if found else ""
