"""How much there is: what is too large to look at, and what a mailbox would cut off."""

from collections.abc import Iterator, Sequence

from newsletter.issues.document import Document
from newsletter.rendering.prepared import Rendered

from .catalog import Check
from .findings import Finding, error, warning
from .texts import Text

_MOST_BYTES, _MANY_BYTES = 100_000, 80_000
"""Gmail cuts a letter off at about 102,000 bytes of HTML, the link to leave the list with it."""
_MOST_CHARACTERS = 500_000
"""Of all texts in the file: ten times what a letter in six languages has."""
_LONGEST_LINE = 100_000
_MOST_LINKS, _MANY_LINKS = 1_000, 100


def refusals(document: Document) -> list[Finding]:
    """What is too large to be looked at any further."""
    bodies = [(section, body) for section in document.sections for body in section.bodies]
    total = sum(len(body.text) for _, body in bodies)
    found = []
    for section, body in bodies:
        for at, line in enumerate(body.text.splitlines()) if len(body.text) > _LONGEST_LINE else ():
            if len(line) > _LONGEST_LINE:
                sentence = f"This line has {len(line):,} characters; {_LONGEST_LINE:,} are the most."
                place = f"section {section.key}, {body.language}"
                found.append(error(Check.SIZE, body.line + at, place, sentence, "Break it into paragraphs."))
    if total > _MOST_CHARACTERS:
        sentence = f"The texts have {total:,} characters; {_MOST_CHARACTERS:,} are the most."
        found.append(error(Check.SIZE, 1, "issue", sentence, "Put the rest on a page, and link to it."))
    return found


def of_links(texts: Sequence[Text]) -> Iterator[Finding]:
    """Whether there are more links than anybody follows, in any one text."""
    for text in texts:
        count = len(text.parts.links)
        if count > _MANY_LINKS:
            tell = error if count > _MOST_LINKS else warning
            yield tell(
                Check.SIZE, text.body.line, text.place, f"The text has {count:,} links.", "Keep those that matter."
            )


def of_letter(letter: Rendered, language: str, texts: Sequence[Text]) -> Iterator[Finding]:
    """Whether a mailbox would cut the letter off. On the wire no line is longer than 76 characters."""
    for part, words in (("HTML", letter.html), ("text", letter.text)):
        size = len(words.encode())
        if size > _MANY_BYTES:
            tell = error if size > _MOST_BYTES else warning
            sentence = f"The {part} part has {size:,} bytes in {language}; above {_MOST_BYTES:,} Gmail cuts it off."
            yield tell(
                Check.SIZE, 1, f"letter, {language}", sentence, f"Shorten the longest sections: {_longest(texts)}."
            )


def _longest(texts: Sequence[Text]) -> str:
    sizes: dict[str, int] = {}
    for text in texts:
        sizes[text.section.key] = max(sizes.get(text.section.key, 0), len(text.body.text))
    return ", ".join(sorted(sizes, key=lambda key: -sizes[key])[:3])
