"""The sections' own lines: whom they are for, when and where, and in which languages they say something."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from newsletter.issues.document import Document, Section, SectionKind
from newsletter.rendering.targets import is_allowed, is_web, on_the_wire
from subscribers.tables import Role

from . import kinds, links
from .catalog import Check
from .findings import Finding, error, warning

_ATTRIBUTES: dict[SectionKind, tuple[str, ...]] = {
    SectionKind.EVENT: ("workshop", "starts", "ends", "timezone", "place", "url"),
    SectionKind.RESOURCE: ("url",),
    SectionKind.ANNOUNCEMENT: ("url",),
    SectionKind.GOAL: ("until", "url"),
    SectionKind.THANKS: ("to", "url"),
    SectionKind.IMAGE: ("src", "url"),
    SectionKind.BUTTON: ("url",),
    SectionKind.QUOTE: ("by",),
}
_OF_EVERY_KIND = ("bands", "roles", "languages", "rule", "must")
_NEED_URL = (SectionKind.BUTTON, SectionKind.RESOURCE)


def findings(document: Document, bands: Iterable[str]) -> Iterator[Finding]:
    """What there is to say about every section, beside what stands in its texts."""
    for section in document.sections:
        yield from _unknown_attributes(section)
        yield from _unknown_names(section, "band", section.bands, bands)
        yield from _unknown_names(section, "role", section.roles, list(Role))
        yield from _unknown_names(section, "language", section.languages, _spoken(document))
        yield from _merge_fields(section)
        yield from _url(section)
        yield from kinds.findings(section, document)
        if section.kind is not SectionKind.DIVIDER:
            yield from _languages(section, document)


def _unknown_attributes(section: Section) -> Iterator[Finding]:
    known = _ATTRIBUTES.get(section.kind, ())
    for name in section.attributes:
        if name not in known:
            close = get_close_matches(name, (*known, *_OF_EVERY_KIND), n=1)
            hint = f"Did you mean {close[0]}?" if close else f"There is: {', '.join((*known, *_OF_EVERY_KIND))}."
            yield error(
                Check.ATTRIBUTE, section.line, _place(section), f"A section of kind {section.kind} has no {name}.", hint
            )


def _unknown_names(section: Section, what: str, names: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    known = tuple(known)
    for name in names:
        if name not in known:
            sentence = f"There is no {what} {name}, so nobody would see this."
            yield error(Check.AIM, section.line, _place(section), sentence, f"There is: {', '.join(known)}.")


def _merge_fields(section: Section) -> Iterator[Finding]:
    for name, value in section.attributes.items():
        if "{{" in value or "{%" in value:
            sentence = f"A merge field in {name} would be shown as it is typed."
            yield error(
                Check.MERGE_FIELD, section.line, _place(section), sentence, "Use merge fields in texts and subjects."
            )


def _url(section: Section) -> Iterator[Finding]:
    url = section.attributes.get("url", "")
    if not url and section.kind in _NEED_URL:
        yield error(
            Check.TARGET, section.line, _place(section), f"This {section.kind} leads nowhere.", "Add url=https://..."
        )
    elif url and not is_allowed(on_the_wire(url)):
        sentence = f"A mail may not link to {url!r}."
        yield error(
            Check.TARGET, section.line, _place(section), sentence, "Link to an address that begins with https://"
        )
    elif url and not is_web(on_the_wire(url)) and section.kind is SectionKind.RESOURCE:
        yield error(
            Check.TARGET,
            section.line,
            _place(section),
            "A resource is a web page.",
            "Link to one that begins with https://",
        )
    elif url:
        yield from links.address(url, section.line, _place(section))


def _spoken(document: Document) -> tuple[str, ...]:
    """The document's languages, and the main language of each."""
    return tuple(dict.fromkeys((*document.languages, *(tag.partition("-")[0] for tag in document.languages))))


def _languages(section: Section, document: Document) -> Iterator[Finding]:
    place = _place(section)
    if not section.bodies:
        yield error(Check.TEXT, section.line, place, "The section has no text.", "Add one: ::: lang en")
        return
    for body in section.bodies:
        if body.is_blank:
            where = f"{place}, {body.language}"
            yield error(Check.TEXT, body.line - 1, where, "The text is empty.", "Write it, or take it out.")
    yield from _missing_languages(section, document)
    original = next((body for body in section.bodies if body.language == document.original), None)
    for body in section.bodies if original else ():
        if original and body.source not in (None, original.digest) and not body.is_blank:
            sentence = "The original was changed after this was translated."
            remedy = f"Compare the two, then write {{source={original.digest}}}."
            yield warning(Check.STALE, body.line - 1, f"{place}, {body.language}", sentence, remedy)


def _missing_languages(section: Section, document: Document) -> Iterator[Finding]:
    """The languages of those who see the section, the first of them being the one that the others fall back to."""
    place, told = _place(section), {body.language for body in section.bodies}
    asked = [tag for tag in document.languages if _is_for(section, tag)]
    if document.original in asked and document.original not in told:
        sentence = f"There is no text in {document.original}, the issue's first language."
        yield error(Check.TEXT, section.line, place, sentence, f"Add one: ::: lang {document.original}")
        return
    otherwise = next((tag for tag in (document.original, *document.languages) if tag in told), "")
    for language in asked:
        if language not in told:
            sentence = f"There is no text in {language}; its readers get the one in {otherwise}."
            yield warning(Check.TRANSLATION, section.line, place, sentence, f"Add one: ::: lang {language}")


def _is_for(section: Section, language: str) -> bool:
    return not section.languages or not {language, language.partition("-")[0]}.isdisjoint(section.languages)


def _place(section: Section) -> str:
    return f"section {section.key}"
