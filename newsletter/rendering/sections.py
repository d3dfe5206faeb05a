"""The sections of an issue as a template shows them, and the list of what is in it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

from babel.lists import format_list

from newsletter.issues import document as issue
from newsletter.issues.document import Document, Section, SectionKind
from newsletter.words import Words

from . import answers, dates, markdown, plain, raw_mjml
from .content import Marks
from .dates import When, direction, locale_of, when
from .markdown import Body, Dress
from .pictures import Picture, Pictures, picture_of
from .targets import is_allowed, on_the_wire

_SHOWN_WITHOUT_MUST_KNOW = 5
_WITHOUT_LABEL = (SectionKind.STORY, SectionKind.QUOTE, SectionKind.IMAGE, SectionKind.BUTTON, SectionKind.MJML)
_LEADING = (SectionKind.EVENT, SectionKind.ANNOUNCEMENT)
_SILENT = (SectionKind.DIVIDER,)
"""What stands there without a text."""
_LINK_WORDS = {SectionKind.EVENT: "mail.event_link", SectionKind.THANKS: "mail.thanks_link"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One tap. `html` is a mark of HTML, as every text of a view that says so."""

    html: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture and what it shows, for those who do not see it."""

    picture: Picture
    alt: str


@dataclass(frozen=True, slots=True)
class View:
    """One section in one language. `title`, `body` and `url` may hold marks; the first two are marks of HTML.

    A button has no title: its heading is what the button says.
    """

    key: str
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
    until: str
    """The day on which a goal ends, in words; empty where none is set."""
    answers: tuple[Answer, ...]
    image: Shown | None
    mjml: str
    """Marked MJML that stands as it is."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a section needs beside itself: a language and its words, how elements look, what stands for a target."""

    language: str
    words: Words
    elements: Mapping[str, str]
    known_bands: Iterable[str]
    href: Callable[[str], str]
    marks: Marks
    pictures: Pictures

    def picture(self, src: str) -> Picture:
        """What is shown for the picture that a text names."""
        return picture_of(src, self.pictures)

    @property
    def dress(self) -> Dress:
        """For what Markdown makes."""
        return Dress(self.href, self.picture, self.elements)


def view(section: Section, document: Document, look: Look) -> View | None:
    """The section, if it has something to say in this language or one to fall back to. Raises `MergeFieldRefused`."""
    text = section.body(look.language, document.languages)
    if text is None and section.kind not in _SILENT:
        return None
    return _view(section, text or issue.Body(look.language, ""), look)


def highlights(sections: Sequence[View]) -> list[View]:
    """What one must know, the family's own first; the first titles where nothing is marked so."""
    titled = [section for section in sections if section.title_text]
    must_know = [section for section in titled if section.must_know] or titled[:_SHOWN_WITHOUT_MUST_KNOW]
    return sorted(must_know, key=lambda section: not section.label)


def lead(sections: Sequence[View]) -> View | None:
    """What an announcement is about: the first event or announcement, else the first with a title."""
    titled = [section for section in sections if section.title]
    announced = (section for section in titled if section.kind in _LEADING)
    return next(announced, titled[0] if titled else None)


def _view(section: Section, text: issue.Body, look: Look) -> View:
    is_mjml = section.kind is SectionKind.MJML
    body = Body(None, ()) if is_mjml else markdown.read(text.text, look.marks)
    url, url_label = _own_link(section, markdown.words(body.title), look)
    asked = markdown.answers(body) if section.kind is SectionKind.QUESTION else markdown.Asked(body, ())
    alt, body = markdown.described(body) if section.kind is SectionKind.IMAGE else ("", asked.body)
    body = Body(None, body.blocks) if section.kind is SectionKind.BUTTON else body
    return View(
        key=section.key,
        kind=section.kind.value,
        language=text.language,
        dir=direction(text.language),
        label=_label(section, look),
        band=next((band for band in section.bands if band in look.known_bands), "other"),
        kind_label="" if section.kind in (*_WITHOUT_LABEL, *_SILENT) else look.words(f"mail.{section.kind.value}"),
        must_know=section.must_know,
        title=_finished(markdown.inline_html(body.title, look.dress), look.marks),
        title_text=markdown.words(body.title),
        body=_finished(_blocks(body, text.language, look), look.marks),
        plain=raw_mjml.plain(text.text, look.href, look.marks) if is_mjml else _letter(body, look),
        url=url,
        url_label=url_label,
        when=when(section.attributes, look.language),
        place=section.attributes.get("place", ""),
        by=section.attributes.get("by", ""),
        until=_until(section, look),
        answers=_answers(section.key, asked.labels, look),
        image=_image(section, alt, look),
        mjml=raw_mjml.marked(text.text, look.href, lambda src: look.picture(src).url, look.marks) if is_mjml else "",
    )


def _finished(html: str, marks: Marks) -> str:
    return marks.finished(html) if html else ""


def _blocks(body: Body, language: str, look: Look) -> str:
    """The body's HTML. One that falls back to another language says so, for those who have it read aloud."""
    html = markdown.blocks_html(body, look.dress)
    if not html or language == look.language:
        return html
    return f'<div lang="{escape(language)}" dir="{direction(language)}">{html}</div>'


def _letter(body: Body, look: Look) -> str:
    parts = (plain.title_links(body, look.href), plain.blocks_text(body, look.href))
    return "\n\n".join(part for part in parts if part)


def _label(section: Section, look: Look) -> str:
    if not section.bands:
        return ""
    names = [look.words.get(f"mail.bands.{band}", band) for band in section.bands]
    return look.words("mail.for_bands", bands=format_list(names, locale=locale_of(look.language)))


def _until(section: Section, look: Look) -> str:
    day = dates.day_of(section.attributes.get("until", ""))
    return look.words("mail.goal_until", day=dates.long_day(day, look.language)) if day else ""


def _answers(key: str, labels: Sequence[Any], look: Look) -> tuple[Answer, ...]:
    return tuple(
        Answer(
            html=_finished(markdown.inline_html(label, Dress(look.href, look.picture, {})), look.marks),
            text=plain.inline_text(label),
            url=look.href(answers.target(key, number)),
        )
        for number, label in enumerate(labels, 1)
    )


def _image(section: Section, alt: str, look: Look) -> Shown | None:
    src = section.attributes.get("src", "")
    return Shown(look.picture(src), alt) if section.kind is SectionKind.IMAGE and src else None


def _own_link(section: Section, title: str, look: Look) -> tuple[str, str]:
    """A section's own target and the words on it, which say where it goes; both empty where it has none."""
    url = section.attributes.get("url", "")
    if section.kind is SectionKind.THANKS:
        url = url or _note(section.attributes.get("to", ""), look)
    if not is_allowed(on_the_wire(url)):
        return "", ""
    if section.kind is SectionKind.BUTTON and title:
        return look.href(url), title
    if section.kind in _LINK_WORDS:
        return look.href(url), look.words(_LINK_WORDS[section.kind])
    host = (urlsplit(on_the_wire(url)).hostname or url).removeprefix("www.")
    return look.href(url), look.words("mail.resource_link", host=host)


def _note(to: str, look: Look) -> str:
    """A note of thanks that opens in the reader's own mail program (RFC 6068), begun for them."""
    subject, begun = quote(look.words("mail.thanks_subject")), quote(f"{look.words('mail.thanks_body')} ")
    return f"mailto:{quote(to, safe='@')}?subject={subject}&body={begun}"
