"""Who sees what of an issue: the readers of a list, counted by variant as a campaign of today would have them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.issues.document import Document
from newsletter.rendering.variants import Variant, role_masks, seen, variant_columns
from subscribers import audience
from subscribers.segments.rules import Rule, RuleContext
from subscribers.tables import Subscriber


@dataclass(frozen=True, slots=True)
class Sightings:
    """How many readers get each variant; who gets none of the sections is among them."""

    readers_of: Mapping[Variant, int]

    @property
    def readers(self) -> int:
        """Everybody who would be mailed if there were something for them."""
        return sum(self.readers_of.values())

    @property
    def without_any(self) -> int:
        """Readers for whom no section is; they get no mail."""
        return sum(count for variant, count in self.readers_of.items() if not variant.mask)

    def of_section(self, at: int) -> int:
        """Readers who see the section at a place in the document."""
        return sum(count for variant, count in self.readers_of.items() if at in seen(variant))


def sightings(session: Session, document: Document, list_id: int, rule: Rule, context: RuleContext) -> Sightings:
    """Count whom of a list a rule chooses and would be mailed now. The document is bound.

    Raises `TooManySections`, and `RuleInvalid` where a rule cannot be.
    """
    audience.make_room(session)
    roles = role_masks(document)
    variant = variant_columns(document, context, roles).label("variant")
    readers = audience.members(list_id, rule, context).where(audience.exclusion(list_id).is_(None)).add_columns(variant)
    if roles is not None:
        readers = readers.outerjoin(roles, roles.c.subscriber_id == Subscriber.id)
    each = readers.subquery()
    counted = select(each.c.variant, func.count()).group_by(each.c.variant)
    return Sightings({Variant.parse(text): count for text, count in session.execute(counted)})
