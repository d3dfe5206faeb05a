"""What an issue refers to, written into it: the facts of its workshops, the rules of the segments it names.

A campaign is bound to such a document, so that whatever becomes of a workshop or a segment later moves nobody.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError
from subscribers.segments import saved
from subscribers.segments.rules import Rule, RuleContext

from .document import Document, Section, SectionKind

WORKSHOP = "workshop"
"""The attribute by which an event names a workshop."""
EventFacts = Callable[[Session, int, str], Mapping[str, str]]
"""The attributes of the event that an organization's reference names. Raises `NotFound`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A section that refers to what is not there, or cannot be."""

    section: Section
    reason: NewsletterError


@dataclass(frozen=True, slots=True)
class Binder:
    """Writes into documents what they refer to."""

    context: RuleContext
    event_facts: EventFacts

    def bound(self, session: Session, document: Document) -> Document:
        """The same document where it refers to nothing. Raises `NotFound`, `RuleInvalid`."""
        sections = tuple(self._bound(session, section) for section in document.sections)
        return document if sections == document.sections else replace(document, sections=sections)

    def faults(self, session: Session, document: Document) -> Iterator[Fault]:
        """Every section that cannot be bound."""
        for section in document.sections:
            try:
                self._bound(session, section)
            except NewsletterError as reason:
                yield Fault(section, reason)

    def _bound(self, session: Session, section: Section) -> Section:
        workshop = section.attributes.get(WORKSHOP, "")
        if workshop and section.kind is SectionKind.EVENT:
            facts = self.event_facts(session, self.context.organization_id, workshop)
            section = replace(section, attributes={WORKSHOP: workshop, **facts})
        if section.rule:
            rule = saved.resolved(session, Rule.parse(section.rule), self.context)
            section = replace(section, rule=str(rule))
        return section
