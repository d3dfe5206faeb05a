"""MJML to HTML. The compiler passes over what it does not know, so we look first, and look again at what comes out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import mjml

from newsletter.errors import NewsletterError

from .mjml_words import ATTRIBUTES, HOLDS_HTML, TAGS

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"""<(?P<slash>/?)(?P<name>[a-zA-Z][\w:-]*)(?P<rest>(?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r"""([^\s=/"']+)\s*=\s*(?:"[^"]*"|'[^']*')""")
_REFUSED = {
    "mj-include": "mj-include is not allowed: a letter holds all of itself.",
    "mj-html-attributes": "mj-html-attributes is not supported here; write the attribute on the element itself.",
}


class MjmlInvalid(NewsletterError):
    """This is not MJML that can be sent."""


@dataclass(frozen=True, slots=True)
class MjmlProblem:
    """What is wrong on a line, counted from 1."""

    line: int
    text: str


def problems(text: str) -> list[MjmlProblem]:
    """Tags and attributes that MJML does not have, and what may not be in a letter."""
    found = list(_unknown(_without_comments(text)))
    if not found:
        try:
            _compiled(text)
        except MjmlInvalid as error:
            found.append(MjmlProblem(1, str(error)))
    return found


def to_html(text: str) -> str:
    """Compile MJML. Raises `MjmlInvalid` with every problem."""
    found = list(_unknown(_without_comments(text)))
    if found:
        raise MjmlInvalid(" ".join(f"Line {problem.line}: {problem.text}" for problem in found))
    return _compiled(text)


def _compiled(text: str) -> str:
    try:
        html: str = mjml.mjml2html(text, disable_comments=True, fonts={})
    except ValueError as error:
        raise MjmlInvalid(f"The MJML cannot be read: {error}. Look for a tag that is not closed.") from error
    if "<mj-" in html:
        raise MjmlInvalid("An MJML tag stands where it cannot be; it came out as it is.")
    return html


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)


def _unknown(text: str) -> Iterator[MjmlProblem]:
    inside = ""
    for tag in _TAG.finditer(text):
        name = tag["name"].lower()
        if tag["slash"]:
            inside = "" if name == inside else inside
        elif not inside or name.startswith("mj"):
            line = text.count("\n", 0, tag.start()) + 1
            yield from (MjmlProblem(line, fault) for fault in _faults(name, tag["rest"]))
            if not inside and name in HOLDS_HTML and not tag["rest"].endswith("/"):
                inside = name


def _faults(tag: str, rest: str) -> Iterator[str]:
    if tag in TAGS:
        yield from _unknown_attributes(tag, rest)
    else:
        yield _unknown_tag(tag)


def _unknown_tag(name: str) -> str:
    if name in _REFUSED:
        return _REFUSED[name]
    close = get_close_matches(name, TAGS, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"MJML has no tag {name}.{hint}"


def _unknown_attributes(tag: str, rest: str) -> Iterator[str]:
    for attribute in _ATTRIBUTE.findall(rest):
        if attribute.lower() not in ATTRIBUTES:
            close = get_close_matches(attribute, ATTRIBUTES, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            yield f"{tag} has no attribute {attribute}.{hint}"
        elif tag == "mj-raw" and attribute == "position":
            yield "mj-raw position is not supported here."
