"""A translator's desk: sheets of a document, and the files that come back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from newsletter.issues import po, xliff
from newsletter.issues.document import Document
from newsletter.issues.sheets import Returned, Sheet
from newsletter.issues.translating import Unit, units

MADE_AT = datetime(2026, 12, 2, 12, tzinfo=UTC)
FORMATS = {"xlf": (xliff.write, xliff.read), "po": (po.write, po.read)}


def a_sheet(document: Document, language: str, *earlier: Document, issue_id: int = 3) -> Sheet:
    """Everything there is to translate into a language."""
    found = tuple(units(document, language, earlier))
    return Sheet(issue_id, document.month, document.original, language, MADE_AT, found)


def done(sheet: Sheet, translate: Callable[[Unit], str]) -> Sheet:
    """The sheet with every text translated and finished."""
    return replace(sheet, units=tuple(replace(u, text=translate(u), source=u.digest) for u in sheet.units))


def through_a_file(sheet: Sheet, form: str) -> Returned:
    """What is read of the file that a sheet is written to."""
    write, read = FORMATS[form]
    return read(write(sheet))
