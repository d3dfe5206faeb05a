"""The front matter: what every mailbox shows, and what we do not know."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from babel import Locale

from newsletter.errors import NewsletterError
from newsletter.issues.document import Document, digest_of
from newsletter.rendering import theme
from newsletter.rendering.variants import MOST_SECTIONS

from . import markup
from .catalog import Check
from .findings import Finding, error, warning

_KNOWN = ("month", "subject", "preheader", "theme", "translated_from")
_LANGUAGES = Locale("en").languages


def findings(document: Document) -> Iterator[Finding]:
    """What there is to say about the fields, and about an issue without sections."""
    yield from _unknown_fields(document)
    yield from _missing_subjects(document)
    yield from _stale(document)
    yield from _unknown_languages(document)
    yield from _merge_fields(document, "subject", document.subject)
    yield from _merge_fields(document, "preheader", document.preheader)
    yield from _theme(document)
    yield from _number_of_sections(document)


def _unknown_fields(document: Document) -> Iterator[Finding]:
    for name, line in document.field_lines.items():
        if name not in _KNOWN:
            close = get_close_matches(name, _KNOWN, n=1)
            remedy = f"Did you mean {close[0]}?" if close else "It is kept, and nothing is done with it."
            yield warning(Check.FIELD, line, name, f"There is no field {name}.", remedy)


def _missing_subjects(document: Document) -> Iterator[Finding]:
    line = _line(document, "subject")
    if not any(text.strip() for text in document.subject.values()):
        yield error(
            Check.SUBJECT, line, "subject", "The subject is missing.", "Write it: subject: {en: Five small bridges}"
        )
        return
    for language in document.languages:
        if not document.subject.get(language, "").strip():
            sentence = f"There are texts in {language}, and no subject."
            yield error(
                Check.SUBJECT, line, f"subject, {language}", sentence, f"Add it: subject: {{..., {language}: ...}}"
            )


def _stale(document: Document) -> Iterator[Finding]:
    for name, texts in (("subject", document.subject), ("preheader", document.preheader)):
        wanted = digest_of(texts.get(document.original, ""))
        for language, source in document.translated_from.get(name, {}).items():
            if texts.get(language, "").strip() and source != wanted:
                sentence = "The original was changed after this was translated."
                remedy = f'Compare the two, then write in the field translated_from: {name}: {{{language}: "{wanted}"}}'
                yield warning(Check.STALE, _line(document, name), f"{name}, {language}", sentence, remedy)


def _unknown_languages(document: Document) -> Iterator[Finding]:
    lines = {body.language: body.line - 1 for section in reversed(document.sections) for body in section.bodies}
    for language in document.languages:
        if language.partition("-")[0] not in _LANGUAGES:
            line = _line(document, "subject") if language in document.subject else lines[language]
            remedy = "Look the code up: Spanish is es, Hmong is hmn."
            yield warning(
                Check.LANGUAGE,
                line,
                language,
                f"We know no language {language}; its dates would be in English.",
                remedy,
            )


def _merge_fields(document: Document, name: str, texts: Mapping[str, str]) -> Iterator[Finding]:
    for language, text in texts.items():
        yield from markup.merge_fields(text, f"{name}, {language}", _line(document, name), one_line=True)


def _theme(document: Document) -> Iterator[Finding]:
    if document.theme:
        try:
            theme.load(document.theme)
        except NewsletterError as unknown:
            yield error(
                Check.THEME, _line(document, "theme"), "theme", str(unknown), "Name one of these, or leave it out."
            )


def _number_of_sections(document: Document) -> Iterator[Finding]:
    if not document.sections:
        yield error(Check.SECTIONS, 1, "issue", "There is no section.", "Add one: :::: section story {#reading}")
    elif len(document.sections) > MOST_SECTIONS:
        line = document.sections[MOST_SECTIONS].line
        sentence = f"An issue holds {MOST_SECTIONS} sections at most."
        yield error(Check.SECTIONS, line, "issue", sentence, "Move the rest to another issue.")


def _line(document: Document, name: str) -> int:
    return document.field_lines.get(name, 1)
