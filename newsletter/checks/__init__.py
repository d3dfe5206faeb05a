"""Findings on an issue before it may be sent."""

from collections.abc import Iterable, Iterator

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document

from . import (
    audiences,
    dates,
    drift,
    ease,
    fields,
    headings,
    letters,
    links,
    markup,
    pictures,
    raw_mjml,
    sections,
    senders,
    sizes,
    stored,
    subjects,
    texts,
)
from .catalog import Check
from .contexts import CheckContext
from .findings import Finding, Level
from .passages import passages

__all__ = [
    "Check",
    "CheckContext",
    "Finding",
    "IssueHasFaults",
    "Level",
    "blocking",
    "check",
    "refuse_faults",
    "stored",
]


class IssueHasFaults(NewsletterError):
    """The issue has faults. Correct them and import it again."""


def check(document: Document, context: CheckContext) -> list[Finding]:
    """Everything worth a look, in the order of the file. It asks nobody: no network, no clock, no other program."""
    found = sizes.refusals(document) or list(_everything(document, context))
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


def _everything(document: Document, context: CheckContext) -> Iterator[Finding]:
    read = texts.read(document)
    found = [
        *fields.findings(document),
        *sections.findings(document, context.bands.names),
        *markup.findings(read),
        *raw_mjml.findings(read, allowed=context.raw_mjml),
        *links.findings(read),
        *pictures.findings(document, read, context.pictures),
    ]
    yield from found
    told = passages(document, read)
    yield from subjects.findings(document)
    yield from senders.findings(context.identity, context.pictures)
    yield from headings.findings(document, read)
    yield from dates.findings(document, told, context.day)
    yield from drift.findings(document, told)
    yield from ease.findings(document, read)
    yield from audiences.findings(document, context.bands.names)
    yield from sizes.of_links(read)
    if not blocking(found):
        yield from letters.findings(document, read, context)
