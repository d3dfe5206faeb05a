"""All variants of an issue side by side: every family's own view on one page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, combinations

from babel import Locale
from babel.lists import format_list
from jinja2 import Environment, FileSystemLoader

from newsletter.folders import templates_folder
from newsletter.issues.document import Document
from newsletter.rendering.editions import Edition
from newsletter.rendering.prepared import rendered
from newsletter.rendering.variants import Profile, Variant, variant_of, visible
from newsletter.tokens import Signer
from subscribers.segments.rules import Person, RuleContext
from subscribers.tables import Role

from .previews import PREVIEW_ADDRESS, Family, copy_for, refuse_empty


@dataclass(frozen=True, slots=True)
class Shown:
    """One variant, and in words the families that get it."""

    variant: Variant
    families: tuple[str, ...]
    sections: tuple[str, ...]
    subject: str
    html: str


def every_variant(document: Document, context: RuleContext) -> dict[Variant, list[str]]:
    """Each variant that families and educators can get in each language, with who they are in words.

    Families are told apart by the bands of their children; whom a section's rule chooses beyond that is not foreseen.
    """
    found: dict[Variant, list[str]] = {}
    for language in document.languages:
        for words, profile in _readers(language, context):
            found.setdefault(variant_of(document, profile, context), []).append(words)
    return found


def gallery(edition: Edition, variants: Mapping[Variant, Sequence[str]], signer: Signer, now: datetime) -> list[Shown]:
    """Compile these variants as the families would get them.

    Raises `NothingToShow`, and what keeps an issue from being compiled.
    """
    refuse_empty(edition.document)
    return [_shown(edition, variant, families, signer, now) for variant, families in variants.items()]


def page_of(title: str, shown: Iterable[Shown]) -> str:
    """The page that shows them in frames in which nothing runs."""
    environment = Environment(loader=FileSystemLoader(templates_folder() / "web"), autoescape=True)
    views = [(view, Locale.parse(view.variant.language, sep="-").get_display_name("en")) for view in shown]
    return environment.get_template("gallery.html").render(title=title, views=views)


def _readers(language: str, context: RuleContext) -> Iterable[tuple[str, Profile]]:
    """Families by the bands of their children, a reader of whom nothing is known, and an educator."""
    someone = Person(language=language, joined=context.day)
    names = context.bands.names
    for some in chain.from_iterable(combinations(names, count) for count in range(1, len(names) + 1)):
        person = replace(someone, bands=frozenset(some), roles=frozenset({Role.FAMILY}))
        yield f"{format_list(some, locale='en')} families", Profile(person, has_children=True)
    yield "no grade known", Profile(someone, has_children=False)
    yield "educators", Profile(replace(someone, roles=frozenset({Role.EDUCATOR})), has_children=False)


def _shown(edition: Edition, variant: Variant, families: Sequence[str], signer: Signer, now: datetime) -> Shown:
    copy = copy_for(Family("", PREVIEW_ADDRESS, variant), now)
    made = rendered(edition.content(variant), edition.identity.in_language(variant.language), signer, copy)
    keys = tuple(section.key for section in visible(edition.document, variant))
    return Shown(variant, tuple(families), keys, made.subject, made.html)
