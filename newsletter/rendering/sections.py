"""The sections of a variant as a template shows them, and the list of what is in the issue."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

from babel.lists import format_list

from newsletter.issues import document as issue
from newsletter.issues.document import Document, Section, SectionKind

from . import markdown, plain
from .content import Marks
from .dates import When, direction, locale_of, when
from .markdown import Body
from .targets import is_allowed, on_the_wire

_SHOWN_WITHOUT_MUST_KNOW = 5
_KINDS_WITH_LABEL = (SectionKind.TIP, SectionKind.EVENT, SectionKind.RESOURCE)


@dataclass(frozen=True, slots=True)
class View:
    """One section in one language. `title`, `body` and `url` may hold marks; the first two are marks of HTML.

    A button has no title: its heading is what the button says.
    """

    kind: str
    language: str
    """Of its title and body, where the letter's own is missing."""
    dir: str
    label: str
    """Whom it is for; empty for everybody."""
    band: str
    kind_label: str
    must_know: bool
    title: str
    title_text: str
    body: str
    plain: str
    url: str
    url_label: str
    when: When | None
    place: str
    by: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a section needs beside itself: a language and its words, how elements look, what stands for a target."""

    language: str
    words: Mapping[str, Any]
    elements: Mapping[str, str]
    known_bands: Iterable[str]
    href: Callable[[str], str]
    marks: Marks


def views(sections: Iterable[Section], document: Document, look: Look) -> list[View]:
    """The sections that have something to say in this language or one to fall back to."""
    told = [(section, section.body(look.language, document.languages)) for section in sections]
    return [_view(section, text, look) for section, text in told if text or section.kind is SectionKind.DIVIDER]


def highlights(sections: Sequence[View]) -> list[View]:
    """What one must know, the family's own first; the first titles where nothing is marked so."""
    titled = [section for section in sections if section.title_text]
    must_know = [section for section in titled if section.must_know] or titled[:_SHOWN_WITHOUT_MUST_KNOW]
    return sorted(must_know, key=lambda section: not section.label)


def _view(section: Section, text: issue.Body | None, look: Look) -> View:
    language = text.language if text else look.language
    body = markdown.read(text.text if text else "", look.marks)
    url, url_label = _own_link(section, markdown.title_text(body), look)
    shown = Body(None, body.blocks) if section.kind is SectionKind.BUTTON else body
    return View(
        kind=section.kind.value,
        language=language,
        dir=direction(language),
        label=_label(section, look),
        band=next((band for band in section.bands if band in look.known_bands), "other"),
        kind_label=str(look.words[section.kind.value]) if section.kind in _KINDS_WITH_LABEL else "",
        must_know=section.must_know,
        title=_finished(markdown.title_html(shown, look.href, look.elements), look.marks),
        title_text=markdown.title_text(shown),
        body=_finished(_blocks(shown, language, look), look.marks),
        plain=_letter(shown, look),
        url=url,
        url_label=url_label,
        when=when(section.attributes, look.language),
        place=section.attributes.get("place", ""),
        by=section.attributes.get("by", ""),
    )


def _finished(html: str, marks: Marks) -> str:
    return marks.finished(html) if html else ""


def _blocks(body: Body, language: str, look: Look) -> str:
    """The body's HTML. One that falls back to another language says so, for those who have it read aloud."""
    html = markdown.blocks_html(body, look.href, look.elements)
    if not html or language == look.language:
        return html
    return f'<div lang="{escape(language)}" dir="{direction(language)}">{html}</div>'


def _letter(body: Body, look: Look) -> str:
    parts = (plain.title_links(body, look.href), plain.blocks_text(body, look.href))
    return "\n\n".join(part for part in parts if part)


def _label(section: Section, look: Look) -> str:
    if not section.bands:
        return ""
    names = [look.words["bands"].get(band, band) for band in section.bands]
    return str(look.words["for_bands"]).format(bands=format_list(names, locale=locale_of(look.language)))


def _own_link(section: Section, title: str, look: Look) -> tuple[str, str]:
    """A section's own target and the words on it, which say where it goes; both empty where it has none."""
    url = section.attributes.get("url", "")
    if not is_allowed(on_the_wire(url)):
        return "", ""
    if section.kind is SectionKind.BUTTON and title:
        return look.href(url), title
    if section.kind is SectionKind.EVENT:
        return look.href(url), str(look.words["event_link"])
    host = (urlsplit(on_the_wire(url)).hostname or url).removeprefix("www.")
    return look.href(url), str(look.words["resource_link"]).format(host=host)
