"""Headings: their order, for those who go from one to the next by ear, and titles that cannot be told apart."""

from collections.abc import Iterable, Iterator

from newsletter.issues.document import Document

from .catalog import Check
from .findings import Finding, warning
from .texts import Text

_TITLE = 2
"""The level of a section's title in the letter, however it was typed; the letter's own is 1."""
_MOST_TO_KNOW = 5


def findings(document: Document, texts: Iterable[Text]) -> Iterator[Finding]:
    """What there is to say about the headings of all texts, and about how much one must know."""
    titles: dict[tuple[str, str], str] = {}
    for text in texts:
        yield from _order(text)
        yield from _same_title(text, titles)
    must_know = [section for section in document.sections if section.must_know]
    if len(must_know) > _MOST_TO_KNOW:
        section = must_know[_MOST_TO_KNOW]
        sentence = f"{len(must_know)} sections are marked as must know; when much is, nothing is."
        remedy = f"Keep {_MOST_TO_KNOW} at most."
        yield warning(Check.MUST_KNOW, section.line, f"section {section.key}", sentence, remedy)


def _order(text: Text) -> Iterator[Finding]:
    headings = text.parts.headings
    above = _TITLE - 1 if text.is_mjml else _TITLE
    for heading in headings if text.is_mjml else headings[1:]:
        if heading.level > above + 1:
            sentence = f"This heading is of level {heading.level}, below one of level {above}: a level is missing."
            yield warning(Check.HEADING, heading.line, text.place, sentence, f"Begin it with {'#' * (above + 1)}")
        above = max(heading.level, _TITLE + 1) if not text.is_mjml else heading.level


def _same_title(text: Text, titles: dict[tuple[str, str], str]) -> Iterator[Finding]:
    if not text.parts.headings:
        return
    title = text.parts.headings[0]
    first = titles.setdefault((text.language, title.words.casefold()), text.section.key)
    if first != text.section.key:
        sentence = f"The section {first} has the same title: {title.words}"
        yield warning(Check.HEADING, title.line, text.place, sentence, "Give each a title of its own.")
