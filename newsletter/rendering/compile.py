"""From templates and what they are filled with to content with slots; a letter is made so at once."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

from newsletter.words import words

from . import dates, merge, mjml, theme
from .brands import logo_of
from .content import (
    ConfirmSlot,
    Content,
    LetterSlot,
    Marks,
    MergeSlot,
    OpenSlot,
    Pieces,
    PreferencesSlot,
    UnsubscribeSlot,
    ViewSlot,
)
from .headers import sender
from .merge import Facts
from .pictures import Pictures
from .readers import Identity

ToHtml: TypeAlias = Callable[[str], str]
"""Makes HTML of MJML: `mjml.to_html`, or `mjml.checked_html` where the MJML is checked first."""
LetterValue: TypeAlias = str | Sequence[str] | LetterSlot
"""What a letter says of its own: a text, several, or a link that is another for other letters of its kind."""


def compile_letter(
    name: str,
    language: str,
    identity: Identity,
    values: Mapping[str, LetterValue] | None = None,
    to_html: ToHtml = mjml.to_html,
    pictures: Pictures | None = None,
) -> Content:
    """A single letter of `templates/mail/<name>`, such as `confirm`; `values` are what it says of its own."""
    own = values or {}
    texts = chain.from_iterable(map(_texts, own.values()))
    marks = Marks([identity.organization, identity.list_name, identity.postal_address, *texts])
    facts = {
        **common_facts(identity, language, identity.theme or theme.USUAL, pictures or {}),
        **own_links(identity, marks, tracked=False),
        "confirm_url": marks.slot(ConfirmSlot()),
        "preferences_url": marks.slot(PreferencesSlot()),
        "unsubscribe_url": marks.slot(UnsubscribeSlot()),
        "preheader": "",
        **{key: marks.slot(value) if isinstance(value, LetterSlot) else value for key, value in own.items()},
    }
    subject = theme.render(f"{name}/subject.txt", facts).strip()
    return filled(name, subject, {**facts, "title": subject}, marks, {}, to_html)


def _texts(value: LetterValue) -> Sequence[str]:
    if isinstance(value, LetterSlot):
        return ()
    return [value] if isinstance(value, str) else value


def filled(folder: str, subject: str, facts: Mapping[str, Any], marks: Marks, known: Facts, to_html: ToHtml) -> Content:
    """The templates of a folder, filled in. Raises `MjmlInvalid`."""
    html_part = to_html(theme.render(f"{folder}/html.mjml", facts))
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


def common_facts(identity: Identity, language: str, theme_name: str, pictures: Pictures) -> dict[str, Any]:
    """What every mail of an identity shows in a language."""
    said = words(language)
    return {
        "language": language,
        "dir": dates.direction(language),
        "words": said,
        "theme": theme.load(theme_name, identity.brand.colour).looks,
        "logo": logo_of(identity.brand, pictures),
        "list": identity.list_name,
        "organization": identity.organization,
        "sender": sender(identity).name or identity.organization,
        "postal_address": identity.postal_address,
        "why": said("mail.why", list=identity.list_name, organization=identity.organization),
    }


def own_links(identity: Identity, marks: Marks, *, tracked: bool) -> dict[str, str]:
    """Marks for the links that each reader has of their own; those of a copy are empty where nothing is tracked."""
    return {
        "open_url": marks.slot(OpenSlot()) if tracked and identity.tracking_pixel else "",
        "view_url": marks.slot(ViewSlot()) if tracked else "",
        "preferences_url": marks.slot(PreferencesSlot()),
        "unsubscribe_url": marks.slot(UnsubscribeSlot()),
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
