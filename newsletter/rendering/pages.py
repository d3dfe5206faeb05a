"""An issue for a reader of whom nothing is known, as a web page, a printed sheet and a feed show it.

Its sections are those of the mail, made by the same hands: only without inline styles, with plain links, and with what
merge fields say of nobody.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from markupsafe import Markup, escape

from newsletter.issues.document import Document, Section, SectionKind
from newsletter.words import words

from . import dates, merge, theme
from .content import Marks, MergeSlot
from .editions import facts_of, marked, marks_of
from .hyperlinks import Hyperlink, hyperlinks
from .merge import Facts
from .pictures import Pictures, picture_of
from .readers import Identity
from .sections import Look, View, highlights, view
from .targets import is_allowed
from .variants import Variant, language_for, seen

_NOBODY = {"reader": {"first_name": "", "name": ""}}
_FAMILY = "family"


@dataclass(frozen=True, slots=True)
class Audience:
    """Which part of an issue is asked for, among the bands of the installation."""

    language: str = ""
    """As a person asked for it; empty, or one that the issue does not speak: its own."""
    bands: tuple[str, ...] = ()
    """Empty for all."""
    known_bands: tuple[str, ...] = ()
    """Youngest first."""

    def sees(self, section: Section) -> bool:
        """Whether a section is in it. What a rule aims at few, and raw MJML, is on no page."""
        if section.rule or section.kind is SectionKind.MJML:
            return False
        return not section.bands or not self.bands or not set(self.bands).isdisjoint(section.bands)


@dataclass(frozen=True, slots=True)
class Part:
    """A section. Title, body and the `html` of answers in its view are finished HTML, everything else is plain text."""

    view: View
    label: str
    """Whom it is for, by roles and bands; empty for everybody."""
    tone: int
    """The place of its band among those of the installation, from 1; 0 for none of them."""
    links: tuple[Hyperlink, ...]
    """Its web links, its own first, each target once."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What an issue is called in one language."""

    language: str
    direction: str
    month: str
    title: str
    summary: str
    """The line that mailboxes show after the subject; may be empty."""


@dataclass(frozen=True, slots=True)
class IssuePage:
    """What is shown of an issue in one language, to everybody."""

    cover: Cover
    languages: tuple[str, ...]
    """In which the issue speaks, its own first."""
    bands: tuple[str, ...]
    """For which it has something of their own, youngest first."""
    chosen_bands: tuple[str, ...]
    organization: str
    parts: tuple[Part, ...]

    @property
    def language(self) -> str:
        """In which it speaks here."""
        return self.cover.language

    @property
    def highlights(self) -> list[View]:
        """What one must know, with its days."""
        return highlights([part.view for part in self.parts])

    @property
    def has_goal(self) -> bool:
        """Whether there is a goal of the month."""
        return any(part.view.kind == SectionKind.GOAL for part in self.parts)


def cover_of(document: Document, identity: Identity, language: str) -> Cover:
    """What an issue is called in a language, or its own where it does not speak that. Raises `MergeFieldRefused`."""
    language = language_for(document, language)
    return _cover(document, language, _known(document, identity.in_language(language), language))


def issue_page(document: Document, identity: Identity, audience: Audience, pictures: Pictures) -> IssuePage:
    """What everybody may see of an issue. Raises `MergeFieldRefused`."""
    language = language_for(document, audience.language)
    known = _known(document, identity.in_language(language), language)
    href = partial(_href, pictures)
    look = Look(language, words(language), {}, audience.known_bands, href, known.marks, pictures)
    shown = [document.sections[at] for at in seen(Variant.everything(document, language))]
    shown = [section for section in shown if audience.sees(section)]
    used = {band for section in document.sections for band in section.bands}
    return IssuePage(
        cover=_cover(document, language, known),
        languages=document.languages,
        bands=tuple(band for band in audience.known_bands if band in used),
        chosen_bands=audience.bands,
        organization=identity.organization,
        parts=tuple(_parts(shown, document, look, known, audience.known_bands)),
    )


class _Known:
    """Resolves marks by what is known without a reader."""

    def __init__(self, marks: Marks, facts: Facts) -> None:
        self.marks, self._facts = marks, facts

    def text(self, marked: str) -> str:
        """Plain text."""
        return theme.printable("".join(self._values(marked)))

    def html(self, marked: str) -> Markup:
        """HTML, of a mark of HTML."""
        pieces = self.marks.split(marked)
        values = zip(pieces, self._values(marked), strict=True)
        html = "".join(value if isinstance(piece, str) else escape(value) for piece, value in values)
        return Markup(theme.printable(html))  # noqa: S704 - Markdown's HTML went through nh3, values are escaped

    def _values(self, marked: str) -> Iterator[str]:
        for piece in self.marks.split(marked):
            yield merge.evaluate(piece.expression, self._facts) if isinstance(piece, MergeSlot) else str(piece)


def _known(document: Document, spoken: Identity, language: str) -> _Known:
    return _Known(marks_of(document, spoken), {**facts_of(document, spoken, language), **_NOBODY})


def _cover(document: Document, language: str, known: _Known) -> Cover:
    return Cover(
        language=language,
        direction=dates.direction(language),
        month=dates.month_title(document.month, language),
        title=known.text(marked(document.subject_in(language), known.marks)),
        summary=known.text(marked(document.preheader_in(language), known.marks)),
    )


def _href(pictures: Pictures, target: str) -> str:
    """Where a link leads without a copy to name; an answer is given in a mail only."""
    url = picture_of(target, pictures).url
    return url if is_allowed(url) else ""


def _parts(
    sections: Sequence[Section], document: Document, look: Look, known: _Known, bands: Sequence[str]
) -> Iterator[Part]:
    for section in sections:
        marked_view = view(section, document, look)
        if marked_view is not None:
            resolved = _resolved(marked_view, known)
            tone = bands.index(resolved.band) + 1 if resolved.band in bands else 0
            yield Part(resolved, _label(section, resolved, look), tone, hyperlinks(resolved))


def _resolved(marked_view: View, known: _Known) -> View:
    shown = marked_view.image
    return replace(
        marked_view,
        title=known.html(marked_view.title),
        title_text=known.text(marked_view.title_text),
        body=known.html(marked_view.body),
        url_label=known.text(marked_view.url_label),
        place=theme.printable(marked_view.place),
        by=theme.printable(marked_view.by),
        answers=tuple(replace(answer, html=known.html(answer.html)) for answer in marked_view.answers),
        image=shown and replace(shown, alt=known.text(shown.alt)),
    )


def _label(section: Section, shown: View, look: Look) -> str:
    """Roles are named where families are not among them: a page is for families before all others."""
    roles: Collection[str] = () if _FAMILY in section.roles else section.roles
    labels = [look.words(f"mail.for_{role}") for role in roles if f"mail.for_{role}" in look.words.originals]
    return " · ".join([*labels, shown.label] if shown.label else labels)
