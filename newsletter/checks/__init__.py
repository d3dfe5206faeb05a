"""Findings on an issue before it may be sent."""

from collections.abc import Iterable

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document

from . import fields, letters, sections, stored, texts
from .contexts import CheckContext
from .findings import Finding, Level

__all__ = ["CheckContext", "Finding", "IssueHasFaults", "Level", "blocking", "check", "refuse_faults", "stored"]


class IssueHasFaults(NewsletterError):
    """The issue has faults. Correct them and import it again."""


def check(document: Document, context: CheckContext) -> list[Finding]:
    """Everything worth a look, in the order of the file."""
    found = [*fields.findings(document), *sections.findings(document, context.bands.names), *texts.findings(document)]
    if not blocking(found):
        found += letters.findings(document, context.identity)
    return sorted(dict.fromkeys(found), key=lambda finding: finding.line)


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep an issue from being sent."""
    return [finding for finding in findings if finding.level is Level.ERROR]


def refuse_faults(document: Document, context: CheckContext) -> None:
    """Raise `IssueHasFaults` with every error of an issue that may not be sent."""
    errors = blocking(check(document, context))
    if errors:
        lines = (f"  line {error.line}, {error.place}: {error.sentence} {error.remedy}" for error in errors)
        raise IssueHasFaults("\n".join((IssueHasFaults.__doc__ or "", *lines)))
