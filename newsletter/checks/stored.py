"""What a document refers to in the store: a workshop, a rule's lists and segments."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from newsletter.issues.binding import WORKSHOP, Binder
from newsletter.issues.document import Document
from subscribers.segments.rules import RuleInvalid

from .catalog import Check
from .findings import Finding, error, warning


def findings(session: Session, document: Document, binder: Binder) -> Iterator[Finding]:
    """Every section that names what is not there."""
    for fault in binder.faults(session, document):
        what = "rule" if isinstance(fault.reason, RuleInvalid) or WORKSHOP not in fault.section.attributes else WORKSHOP
        remedy = f"Correct {what}=... in the section's first line."
        check = Check.WORKSHOP if what == WORKSHOP else Check.RULE
        yield error(check, fault.section.line, f"section {fault.section.key}", str(fault.reason), remedy)
    for section in document.sections:
        told = [name for name in section.attributes if name != WORKSHOP]
        if WORKSHOP in section.attributes and told:
            sentence = f"The workshop's own facts are shown, not {', '.join(told)} of this line."
            remedy = "Take them out, or change the workshop: newsletter workshops edit"
            yield warning(Check.WORKSHOP, section.line, f"section {section.key}", sentence, remedy)
