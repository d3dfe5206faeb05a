"""Compiles an issue for one variant, or a letter: templates and Markdown to content with slots."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

from newsletter.issues.document import Document

from . import dates, merge, mjml, theme
from .content import (
    ConfirmSlot,
    Content,
    Marks,
    MergeSlot,
    OpenSlot,
    PersonalSlot,
    Pieces,
    PreferencesSlot,
    UnsubscribeSlot,
    ViewSlot,
)
from .links import LinkTable
from .merge import Facts
from .readers import Identity
from .sections import Look, highlights, views
from .targets import on_the_wire
from .variants import Variant, visible

LetterValue: TypeAlias = str | Sequence[str] | PersonalSlot
"""What a letter says of its own: a text, several, or a link that is another for other letters of its kind."""


def compile_issue(document: Document, variant: Variant, identity: Identity, links: LinkTable | None) -> Content:
    """What the readers of a variant get. Without a table links stay as they are and nothing is tracked.

    Raises `ThemeUnknown`, `MergeFieldRefused`, `MjmlInvalid`.
    """
    identity = identity.in_language(variant.language)
    folder = document.theme or identity.theme or theme.USUAL
    marks = Marks(_sources(document, identity))
    look = _look(folder, variant.language, links, marks)
    sections = views(visible(document, variant), document, look)
    subject = _marked(_in_language(document.subject, variant.language, document), marks)
    facts = {
        **_common_facts(identity, variant.language, folder),
        "title": subject,
        "preheader": _marked(_in_language(document.preheader, variant.language, document), marks),
        "month": _capitalised(dates.month(document.month, variant.language)),
        "sections": sections,
        "highlights": highlights(sections),
        **_own_links(identity, marks, tracked=links is not None),
    }
    return _content(folder, subject, facts, marks, _merge_facts(document, variant, identity))


def compile_letter(
    name: str, language: str, identity: Identity, values: Mapping[str, LetterValue] | None = None
) -> Content:
    """A single letter of `templates/mail/<name>`, such as `confirm`; `values` are what it says of its own."""
    own = values or {}
    texts = chain.from_iterable(map(_texts, own.values()))
    marks = Marks([identity.organization, identity.list_name, identity.postal_address, *texts])
    facts = {
        **_common_facts(identity, language, identity.theme or theme.USUAL),
        **_own_links(identity, marks, tracked=False),
        "confirm_url": marks.slot(ConfirmSlot()),
        "preferences_url": marks.slot(PreferencesSlot()),
        "unsubscribe_url": marks.slot(UnsubscribeSlot()),
        "preheader": "",
        **{key: marks.slot(value) if isinstance(value, PersonalSlot) else value for key, value in own.items()},
    }
    subject = theme.render(f"{name}/subject.txt", facts).strip()
    return _content(name, subject, {**facts, "title": subject}, marks, {})


def _texts(value: LetterValue) -> Sequence[str]:
    if isinstance(value, PersonalSlot):
        return ()
    return [value] if isinstance(value, str) else value


def _content(folder: str, subject: str, facts: Mapping[str, Any], marks: Marks, known: Facts) -> Content:
    html_part = mjml.to_html(theme.render(f"{folder}/html.mjml", facts))
    text = theme.render(f"{folder}/text.txt", facts)
    return Content(
        subject=_folded(marks.split(subject), known),
        html=_folded(marks.split(html_part), known, in_html=True),
        text=_folded(marks.split(_letter(text)), known),
        facts=known,
    )


def _letter(text: str) -> str:
    """The text with at most two empty lines in a row."""
    return re.sub(r"\n{4,}", "\n\n\n", text.strip()) + "\n"


def _look(theme_name: str, language: str, links: LinkTable | None, marks: Marks) -> Look:
    def href(target: str) -> str:
        slot = links.slot(target) if links is not None else None
        return marks.slot(slot) if slot is not None else on_the_wire(target)

    looks = theme.load(theme_name)
    return Look(language, theme.words(language), looks.elements, looks.looks["bands"], href, marks)


def _common_facts(identity: Identity, language: str, theme_name: str) -> dict[str, Any]:
    words = theme.words(language)
    return {
        "language": language,
        "dir": dates.direction(language),
        "words": words,
        "theme": theme.load(theme_name).looks,
        "list": identity.list_name,
        "organization": identity.organization,
        "postal_address": identity.postal_address,
        "why": words["why"].format(list=identity.list_name, organization=identity.organization),
    }


def _own_links(identity: Identity, marks: Marks, *, tracked: bool) -> dict[str, str]:
    return {
        "open_url": marks.slot(OpenSlot()) if tracked and identity.tracking_pixel else "",
        "view_url": marks.slot(ViewSlot()) if tracked else "",
        "preferences_url": marks.slot(PreferencesSlot()),
        "unsubscribe_url": marks.slot(UnsubscribeSlot()),
    }


def _merge_facts(document: Document, variant: Variant, identity: Identity) -> Facts:
    return {
        "list": {"name": identity.list_name},
        "organization": {"name": identity.organization},
        "issue": {"month": dates.month(document.month, variant.language)},
    }


def _folded(pieces: Pieces, known: Facts, *, in_html: bool = False) -> Pieces:
    """Merge fields that are the same for every reader become constants."""
    folded: list[Any] = []
    for piece in pieces:
        constant = piece if isinstance(piece, str) else _constant(piece, known, in_html=in_html)
        if constant is not None and folded and isinstance(folded[-1], str):
            folded[-1] += constant
        else:
            folded.append(piece if constant is None else constant)
    return tuple(folded)


def _constant(slot: Any, known: Facts, *, in_html: bool) -> str | None:
    if not isinstance(slot, MergeSlot) or merge.names_reader(slot.expression):
        return None
    value = merge.evaluate(slot.expression, known)
    return html.escape(value) if in_html else value


def _marked(text: str, marks: Marks) -> str:
    pieces = merge.split(text)
    return "".join(merge.clean(piece) if isinstance(piece, str) else marks.slot(piece) for piece in pieces)


def _in_language(texts: Mapping[str, str], language: str, document: Document) -> str:
    return next((texts[code] for code in (language, *document.languages) if texts.get(code)), "")


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sources(document: Document, identity: Identity) -> Iterator[str]:
    """Every text a person wrote, so that no mark is mistaken for theirs."""
    yield from (identity.organization, identity.list_name, identity.postal_address, document.month)
    yield from (*document.subject.values(), *document.preheader.values())
    for section in document.sections:
        yield from (body.text for body in section.bodies)
        yield from section.attributes.values()
