"""Reads MJML into tags and words with their places, by the rules of the compiler; what it cannot read is a token too.

Every step goes forward in the text and looks at each character a bounded number of times, so that hostile input costs
no more than its length.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Generator, Iterator
from typing import NamedTuple, TypeAlias

DEEPEST = 100
"""More tags than this inside each other are refused: the compiler needs memory for each, and would end the program."""

_S = r"[ \t\r\n]"
_NAME = r"[A-Za-z_][A-Za-z0-9:._-]*+"
_OPENING = re.compile(rf"<({_NAME})")
_CLOSING = re.compile(rf"</({_NAME}){_S}*+>")
_ATTRIBUTE = re.compile(rf"""{_S}++({_NAME})(?:{_S}*+={_S}*+("[^"]*"|'[^']*'))?+""")
_END = re.compile(rf"{_S}*+(/?)>")
_NEXT = re.compile(r"[<>]")
_OUTLOOK_BEGINS = re.compile(r"<!--\[if [^\]<>]{1,60}+\]>(<!-->)?+")
_OUTLOOK_ENDS = re.compile(r"(?:<!--)?+<!\[endif\]-->")
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Attribute(NamedTuple):
    """A name and its value, as it is written; None where there is no value."""

    name: str
    value: str | None
    at: int


class Tag(NamedTuple):
    """`<name ...>`, or `<name .../>`, which is closed."""

    name: str
    at: int
    attributes: tuple[Attribute, ...]
    is_closed: bool


class ClosingTag(NamedTuple):
    """`</name>`."""

    name: str
    at: int


class Words(NamedTuple):
    """What stands between tags."""

    text: str
    at: int


class OutlookComment(NamedTuple):
    """`<!--[if mso]>` or its end. What is between is read like everything else, as Outlook does."""

    at: int
    begins: bool
    is_hidden: bool = False
    """Whether other mail programs take what is between for a comment."""


class Comment(NamedTuple):
    """`<!-- ... -->`."""

    at: int


class Unreadable(NamedTuple):
    """What the compiler would stop at."""

    at: int
    sentence: str
    remedy: str


Token: TypeAlias = Tag | ClosingTag | Words | OutlookComment | Comment | Unreadable


class Places:
    """Lines and columns of a text, from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(line.end() for line in re.finditer("\n", text))]

    def of(self, at: int) -> tuple[int, int]:
        """The line and column of the character with this index."""
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1


def read(text: str) -> Iterator[Token]:
    """The tokens of a text in their order."""
    for character in _UNREADABLE.finditer(text):
        code = f"U+{ord(character[0]):04X}"
        yield Unreadable(character.start(), f"No mail can hold the character {code}.", "Delete it.")
    at = 0
    while at < len(text):
        begin = text.find("<", at)
        end = len(text) if begin < 0 else begin
        if end > at:
            yield Words(text[at:end], at)
        at = end
        if begin >= 0:
            at = yield from _markup(text, begin)


def deepest(text: str, void: Collection[str]) -> int:
    """How many tags are open at once, at the most; the void ones hold nothing."""
    depth = most = 0
    for token in read(text):
        if isinstance(token, Tag):
            depth += not (token.is_closed or token.name in void)
            most = max(most, depth)
        elif isinstance(token, ClosingTag):
            depth -= 1
    return most


def _markup(text: str, at: int) -> Generator[Token, None, int]:
    """The tokens of what begins at a `<`; returns where it ends."""
    if text.startswith("<!--", at):
        return (yield from _comment(text, at))
    if end := _OUTLOOK_ENDS.match(text, at):
        yield OutlookComment(at, begins=False)
        return end.end()
    if closing := _CLOSING.match(text, at):
        yield ClosingTag(closing[1], at)
        return closing.end()
    if opening := _OPENING.match(text, at):
        return (yield from _tag(text, opening))
    if text[at + 1 : at + 2] in ("!", "?"):
        yield Unreadable(at, "A mail holds no declarations.", "Delete everything from < to >.")
    elif text[at + 1 : at + 2] == "/":
        yield Unreadable(at, "This closing tag cannot be read.", "Write </name> with nothing else in it.")
    else:
        yield Unreadable(at, "A < begins a tag here, and none follows.", "Write &lt; for the sign.")
    return at + 1


def _comment(text: str, at: int) -> Generator[Token, None, int]:
    """A comment, or the edge of one for Outlook; returns where it ends."""
    if outlook := _OUTLOOK_BEGINS.match(text, at):
        yield OutlookComment(at, begins=True, is_hidden=outlook[1] is None)
        return outlook.end()
    if outlook := _OUTLOOK_ENDS.match(text, at):
        yield OutlookComment(at, begins=False)
        return outlook.end()
    end = text.find("-->", at + 4)
    if end < 0:
        yield Unreadable(at, "The comment that begins here is never closed.", "Close it with -->")
        return len(text)
    inside = text[at + 4 : end]
    if "--" in inside or inside.endswith("-") or text.startswith((">", "->"), at + 4):
        yield Unreadable(at, "Programs read this comment each in their own way.", "Write no -- inside a comment.")
    else:
        yield Comment(at)
    return end + 3


def _tag(text: str, opening: re.Match[str]) -> Generator[Token, None, int]:
    """The tag, after what cannot be read in it; returns where it ends."""
    attributes = []
    at = opening.end()
    while found := _ATTRIBUTE.match(text, at):
        value = found[2] and found[2][1:-1]
        attributes.append(Attribute(found[1], value, found.start(1)))
        at = found.end()
    end = _END.match(text, at)
    if end:
        yield Tag(opening[1], opening.start(), tuple(attributes), is_closed=bool(end[1]))
        return end.end()
    yield _fault_in_tag(text, opening, at)
    stop = _NEXT.search(text, at)
    is_whole = stop is not None and stop[0] == ">"
    is_closed = is_whole and stop is not None and text[stop.start() - 1] == "/"
    yield Tag(opening[1], opening.start(), tuple(attributes), is_closed)
    return len(text) if stop is None else stop.start() + is_whole


def _fault_in_tag(text: str, opening: re.Match[str], at: int) -> Unreadable:
    rest = text[at : at + 40].lstrip(" \t\r\n")
    where = at + len(text[at : at + 40]) - len(rest)
    if not rest or rest.startswith("<"):
        return Unreadable(opening.start(), f"The tag <{opening[1]}> has no end.", "Close it with >")
    if rest.startswith("="):
        return Unreadable(where, f"A value in <{opening[1]}> has no quotes around it.", 'Write name="value".')
    remedy = 'Write attributes as name="value", with a space between them.'
    return Unreadable(where, f"The tag <{opening[1]}> cannot be read from here on.", remedy)
