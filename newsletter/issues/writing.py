"""From a document to the text of its file, in one canonical form: what was read in it comes out as it was."""

from collections.abc import Iterator

from . import attributes, front_matter
from .attributes import Attributes
from .document import Body, Document, Section
from .fences import RUN, SECTION, TEXT
from .front_matter import FrontMatter

_SHORTEST_TEXT_FENCE = 3
_SHORTEST_SECTION_FENCE = 4


def write(document: Document) -> str:
    """The file of a document; `parse` reads the same document from it."""
    front = FrontMatter(document.month, document.subject, document.preheader, document.theme, document.translated_from)
    head = front_matter.write(front, document.front_matter)
    sections = "\n".join(_section(section) for section in document.sections)
    return f"---\n{head}---\n{sections}"


def _section(section: Section) -> str:
    fence = ":" * max([_SHORTEST_SECTION_FENCE, *(_colons(body) + 1 for body in section.bodies)])
    opening = attributes.write(Attributes(section.key, dict(pairs(section))))
    texts = "".join(_text(body) for body in section.bodies)
    return f"{fence} {SECTION} {section.kind} {{{opening}}}\n{texts}{fence}\n"


def pairs(section: Section) -> Iterator[tuple[str, str]]:
    """What stands in a section's own line, but its kind and key, by name and in order."""
    if section.bands:
        yield "bands", " ".join(section.bands)
    if section.roles:
        yield "roles", " ".join(section.roles)
    if section.languages:
        yield "languages", " ".join(section.languages)
    if section.rule:
        yield "rule", section.rule
    if section.must_know:
        yield "must", "know"
    yield from section.attributes.items()


def _text(body: Body) -> str:
    fence = ":" * _colons(body)
    source = attributes.write(Attributes("", {"source": body.source})) if body.source is not None else ""
    return f"{fence} {TEXT} {body.language}{f' {{{source}}}' if source else ''}\n{body.text}{fence}\n"


def _colons(body: Body) -> int:
    """Longer than any run of colons inside, so that no line of the text can be taken for its end."""
    return max([_SHORTEST_TEXT_FENCE, *(len(run) + 1 for run in RUN.findall(body.text))])
