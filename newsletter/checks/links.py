"""Links: where they lead, and whether their words say so."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from newsletter.issues.document import SectionKind
from newsletter.rendering.pictures import is_picture
from newsletter.rendering.targets import is_allowed, is_web, on_the_wire

from .catalog import Check
from .findings import Finding, error, warning
from .parts import FIELD, Link
from .texts import Text
from .wordings import SAY_NOTHING

_BARE = re.compile(r"(?i)(https?://|www\.)\S+|[\w-]+(\.[\w-]+)+/\S*")
_SCRIPT = re.compile(r"(?i)\s*(javascript|vbscript|data):")
_HERE_ONLY = re.compile(
    r"(?i)localhost|.*\.(local|localhost|internal|test)|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|::1"
)
_NO_FIELD = "A link's target cannot hold a merge field; it is the same for every reader."
_EDGES = " \t\n.,:;!?…»«<>()[]“”\"'→›。，：！？،؟"


def findings(texts: Iterable[Text]) -> Iterator[Finding]:
    """What there is to say about the links of all texts."""
    seen: dict[tuple[str, str], str] = {}
    for text in texts:
        for image in text.parts.images:
            yield from _picture(image.src, image.line, text.place)
        for link in text.parts.links:
            if text.is_mjml and _SCRIPT.match(link.target):
                continue  # the check of MJML tells of it
            faults = list(_target(link, text.place))
            yield from faults or _words(link, text.place)
        for link in _spoken(text):
            yield from _same_words(link, text, seen)


def address(url: str, line: int, place: str) -> Iterator[Finding]:
    """What there is to say about an address that a mail may link to."""
    if not is_web(on_the_wire(url)):
        return
    parts = urlsplit(on_the_wire(url))
    host = parts.hostname or ""
    if _HERE_ONLY.fullmatch(host) or "." not in host.strip("."):
        sentence = f"Only this machine or network knows {host}; readers cannot reach it."
        yield error(Check.LINK, line, place, sentence, "Link to the address that the public has.")
    elif parts.scheme.lower() == "http":
        sentence = f"{url} is not safe on the way: anybody between can read and change it."
        yield warning(Check.LINK, line, place, sentence, "Link to https:// if the page has it.")


def _picture(src: str, line: int, place: str) -> Iterator[Finding]:
    if not is_picture(src):
        sentence = f"A mail may not link to {src!r}." if FIELD not in src and "{{" not in src else _NO_FIELD
        yield error(Check.TARGET, line, place, sentence, "Name a stored picture, or an https:// address.")


def _target(link: Link, place: str) -> Iterator[Finding]:
    if FIELD in link.target or "{{" in link.target:
        yield error(Check.TARGET, link.line, place, _NO_FIELD, "Write the target out.")
    elif not is_allowed(on_the_wire(link.target)):
        sentence = f"A mail may not link to {link.target!r}."
        yield error(Check.TARGET, link.line, place, sentence, "Link to an address that begins with https://")
    else:
        yield from address(link.target, link.line, place)


def _words(link: Link, place: str) -> Iterator[Finding]:
    words = link.words.strip(_EDGES)
    if not words:
        sentence = f"Nothing can be read on the link to {link.target}."
        yield error(Check.LINK_WORDS, link.line, place, sentence, "Write the words: [the book list](https://...)")
    elif words.casefold() in SAY_NOTHING:
        sentence = f"The link says {link.words.strip()!r}, and not where it goes."
        yield warning(Check.LINK_WORDS, link.line, place, sentence, "Name the page: [the book list](https://...)")
    elif is_web(link.target) and _BARE.fullmatch(words):
        sentence = f"The link shows a bare address, {words}; read aloud, it is a row of letters."
        yield warning(Check.LINK_WORDS, link.line, place, sentence, "Name the page: [the book list](https://...)")


def _spoken(text: Text) -> list[Link]:
    """The links of a text, and the button that it is the words of."""
    url, headings = text.section.attributes.get("url", ""), text.parts.headings
    if text.section.kind is SectionKind.BUTTON and url and headings:
        return [Link(headings[0].line, url, headings[0].words), *text.parts.links]
    return text.parts.links


def _same_words(link: Link, text: Text, seen: dict[tuple[str, str], str]) -> Iterator[Finding]:
    words = " ".join(link.words.strip(_EDGES).casefold().split())
    if not words or words in SAY_NOTHING:
        return
    first = seen.setdefault((text.language, words), link.target)
    if first != link.target:
        sentence = f"{link.words.strip()!r} leads to {link.target} here, and to {first} before."
        yield warning(Check.LINK_WORDS, link.line, text.place, sentence, "Use other words for another page.")
