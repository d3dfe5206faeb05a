"""Sections of raw MJML: whether this installation allows them, and what is wrong with what was typed."""

from collections.abc import Iterator, Sequence

from newsletter.rendering import mjml

from .catalog import Check
from .findings import Finding, error
from .texts import Text, without_fields

_STANDS_IN = "mj-wrapper"
"""In every theme a section's MJML stands in one."""


def findings(texts: Sequence[Text], *, allowed: bool) -> Iterator[Finding]:
    """One error for each problem, with its line and column; where it is not allowed, one for each section."""
    raw = [text for text in texts if text.is_mjml]
    if not allowed:
        for section in dict.fromkeys((text.section.key, text.section.line) for text in raw):
            yield _refused(*section)
        return
    for text in raw:
        for problem in mjml.problems(without_fields(text.body.text), _STANDS_IN):
            place = f"{text.place}, column {problem.column}"
            yield error(Check.MJML, text.body.line + problem.line - 1, place, problem.sentence, problem.remedy)


def _refused(key: str, line: int) -> Finding:
    remedy = "Ask who runs this installation to set NEWSLETTER_RAW_MJML=on, or write another kind of section."
    return error(Check.MJML, line, f"section {key}", "Raw MJML is not allowed here.", remedy)
