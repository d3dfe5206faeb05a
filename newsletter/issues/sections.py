"""Reads the sections of an issue's file, line by line, and collects every problem on the way."""

import re
from collections.abc import Iterable, Sequence

from . import attributes
from .attributes import Attributes, AttributesInvalid
from .document import Body, Section, SectionKind
from .fences import SECTION, TEXT, CodeBlock, Fence, code_blocks, fence_of
from .front_matter import LANGUAGE
from .problems import Problem

_OPENING = re.compile(r"\w+(?:\s+(?P<name>[^\s{]+))?\s*(?P<attributes>\{.*\})?", re.DOTALL)
_NOTHING = Attributes("", {})
"""Stands for what could not be read, and was told of already."""


class SectionReader:
    """Goes through the lines once. `problems` grows; what cannot be read gets a stand-in."""

    def __init__(self, lines: Sequence[str], at: int, problems: list[Problem]) -> None:
        self._lines = lines
        self._at = at
        """The index of the next line; the number that people count is one more."""
        self._problems = problems

    def read(self) -> tuple[Section, ...]:
        """Read to the end of the file."""
        found = []
        while self._at < len(self._lines):
            fence = fence_of(self._lines[self._at])
            if fence is not None and fence.opens == SECTION:
                found.append(self._section(fence))
            else:
                self._pass_stray(fence, "outside every section. A section opens with: :::: section story {#key}")
        self._refuse_twice("key", ((section.line, section.key) for section in found))
        return tuple(found)

    def _section(self, opening: Fence) -> Section:
        line = self._at + 1
        kind, told = self._section_opening(opening)
        self._at += 1
        bodies = self._bodies(opening, line)
        if kind is SectionKind.DIVIDER and bodies:
            self._problem(bodies[0].line - 1, "A divider has no text; take it out.")
        self._refuse_twice("language", ((body.line - 1, body.language) for body in bodies))
        values = dict(told.values)
        return Section(
            kind=kind,
            key=told.key,
            bands=_words(values.pop("bands", "")),
            roles=_words(values.pop("roles", "")),
            languages=_words(values.pop("languages", "")),
            rule=" ".join(values.pop("rule", "").split()),
            must_know=self._must_know(line, values.pop("must", "")),
            attributes=values,
            bodies=tuple(bodies),
            line=line,
        )

    def _section_opening(self, opening: Fence) -> tuple[SectionKind, Attributes]:
        line = self._at + 1
        name, told = self._opening(opening, "A section opens like this: :::: section story {#reading}")
        if not told.key and told is not _NOTHING:
            self._problem(line, "Give the section a key of its own, such as {#reading}.")
        if name in list(SectionKind):
            return SectionKind(name), told
        if name or told is not _NOTHING:
            self._problem(line, f"There is no kind of section {name!r}. There is: {', '.join(SectionKind)}.")
        return SectionKind.STORY, told

    def _must_know(self, line: int, value: str) -> bool:
        if value not in ("", "know"):
            self._problem(line, f"must={value} means nothing here; write must=know or leave it out.")
        return value == "know"

    def _bodies(self, opening: Fence, line: int) -> list[Body]:
        """Read to the section's closing fence and pass it."""
        bodies: list[Body] = []
        closing = ":" * opening.colons
        while self._at < len(self._lines):
            fence = fence_of(self._lines[self._at])
            if fence is not None and fence.closes(opening.colons):
                self._at += 1
                return bodies
            if fence is not None and fence.opens == SECTION:
                break
            if fence is not None and fence.opens == TEXT:
                bodies.append(self._body(fence, opening))
            else:
                told = f"inside the section of line {line}, which closes with {closing}. A text opens with: ::: lang en"
                self._pass_stray(fence, told)
        self._problem(line, f"This section is not closed. Add a line {closing} after its last text.")
        return bodies

    def _body(self, opening: Fence, section: Fence) -> Body:
        line = self._at + 1
        language, told = self._opening(opening, "A text opens like this: ::: lang en")
        if not LANGUAGE.fullmatch(language) and (language or told is not _NOTHING):
            self._problem(line, f"{language!r} is not a language; use a code such as en or pt-BR.")
        if told.key or told.values.keys() - {"source"}:
            self._problem(line, "A text has only a language and a source; the rest belongs to the section's own line.")
        if opening.colons >= section.colons:
            self._problem(line, "A text opens with fewer colons than its section. Give the section more.")
        self._at += 1
        end = self._end_of_text(opening, section, line)
        return Body(language, "".join(self._lines[line:end]), line + 1, told.values.get("source"))

    def _end_of_text(self, opening: Fence, section: Fence, line: int) -> int:
        """The index of the line that ends a text; its closing fence, if that is what it is, is passed."""
        start, limit = self._at, self._limit(opening, section)
        blocks = code_blocks(self._lines[start:limit])
        fences = {at: fence for at in range(start, limit) if (fence := fence_of(self._lines[at])) is not None}
        closing = [at for at, fence in fences.items() if fence.closes(opening.colons)]
        if len(closing) > 1:  # then code may hold some; one alone is the end, whatever Markdown makes of it
            closing = [at for at in closing if not _is_code(at - start, blocks)]
            self._refuse_in_open_code(closing, start, blocks)
        end = closing[0] if closing else limit
        for at, fence in fences.items():
            if at < end and fence.colons >= opening.colons and not _is_code(at - start, blocks):
                self._problem(at + 1, f"This fence means nothing in the text of line {line}. Open the text with more.")
        if not closing:
            self._problem(line, f"This text is not closed. Add a line {':' * opening.colons} after it.")
        self._at = end + 1 if closing else limit
        return end

    def _limit(self, opening: Fence, section: Fence) -> int:
        """The index of the next line that cannot belong to a text: the next one's, or the end of its section."""
        for at in range(self._at, len(self._lines)):
            fence = fence_of(self._lines[at])
            if fence is not None and fence.colons >= opening.colons:
                ends_section = section.colons > opening.colons and fence.closes(section.colons)
                if fence.opens or ends_section:
                    return at
        return len(self._lines)

    def _refuse_in_open_code(self, closing: Sequence[int], start: int, blocks: Iterable[CodeBlock]) -> None:
        """Refuse to guess which of several fences ends a text, where its code block is never closed."""
        for block in blocks:
            if len(closing) > 1 and block.holds(closing[0] - start):
                told = (
                    f"This fence stands in the code block of line {start + block.start + 1}. Close the block above it."
                )
                self._problem(closing[0] + 1, told)

    def _opening(self, fence: Fence, example: str) -> tuple[str, Attributes]:
        """The word after `section` or `lang`, and what stands in braces."""
        match = _OPENING.fullmatch(fence.words)
        if match is None:
            self._problem(self._at + 1, f"This line cannot be read. {example}")
            return "", _NOTHING
        try:
            return match["name"] or "", attributes.read(match["attributes"] or "")
        except AttributesInvalid as error:
            self._problem(self._at + 1, str(error))
            return match["name"] or "", _NOTHING

    def _pass_stray(self, fence: Fence | None, place: str) -> None:
        """Pass a fence that closes nothing, or all the text up to the next fence; empty lines may stand anywhere."""
        line = self._at + 1
        self._at += 1
        if fence is not None:
            self._problem(line, f"This fence stands {place}")
            return
        while self._at < len(self._lines) and fence_of(self._lines[self._at]) is None:
            self._at += 1
        first = next((no for no in range(line, self._at + 1) if self._lines[no - 1].strip()), None)
        if first is not None:
            self._problem(first, f"This text stands {place}")

    def _refuse_twice(self, what: str, told: Iterable[tuple[int, str]]) -> None:
        first: dict[str, int] = {}
        for line, name in told:
            if name and first.setdefault(name, line) != line:
                self._problem(line, f"The {what} {name} stands on line {first[name]} already.")

    def _problem(self, line: int, text: str) -> None:
        self._problems.append(Problem(line, text))


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split()))


def _is_code(index: int, blocks: Iterable[CodeBlock]) -> bool:
    return any(block.is_closed and block.holds(index) for block in blocks)
