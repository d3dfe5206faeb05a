"""What a family gets, made exactly as it would be sent, and sent to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document
from newsletter.rendering.editions import Edition
from newsletter.rendering.prepared import Copy, MessageSettings, Rendered, prepare, rendered
from newsletter.rendering.readers import Reader, first_name_of
from newsletter.rendering.variants import Profile, Variant, variant_columns, variant_of
from newsletter.tokens import Signer
from subscribers.segments.rules import Person, RuleContext
from subscribers.tables import Role, Subscriber

from .composing import NOBODY

PREVIEW_ADDRESS = "reader@preview.invalid"


class NothingToShow(NewsletterError):
    """The issue says nothing yet. Write its subject and a section first."""


@dataclass(frozen=True, slots=True)
class Family:
    """Whom a preview or a test mail is for, and the variant of the issue that they get."""

    name: str
    address: str
    variant: Variant


def family_of(session: Session, document: Document, subscriber: Subscriber, context: RuleContext) -> Family:
    """A subscriber, as a campaign of that day would see them. Raises `NothingToShow`."""
    refuse_empty(document)
    variant = select(variant_columns(document, context)).where(Subscriber.id == subscriber.id)
    return Family(subscriber.name, subscriber.address, Variant.parse(session.scalars(variant).one()))


def family_with(
    document: Document, grades: Sequence[int], language: str, roles: Sequence[str], context: RuleContext
) -> Family:
    """A family with children in these grades, and these roles; without any, a reader of whom little is known.

    Raises `NothingToShow`.
    """
    refuse_empty(document)
    bands = (context.bands.of_grade(grade) for grade in grades)
    person = Person(
        language=language,
        bands=frozenset(band.name for band in bands if band is not None),
        grades=frozenset(grades),
        roles=frozenset(roles or ([Role.FAMILY] if grades else [])),
        joined=context.day,
    )
    return Family("", PREVIEW_ADDRESS, variant_of(document, Profile(person, bool(grades)), context))


def refuse_empty(document: Document) -> None:
    """Raise `NothingToShow` where an issue has no text in any language."""
    if not document.languages:
        raise NothingToShow


@dataclass(frozen=True, slots=True)
class Preview:
    """One family's copy of an issue. Its links lead where they say, and those of the reader to nobody."""

    variant: Variant
    rendered: Rendered
    message: bytes
    """The whole mail, as it would go over the wire."""


def preview(edition: Edition, family: Family, signer: Signer, now: datetime) -> Preview:
    """Make a family's copy. Raises what keeps an issue from being compiled."""
    variant = family.variant
    identity, content = edition.identity.in_language(variant.language), edition.content(variant)
    copy = copy_for(family, now)
    message = prepare(content, MessageSettings(identity, 0), signer).message(copy)
    return Preview(variant, rendered(content, identity, signer, copy), message)


def copy_for(family: Family, now: datetime) -> Copy:
    """The copy of a family whose links, where they are the reader's own, lead to nobody."""
    reader = Reader(family.address, family.name, first_name_of(family.name), family.variant.language, NOBODY)
    return Copy(0, 0, 0, reader, format_datetime(now))
