"""Variants: which sections a reader sees, in which language. One rule with two faces, Python's and SQL's.

A section that is aimed at bands is for families with a child in one of them; one that is aimed at roles, for readers
who have one of them. What we do not know hides nothing: who told of no child sees every band's sections, and who has
no role every role's.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, String, case, cast, exists, func, literal, or_, true

from newsletter.issues.document import Document, Section
from subscribers.segments.fields import RuleContext, child_in_bands, has_role
from subscribers.tables import Child, Subscriber, SubscriberRole


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
    """The document's language for a reader: theirs, or its first part (`es` for `es-MX`), or the original's."""
    wanted = language.lower()
    by_code = {code.lower(): code for code in document.languages}
    return by_code.get(wanted) or by_code.get(wanted.partition("-")[0]) or document.languages[0]


def variant_columns(document: Document, context: RuleContext) -> ColumnElement[str]:
    """`variant_of` as SQL over `Subscriber`."""
    return _language(document) + literal("-") + cast(_mask(document, context), String)


def _is_for(section: Section, profile: Profile) -> bool:
    in_bands = not section.bands or not profile.has_children or not profile.bands.isdisjoint(section.bands)
    in_roles = not section.roles or not profile.roles or not profile.roles.isdisjoint(section.roles)
    return in_bands and in_roles


def _language(document: Document) -> ColumnElement[str]:
    spoken = func.lower(Subscriber.language)
    exact = [(spoken == code.lower(), literal(code)) for code in document.languages]
    by_first_part = [
        (spoken.startswith(f"{code.lower()}-", autoescape=True), literal(code)) for code in document.languages
    ]
    return case(*exact, *by_first_part, else_=literal(document.languages[0]))


def _mask(document: Document, context: RuleContext) -> ColumnElement[int]:
    """The sum of the bits. Sections of the same aim share one condition."""
    bits: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    for at, section in enumerate(document.sections):
        aim = (tuple(sorted(section.bands)), tuple(sorted(section.roles)))
        bits[aim] = bits.get(aim, 0) | 1 << at
    total: ColumnElement[int] = literal(bits.pop(((), ()), 0), BigInteger)
    for (bands, roles), value in bits.items():
        total += case((_aim(bands, roles, context), literal(value, BigInteger)), else_=literal(0, BigInteger))
    return total


def _aim(bands: tuple[str, ...], roles: tuple[str, ...], context: RuleContext) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    if bands:
        knows_of_no_child = ~exists().where(Child.household_id == Subscriber.household_id)
        condition &= or_(child_in_bands(bands, context), knows_of_no_child)
    if roles:
        has_none = ~exists().where(SubscriberRole.subscriber_id == Subscriber.id)
        condition &= or_(has_role(roles), has_none)
    return condition
