"""What there is to translate in an issue: its subject, its preheader and every section's text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain

from subscribers.languages import parse_known_language

from .document import Body, Document, Section, SectionKind, digest_of, languages_of

_SECTION = "section."
_KEEP = "Keep links, dates and {{ ... }} as they are."
_FIELD_NOTES = {
    "subject": f"The subject of the mail: one line. {_KEEP}",
    "preheader": f"The line that mailboxes show after the subject. {_KEEP}",
}
_KIND_NOTES = {
    SectionKind.BUTTON: "The words on it are one short line.",
    SectionKind.IMAGE: "The first paragraph says what the picture shows; the rest stands below it.",
    SectionKind.MJML: "Translate only the words between tags.",
    SectionKind.QUESTION: "The items of the last list are the answers: keep their number and order.",
}
_NO_WORDS = re.compile(r"\{\{[^{}]*\}\}|\]\([^()\n]*\)|<?https?://\S+")
_WORD = re.compile(r"[\u3040-\u9fff]|[^\W\d_\u3040-\u9fff]+(?:['\u2019-][^\W\d_]+)*")
"""A word; in Chinese and Japanese, where nothing parts them, each sign."""


class State(StrEnum):
    """How far the translation of a text is."""

    MISSING = "missing"
    """There is none."""
    STALE = "stale"
    """The original was changed after it was translated."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Unit:
    """A text and its translation into one language."""

    id: str
    """`subject`, `preheader`, or `section.` and the section's key."""
    original: str
    text: str
    """The translation so far; empty where there is none."""
    source: str | None
    """The digest of the original that the translation was made of, where it names one."""
    note: str
    """What a translator should know."""
    before: str = ""
    """Of a stale one: what the original said when it was translated, where that is known."""

    @property
    def digest(self) -> str:
        """The original's, which the translation names as its source."""
        return digest_of(self.original)

    @property
    def state(self) -> State:
        """How far it is."""
        if not self.text.strip():
            return State.MISSING
        return State.DONE if self.source in (None, self.digest) else State.STALE

    @property
    def words(self) -> int:
        """How many words the original has."""
        return len(_WORD.findall(_NO_WORDS.sub(" ", self.original)))


def units(document: Document, language: str, earlier: Iterable[Document] = ()) -> list[Unit]:
    """Every text that readers of a language see, in the order of the file.

    `earlier` are older states of the document, the newest first; they are asked only where a translation is stale.
    """
    found = [unit for unit in _units(document, language) if unit.original.strip()]
    wanted = {unit.source or "" for unit in found if unit.state is State.STALE}
    said = _said(wanted, earlier) if wanted else {}
    return [replace(unit, before=said.get(unit.source or "", "")) for unit in found]


def originals(document: Document) -> Iterator[str]:
    """Every text in the document's first language."""
    spoken = document.original
    yield from (told[spoken] for _, told in _fields(document) if spoken in told)
    yield from (body.text for section in document.sections for body in section.bodies if body.language == spoken)


def spelled(document: Document, language: str) -> str:
    """A language as the document spells it, or else as it is usually spelled. Raises `LanguageInvalid`."""
    code = parse_known_language(language)
    return next((tag for tag in document.languages if tag.lower() == code.lower()), code)


def is_seen_in(section: Section, language: str) -> bool:
    """Whether readers who get the issue in a language can see a section."""
    return not section.languages or not {language, language.partition("-")[0]}.isdisjoint(section.languages)


@dataclass(frozen=True, slots=True)
class Translation:
    """A text as it was translated, and the digest of its original."""

    text: str
    source: str


def translated(document: Document, language: str, texts: Mapping[str, Translation]) -> Document:
    """The document with these translations, by the id of their unit."""
    fields = {name: dict(told) for name, told in _fields(document)}
    sources = {name: dict(told) for name, told in document.translated_from.items()}
    for name in [name for name in fields if name in texts]:
        fields[name][language] = texts[name].text
        sources.setdefault(name, {})[language] = texts[name].source
    sections = tuple(_with(section, language, texts.get(_SECTION + section.key)) for section in document.sections)
    return replace(
        document,
        subject=fields["subject"],
        preheader=fields["preheader"],
        translated_from=sources,
        sections=sections,
        languages=languages_of(fields["subject"], sections),
    )


def _fields(document: Document) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield from (("subject", document.subject), ("preheader", document.preheader))


def _said(digests: Iterable[str], earlier: Iterable[Document]) -> dict[str, str]:
    """The originals of these digests; no more documents are read than it takes."""
    wanted, said = set(digests), dict[str, str]()
    for old in earlier:
        said |= {digest: text for text in originals(old) if (digest := digest_of(text)) in wanted}
        if said.keys() == wanted:
            break
    return said


def _units(document: Document, language: str) -> Iterator[Unit]:
    for name, told in _fields(document):
        source = document.translated_from.get(name, {}).get(language)
        yield Unit(name, told.get(document.original, ""), told.get(language, ""), source, _FIELD_NOTES[name])
    for section in document.sections:
        bodies = {body.language: body for body in section.bodies}
        original, body = bodies.get(document.original), bodies.get(language)
        if original is not None and is_seen_in(section, language):
            text, source = (body.text, body.source) if body is not None else ("", None)
            yield Unit(_SECTION + section.key, original.text, text, source, _note(section))


def _note(section: Section) -> str:
    seen_by = " ".join(chain(section.bands, section.roles)) or "everybody"
    about = _KIND_NOTES.get(section.kind)
    return " ".join((f"A section of kind {section.kind}, for {seen_by}.", *([about] if about else []), _KEEP))


def _with(section: Section, language: str, translation: Translation | None) -> Section:
    if translation is None:
        return section
    body = Body(language, translation.text, source=translation.source)
    bodies = {told.language: told for told in section.bodies} | {language: body}
    return replace(section, bodies=tuple(bodies.values()))
