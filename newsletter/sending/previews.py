"""What a family gets, made exactly as it would be sent, and sent to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document
from newsletter.rendering.compile import compile_issue
from newsletter.rendering.prepared import Copy, MessageSettings, Rendered, prepare, rendered
from newsletter.rendering.readers import Identity, Reader, first_name_of
from newsletter.rendering.variants import Profile, Variant, variant_of
from newsletter.tokens import Signer
from subscribers import households, subscribers
from subscribers.segments.rules import RuleContext
from subscribers.tables import Role, Subscriber

from .composing import NOBODY

_ADDRESS = "reader@preview.invalid"


class NothingToShow(NewsletterError):
    """The issue says nothing yet. Write its subject and a section first."""


@dataclass(frozen=True, slots=True)
class Family:
    """Whom a preview or a test mail is for."""

    name: str
    address: str
    profile: Profile


def family_of(session: Session, subscriber: Subscriber, context: RuleContext) -> Family:
    """The family of a subscriber, as a campaign of that day would see it."""
    children = households.children_of(session, subscriber)
    profile = Profile(
        language=subscriber.language,
        bands=households.bands_of(children, context.day, context.roll_over, context.bands),
        has_children=bool(children),
        roles=frozenset(subscribers.roles_of(session, subscriber)),
    )
    return Family(subscriber.name, subscriber.address, profile)


def family_with(grades: Sequence[int], language: str, context: RuleContext) -> Family:
    """A family with children in these grades; without grades, a reader of whom nothing is known but the language."""
    bands = (context.bands.of_grade(grade) for grade in grades)
    profile = Profile(
        language=language,
        bands=frozenset(band.name for band in bands if band is not None),
        has_children=bool(grades),
        roles=frozenset({Role.FAMILY} if grades else ()),
    )
    return Family("", _ADDRESS, profile)


def variant_for(document: Document, family: Family) -> Variant:
    """The family's variant of an issue. Raises `NothingToShow`."""
    if not document.languages:
        raise NothingToShow
    return variant_of(document, family.profile)


@dataclass(frozen=True, slots=True)
class Preview:
    """One family's copy of an issue. Its links lead where they say, and those of the reader to nobody."""

    variant: Variant
    rendered: Rendered
    message: bytes
    """The whole mail, as it would go over the wire."""


def preview(document: Document, family: Family, identity: Identity, signer: Signer, now: datetime) -> Preview:
    """Make a family's copy. Raises `NothingToShow`, and what keeps an issue from being compiled."""
    variant = variant_for(document, family)
    identity = identity.in_language(variant.language)
    content = compile_issue(document, variant, identity, None)
    reader = Reader(family.address, family.name, first_name_of(family.name), variant.language, NOBODY)
    copy = Copy(0, 0, 0, reader, format_datetime(now))
    message = prepare(content, MessageSettings(identity, 0), signer).message(copy)
    return Preview(variant, rendered(content, identity, signer, copy), message)
