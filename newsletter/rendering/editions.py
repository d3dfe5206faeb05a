"""An issue in a list's name: its variants are compiled one after another, and share what they have in common."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from newsletter.issues.document import Document
from newsletter.words import words

from . import dates, hidden_links, mjml, theme
from .answers import is_answer
from .compile import ToHtml, common_facts, filled, own_links
from .content import Content, Marks
from .links import LinkTable
from .merge import Facts, clean, split
from .pictures import Pictures, picture_of
from .readers import Identity
from .sections import Look, View, highlights, lead, view
from .variants import Variant, seen


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What all variants of one language share."""

    subject: str
    facts: Mapping[str, Any]
    views: Mapping[int, View]
    """By the place of the section; without those that say nothing in this language or one to fall back to."""
    marks: Marks
    known: Facts


@dataclass(frozen=True)
class Edition:
    """Compiles variants, one thread at a time. Without a table, links stay as they are and nothing is tracked."""

    document: Document
    identity: Identity
    links: LinkTable | None = None
    pictures: Pictures = field(default_factory=dict)
    to_html: ToHtml = mjml.to_html
    _spoken: dict[str, _Spoken] = field(default_factory=dict, init=False, repr=False, compare=False)

    def content(self, variant: Variant) -> Content:
        """What the readers of a variant get. Raises `ThemeUnknown`, `MergeFieldRefused`, `MjmlInvalid`."""
        spoken = self._in(variant.language)
        sections = [spoken.views[at] for at in seen(variant) if at in spoken.views]
        facts = {**spoken.facts, "sections": sections, "highlights": highlights(sections), "lead": lead(sections)}
        return filled(self.theme, spoken.subject, facts, spoken.marks, spoken.known, self.to_html)

    @property
    def theme(self) -> str:
        """The folder that it is made with: the issue's own, the list's, or the usual one."""
        return self.document.theme or self.identity.theme or theme.USUAL

    def _in(self, language: str) -> _Spoken:
        if language not in self._spoken:
            self._spoken[language] = self._read(language, self.identity.in_language(language))
        return self._spoken[language]

    def _read(self, language: str, identity: Identity) -> _Spoken:
        document, marks = self.document, marks_of(self.document, identity)
        look = self._look(language, marks)
        views = {at: view(section, document, look) for at, section in enumerate(document.sections)}
        subject, known = marked(document.subject_in(language), marks), facts_of(document, identity, language)
        facts = {
            **common_facts(identity, language, self.theme, self.pictures),
            **own_links(identity, marks, tracked=self.links is not None),
            "hidden_url": self._hidden_url(marks),
            "title": subject,
            "preheader": marked(document.preheader_in(language), marks),
            "month": dates.month_title(document.month, language),
            "once": _once(),
        }
        return _Spoken(subject, facts, {at: shown for at, shown in views.items() if shown}, marks, known)

    def _hidden_url(self, marks: Marks) -> str:
        slot = self.links.slot(hidden_links.TARGET) if self.links is not None else None
        return marks.slot(slot) if slot is not None else ""

    def _look(self, language: str, marks: Marks) -> Look:
        def href(target: str) -> str:
            slot = self.links.slot(target) if self.links is not None else None
            if slot is not None:
                return marks.slot(slot)
            return "#" if is_answer(target) else picture_of(target, self.pictures).url

        looks = theme.load(self.theme, self.identity.brand.colour)
        return Look(language, words(language), looks.elements, looks.looks["bands"], href, marks, self.pictures)


def marks_of(document: Document, identity: Identity) -> Marks:
    """Marks that no text of an issue holds by accident."""
    return Marks(_sources(document, identity))


def facts_of(document: Document, identity: Identity, language: str) -> Facts:
    """What merge fields may name beside the reader; the identity is that of readers of the language."""
    return {
        "list": {"name": identity.list_name},
        "organization": {"name": identity.organization},
        "issue": {"month": dates.month(document.month, language)},
    }


def marked(text: str, marks: Marks) -> str:
    """A text such as a subject, its merge fields as marks. Raises `MergeFieldRefused`."""
    return "".join(clean(piece) if isinstance(piece, str) else marks.slot(piece) for piece in split(text))


def _once() -> Callable[..., str]:
    """For templates: what a macro makes of a section is made for the first variant that has it, and kept for others."""
    made: dict[tuple[object, ...], str] = {}

    def once(macro: Callable[..., str], section: View, *how: object) -> str:
        key = (id(section), how)  # the views of a language live as long as this
        if key not in made:
            made[key] = macro(section, *how)
        return made[key]

    return once


def _sources(document: Document, identity: Identity) -> Iterator[str]:
    """Every text a person wrote, so that no mark is mistaken for theirs."""
    yield from (identity.organization, identity.list_name, identity.postal_address, document.month)
    yield from (*document.subject.values(), *document.preheader.values())
    for section in document.sections:
        yield from (body.text for body in section.bodies)
        yield from section.attributes.values()
