"""From the text of an issue's file to its document.

Sections and texts stand between fences, lines of three colons or more; each is closed by a line of exactly as many
as opened it. Nothing is mended silently: a fence that is missing, stray or hidden in a code block is a problem.
"""

import re
from collections.abc import Sequence

from . import front_matter
from .document import Document, languages_of
from .problems import DocumentInvalid, DocumentTooLong, Problem
from .sections import SectionReader

__all__ = ["DocumentInvalid", "DocumentTooLong", "Problem", "parse"]

_BYTE_ORDER_MARK = "\ufeff"
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MARK = "---"
_LONGEST = 1_000_000
"""In characters; a long issue in six languages has a tenth of it."""


def parse(text: str) -> Document:
    """Read an issue's file. Raises `DocumentTooLong`, and `DocumentInvalid` with every problem and its line."""
    if len(text) > _LONGEST:
        raise DocumentTooLong
    problems: list[Problem] = []
    # Only a line feed ends a line here: `splitlines` knows ten more, which may stand in a text.
    lines = _LINE.findall(text.removeprefix(_BYTE_ORDER_MARK))
    problems += [Problem(no, "Take out the NUL character.") for no, line in enumerate(lines, 1) if "\0" in line]
    first = _first_after_front_matter(lines, problems)
    front_text = "".join(lines[1 : first - 1])
    front = front_matter.read(front_text, problems)
    sections = SectionReader(lines, first, problems).read()
    if problems:
        raise DocumentInvalid(problems)
    return Document(
        month=front.month,
        subject=front.subject,
        preheader=front.preheader,
        theme=front.theme,
        languages=languages_of(front.subject, sections),
        sections=sections,
        translated_from=front.translated_from,
        front_matter=front_text,
        field_lines=front.lines,
    )


def _first_after_front_matter(lines: Sequence[str], problems: list[Problem]) -> int:
    """The index of the first line below the front matter's two marks. Raises at once where they are missing."""
    marks = [at for at, line in enumerate(lines) if line.rstrip() == _MARK]
    if not marks or marks[0] != 0:
        problems.append(Problem(1, "An issue begins with a line --- and then its month and subject."))
        raise DocumentInvalid(problems)
    if len(marks) == 1:
        problems.append(Problem(1, "The front matter is not closed. Add a line --- after its last field."))
        raise DocumentInvalid(problems)
    return marks[1] + 1
