"""Variants: which sections a reader sees, in which language. One rule with two faces, Python's and SQL's.

A section that is aimed at bands is for families with a child in one of them; one that is aimed at roles, for readers
who have one of them. What we do not know hides nothing: who told of no child sees every band's sections, and who has
no role every role's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Select, String, case, cast, func, literal, or_, select

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document, Section
from subscribers.segments.contexts import RuleContext
from subscribers.segments.fields import is_in_bands
from subscribers.tables import Child, Subscriber, SubscriberRole

MOST_SECTIONS = 63
"""A mask is a positive integer of 64 bits in both databases."""

Aim = tuple[str, ...]


class TooManySections(NewsletterError):
    """An issue has at most 63 sections. Join some of them."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A language, and a bit for each section of the document, the first the lowest; written `es-13`."""

    language: str
    mask: int

    def __str__(self) -> str:
        return f"{self.language}-{self.mask}"

    @classmethod
    def parse(cls, text: str) -> "Variant":
        """Read what `str` wrote."""
        language, _, mask = text.rpartition("-")
        return cls(language, int(mask))

    @classmethod
    def everything(cls, document: Document, language: str) -> "Variant":
        """All sections."""
        return cls(language, (1 << len(document.sections)) - 1)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a reader's variant depends on."""

    language: str
    bands: frozenset[str]
    has_children: bool
    """Whether the household told of any child, of whatever grade."""
    roles: frozenset[str]


def variant_of(document: Document, profile: Profile) -> Variant:
    """The variant that a reader gets."""
    mask = sum(1 << at for at, section in enumerate(document.sections) if _is_for(section, profile))
    return Variant(language_for(document, profile.language), mask)


def visible(document: Document, variant: Variant) -> tuple[Section, ...]:
    """The sections of a variant, in order."""
    return tuple(section for at, section in enumerate(document.sections) if variant.mask >> at & 1)


def language_for(document: Document, language: str) -> str:
    """The document's language for a reader.

    Theirs, or its main language (`es` for `es-MX`), or another kind of that (`pt-BR` for `pt`), or the original.
    """
    spoken = language.lower()
    by_tag = {tag.lower(): tag for tag in document.languages}
    return by_tag.get(spoken) or _by_main_language(document).get(_main(spoken)) or document.original


def variant_columns(document: Document, context: RuleContext) -> ColumnElement[str]:
    """`variant_of` as SQL over `Subscriber`; it ends in `-0` where no section is for the reader.

    Looks once at the household's children and once at the reader's roles, however many sections are aimed at them.
    Raises `TooManySections`.
    """
    if len(document.sections) > MOST_SECTIONS:
        raise TooManySections
    children = select().where(Child.household_id == Subscriber.household_id)
    of_bands = _mask([s.bands for s in document.sections], children, lambda aim: is_in_bands(aim, context))
    roles = select().where(SubscriberRole.subscriber_id == Subscriber.id)
    of_roles = _mask([s.roles for s in document.sections], roles, SubscriberRole.role.in_)
    return _language(document) + literal("-") + cast(of_bands.bitwise_and(of_roles), String)


def _is_for(section: Section, profile: Profile) -> bool:
    in_bands = not section.bands or not profile.has_children or not profile.bands.isdisjoint(section.bands)
    in_roles = not section.roles or not profile.roles or not profile.roles.isdisjoint(section.roles)
    return in_bands and in_roles


def _mask(
    aims: Sequence[Aim], rows: Select[*tuple[()]], hits: Callable[[Aim], ColumnElement[bool]]
) -> ColumnElement[int]:
    """The bits of the sections whose aim one of the rows hits; all bits where there is no row.

    Sections of the same aim share one condition. Without rows every maximum, and so the sum, is NULL.
    """
    bits: dict[Aim, int] = {}
    for at, aim in enumerate(aims):
        bits[aim] = bits.get(aim, 0) | 1 << at
    everything = _bits(sum(bits.values()))
    total = _bits(bits.pop((), 0))
    if not bits:
        return everything
    for aim, value in bits.items():
        total += func.max(case((hits(aim), _bits(value)), else_=_bits(0)))
    return func.coalesce(rows.add_columns(total).correlate(Subscriber).scalar_subquery(), everything)


def _language(document: Document) -> ColumnElement[str]:
    """`language_for` in SQL."""
    spoken = func.lower(Subscriber.language)
    exact = [(spoken == tag.lower(), literal(tag)) for tag in document.languages]
    by_main = [
        (or_(spoken == main, spoken.startswith(f"{main}-", autoescape=True)), literal(tag))
        for main, tag in _by_main_language(document).items()
    ]
    original = literal(document.original)
    return case(*exact, *by_main, else_=original) if exact else original


def _by_main_language(document: Document) -> dict[str, str]:
    """For each main language the document's own tag: that language itself, or the first kind of it."""
    found: dict[str, str] = {}
    for tag in sorted(document.languages, key=lambda tag: "-" in tag):
        found.setdefault(_main(tag.lower()), tag)
    return found


def _main(tag: str) -> str:
    return tag.partition("-")[0]


def _bits(value: int) -> ColumnElement[int]:
    return literal(value, BigInteger)
