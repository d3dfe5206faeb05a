"""The texts as they are typed: merge fields, code that never ends, and tags that a reader would see."""

import re
from collections.abc import Iterable, Iterator

from newsletter.issues.document import Body
from newsletter.issues.fences import code_blocks
from newsletter.rendering import merge

from .catalog import Check
from .findings import Finding, error, warning
from .texts import Piece, Text

_MJML = re.compile(r"<\s*/?\s*mj(ml\b|-)", re.IGNORECASE)
_NO_MJML = "Write Markdown here: the theme brings the MJML."
_A_STRANGER = {name: dict.fromkeys(fields, "" if name == "reader" else "x") for name, fields in merge.FIELDS.items()}


def findings(texts: Iterable[Text]) -> Iterator[Finding]:
    """What there is to say about every text."""
    for text in texts:
        yield from merge_fields(text.body.text, text.place, text.body.line)
        if not text.is_mjml:
            yield from _code(text.body, text.place)
            for piece in text.pieces:
                yield from _tags(piece, text.place)
        if text.section.must_know and not text.parts.headings and not text.body.is_blank:
            sentence = "Without a heading it is missing from the list at the top of the mail."
            yield warning(Check.MUST_KNOW, text.body.line, text.place, sentence, "Begin the text with: ## Its title")


def merge_fields(text: str, place: str, line: int, *, one_line: bool = False) -> Iterator[Finding]:
    """What is wrong with merge fields, and which may stay empty. A text of one line is told by its own line."""
    problems = merge.problems(text)
    for problem in problems:
        at = line if one_line else line + problem.line - 1
        yield error(Check.MERGE_FIELD, at, place, problem.text, "Correct the merge field.")
    for offset, field in () if problems else _empty_for_strangers(text):
        at = line if one_line else line + text.count("\n", 0, offset)
        sentence = f"Readers who told us no name see nothing where {field} stands."
        yield warning(Check.MERGE_DEFAULT, at, place, sentence, 'Say what stands there for them: | default("friend")')


def _empty_for_strangers(text: str) -> Iterator[tuple[int, str]]:
    """The merge fields, with their places, that say nothing to readers of whom nothing is known."""
    offset = 0
    for piece in merge.split(text):
        source = piece if isinstance(piece, str) else piece.expression
        is_field = not isinstance(piece, str) and source.startswith("{{") and merge.names_reader(source)
        if is_field and not merge.evaluate(source, _A_STRANGER).strip():
            yield offset, source
        offset += len(source)


def _code(body: Body, place: str) -> Iterator[Finding]:
    for block in code_blocks([body.text]) if "```" in body.text or "~~~" in body.text else ():
        if not block.is_closed:
            sentence = "The code block that begins here is never closed, so the rest of the text is code."
            remedy = "Close it with the line it begins with."
            yield warning(Check.MARKUP, body.line + block.start, place, sentence, remedy)


def _tags(piece: Piece, place: str) -> Iterator[Finding]:
    kind, content = piece.token.type, piece.token.content
    if kind in ("html_block", "html_inline", "text") and _MJML.search(content):
        sentence = "Readers would see these MJML tags as they are typed."
        yield error(Check.MARKUP, piece.line, place, sentence, _NO_MJML)
    elif kind in ("html_block", "html_inline") and not content.startswith("</"):
        sentence = f"Readers would see {content.strip().splitlines()[0]} as it is typed."
        yield warning(Check.MARKUP, piece.line, place, sentence, "Write Markdown: HTML is not read.")
