"""Variants: which sections a reader sees, in which language. One rule with two faces, Python's and SQL's.

A section that is aimed at bands is for families with a child in one of them; one that is aimed at roles, for readers
who have one of them; one that is aimed at languages, for those who get the issue in one of them; one with a rule, for
those whom it chooses. What we do not know hides nothing: who told of no child sees every band's sections, and who has
no role every role's. A rule alone decides for itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, String, Subquery, case, cast, func, literal, or_, select

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document, Section
from subscribers.segments.children import is_in_bands
from subscribers.segments.rules import Person, Rule, RuleContext
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
        """All sections that readers of a language can see."""
        return cls(language, _in_language(document, language))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a reader's variant depends on."""

    person: Person
    has_children: bool
    """Whether the household told of any child, of whatever grade."""


def variant_of(document: Document, profile: Profile, context: RuleContext) -> Variant:
    """The variant that a reader gets. Raises `RuleInvalid` where a section's rule cannot be."""
    language = language_for(document, profile.person.language)
    sections = enumerate(document.sections)
    mask = sum(1 << at for at, section in sections if _is_for(section, profile, context))
    return Variant(language, mask & _in_language(document, language))


def seen(variant: Variant) -> Iterator[int]:
    """The places of a variant's sections in the document, in order."""
    return (at for at in range(variant.mask.bit_length()) if variant.mask >> at & 1)


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


def variant_columns(document: Document, context: RuleContext, roles: Subquery | None = None) -> ColumnElement[str]:
    """`variant_of` as SQL over `Subscriber`; it ends in `-0` where no section is for the reader.

    Looks once at the household's children and once at the reader's roles, however many sections are aimed at them.
    The caller may have joined `roles`, which is `role_masks`. Raises `TooManySections`, and `RuleInvalid` where a
    section's rule cannot be.
    """
    if len(document.sections) > MOST_SECTIONS:
        raise TooManySections
    mask = _of_bands(document, context).bitwise_and(_of_roles(document, roles))
    for more in (_of_languages(document), _of_rules(document, context)):
        mask = mask if more is None else mask.bitwise_and(more)
    return _language(document) + literal("-") + cast(mask, String)


def role_masks(document: Document, *among: ColumnElement[bool]) -> Subquery | None:
    """The sections that the roles of each of many readers let them see: `subscriber_id`, `mask`.

    None where no section is aimed at roles. For an outer join: who has no role is not in it.
    """
    mask = _mask([s.roles for s in document.sections], SubscriberRole.role.in_)
    if mask is None:
        return None
    of_readers = select(SubscriberRole.subscriber_id, mask.label("mask")).where(*among)
    return of_readers.group_by(SubscriberRole.subscriber_id).subquery("roles")


def _is_for(section: Section, profile: Profile, context: RuleContext) -> bool:
    person = profile.person
    in_bands = not section.bands or not profile.has_children or not person.bands.isdisjoint(section.bands)
    in_roles = not section.roles or not person.roles or not person.roles.isdisjoint(section.roles)
    return in_bands and in_roles and Rule.parse(section.rule).matches(person, context)


def _in_language(document: Document, language: str) -> int:
    """The sections that readers who get the issue in a language can see."""
    spoken = {language, _main(language)}
    return sum(
        1 << at
        for at, section in enumerate(document.sections)
        if not section.languages or not spoken.isdisjoint(section.languages)
    )


def _of_bands(document: Document, context: RuleContext) -> ColumnElement[int]:
    """The sections that the bands of the household's children let a reader see."""
    mask = _mask([s.bands for s in document.sections], lambda aim: is_in_bands(aim, context))
    if mask is None:
        return _everything(document)
    of_children = select(mask).where(Child.household_id == Subscriber.household_id).correlate(Subscriber)
    return func.coalesce(of_children.scalar_subquery(), _everything(document))


def _of_roles(document: Document, roles: Subquery | None) -> ColumnElement[int]:
    """The sections that a reader's roles let them see."""
    mask = _mask([s.roles for s in document.sections], SubscriberRole.role.in_)
    if mask is None:
        return _everything(document)
    of_reader = select(mask).where(SubscriberRole.subscriber_id == Subscriber.id).correlate(Subscriber)
    return func.coalesce(of_reader.scalar_subquery() if roles is None else roles.c.mask, _everything(document))


def _of_languages(document: Document) -> ColumnElement[int] | None:
    """The sections that a reader's language lets them see; None where no section is aimed at languages."""
    if not any(section.languages for section in document.sections):
        return None
    language = _language(document)
    masks = ((language == tag, _bits(_in_language(document, tag))) for tag in document.languages)
    return case(*masks, else_=_everything(document))


def _of_rules(document: Document, context: RuleContext) -> ColumnElement[int] | None:
    """The sections that rules let a reader see; None where no section has one. Sections of one rule ask it once."""
    bits: dict[str, int] = {}
    for at, section in enumerate(document.sections):
        bits[section.rule] = bits.get(section.rule, 0) | 1 << at
    total = _bits(bits.pop("", 0))
    if not bits:
        return None
    for rule, value in bits.items():
        total += case((Rule.parse(rule).where(context), _bits(value)), else_=_bits(0))
    return total


def _everything(document: Document) -> ColumnElement[int]:
    return _bits((1 << len(document.sections)) - 1)


def _mask(aims: Sequence[Aim], hits: Callable[[Aim], ColumnElement[bool]]) -> ColumnElement[int] | None:
    """The bits of the sections whose aim one of a group of rows hits; None where no section is aimed.

    Sections of the same aim share one condition. Over no rows every maximum, and so the sum, is NULL.
    """
    bits: dict[Aim, int] = {}
    for at, aim in enumerate(aims):
        bits[aim] = bits.get(aim, 0) | 1 << at
    total = _bits(bits.pop((), 0))
    if not bits:
        return None
    for aim, value in bits.items():
        total += func.max(case((hits(aim), _bits(value)), else_=_bits(0)))
    return total


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
