"""Quoted-printable (RFC 2045, 6.7) of text with holes: encoded once, filled for every reader.

Every line is at most 76 characters whatever fills the holes, and none begins with a dot, so SMTP need not stuff one.
Each hole has a width that the layout keeps free; a value that is longer brings soft line breaks of its own.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

_LONGEST = 75  # and the `=` of a soft break
_SOFT_BREAK = "=\r\n"
_SAFE = re.compile(r"[!-\-/-<>-~](?:[ !-<>-~]*[!-<>-~])?")
_UNSAFE = re.compile(r"[^\t -<>-~]")
_UNITS = re.compile(r"(?:=[0-9A-F]{2})|[^=]")
_Hole = TypeVar("_Hole")


def lay_out(pieces: Iterable[str | _Hole], width: Callable[[_Hole], int]) -> list[str | _Hole]:
    """Encode the constants of one whole part around its holes."""
    layout = _Layout()
    written: list[str | _Hole] = []
    for piece in pieces:
        if isinstance(piece, str):
            written.append(layout.text(piece))
        else:
            written += [layout.hole(width(piece)), piece]
    return written


def value(text: str, width: int) -> str:
    """Encode what fills a hole of that width: one line of text."""
    if len(text) <= width and _SAFE.fullmatch(text):
        return text
    encoded = _encoded(text).replace(".", _hex("."))
    if encoded.endswith((" ", "\t")):
        encoded = encoded[:-1] + _hex(encoded[-1])
    return encoded if len(encoded) <= width else _SOFT_BREAK + _wrapped(encoded, width)


class _Layout:
    """Keeps the column, as it is when every hole is as wide as it may be."""

    def __init__(self) -> None:
        self._column = 0
        self._may_be_line_start = True

    def text(self, text: str) -> str:
        """Encode a constant where the last piece ended. White space that could end a line is encoded."""
        *lines, last = text.split("\n")
        written = []
        for line in lines:
            written += [self._line(line), "\r\n"]
            self._column, self._may_be_line_start = 0, True
        return "".join([*written, self._line(last)])

    def hole(self, width: int) -> str:
        """Keep room for a value; what is returned stands before it."""
        # An empty value leaves what follows it where the hole began.
        if self._column + width > _LONGEST:
            self._column, self._may_be_line_start = width, True
            return _SOFT_BREAK
        self._column += width
        return ""

    def _line(self, line: str) -> str:
        """Encode text without line ends, broken softly where it is too long for the line it stands on."""
        encoded = _encoded(line)
        if line.endswith((" ", "\t")):
            encoded = encoded[:-1] + _hex(line[-1])
        written, at = [], 0
        while at < len(encoded):
            ahead = encoded[at : at + _LONGEST + 1]  # never all the rest: a line may have millions of letters
            starts_with_dot = self._may_be_line_start and ahead.startswith(".")
            if starts_with_dot:
                ahead = _hex(".") + ahead[1:]
            end = _end_of_unit(ahead, _LONGEST - self._column)
            written.append(ahead[:end])
            self._column += end
            at += end - len(_hex(".")) + 1 if starts_with_dot and end else end
            self._may_be_line_start = self._may_be_line_start and not end
            if at < len(encoded):
                written.append(_SOFT_BREAK)
                self._column, self._may_be_line_start = 0, True
        return "".join(written)


def _end_of_unit(encoded: str, room: int) -> int:
    """How much of it fits without cutting an encoded octet."""
    if len(encoded) <= room:
        return len(encoded)
    equals_sign = encoded.rfind("=", max(room - 2, 0), room)
    return room if equals_sign < 0 else equals_sign


def _wrapped(encoded: str, width: int) -> str:
    """Lines no longer than the hole, so that what follows the last stands where the layout has it or before."""
    lines = [""]
    for unit in _UNITS.findall(encoded):
        if len(lines[-1]) + len(unit) > width:
            lines.append("")
        lines[-1] += unit
    return _SOFT_BREAK.join(lines)


def _encoded(text: str) -> str:
    return _UNSAFE.sub(_hex_of, text)


def _hex_of(match: re.Match[str]) -> str:
    return _hex(match[0])


def _hex(letter: str) -> str:
    return "".join(f"={byte:02X}" for byte in letter.encode("utf-8", "replace"))
