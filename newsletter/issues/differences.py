"""What changed between two documents: its fields, and section by section what it says and whom it is for.

    found = differences(before, after)
    found.fields      # month, theme, subject and preheader by language
    found.sections    # those added, removed, changed or moved, in the order of `after`, the removed ones last
    found.words       # in a few words: "added tip; changed welcome (en, es); removed resource"

Pure, and fast enough to be asked for while a page is made.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from .document import Document, Section
from .word_differences import Change, Piece, pieces
from .writing import pairs

__all__ = ["Change", "Differences", "Fate", "FieldDifference", "Piece", "SectionDifference", "TextDifference"]


class Fate(StrEnum):
    """What became of a section."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"
    """It says the same at another place."""


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A value that is not prose: a date, a link, the bands."""

    name: str
    before: str
    """Empty where there was none."""
    after: str
    """Empty where there is none any more."""


@dataclass(frozen=True, slots=True)
class TextDifference:
    """A text in one language."""

    name: str
    """`text`, `subject` or `preheader`."""
    language: str
    pieces: tuple[Piece, ...]

    @property
    def is_spacing(self) -> bool:
        """Whether only blanks and the ends of lines changed."""
        return all(piece.change is Change.KEPT for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class SectionDifference:
    """A section by its key."""

    key: str
    fate: Fate
    has_moved: bool
    """Whether it stands elsewhere among those that both have; a changed one may."""
    fields: tuple[FieldDifference, ...]
    """Its kind, whom it is for, its attributes, the sources of translations; none for one that was added or removed."""
    texts: tuple[TextDifference, ...]
    """By language: all of them where it was added or removed."""


@dataclass(frozen=True, slots=True)
class Differences:
    """All that changed; nothing where two documents say the same."""

    fields: tuple[FieldDifference, ...]
    texts: tuple[TextDifference, ...]
    """Subject and preheader, by language."""
    sections: tuple[SectionDifference, ...]

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.fields or self.texts or self.sections)

    @property
    def words(self) -> str:
        """In a few words, for a line of a table."""
        told = [*(field.name for field in self.fields), *(f"{text.name} ({text.language})" for text in self.texts)]
        by_fate = {fate: [_named(one) for one in self.sections if one.fate is fate] for fate in Fate}
        by_fate[Fate.CHANGED] = [*told, *by_fate[Fate.CHANGED]]
        return "; ".join(f"{fate} {', '.join(names)}" for fate, names in by_fate.items() if names)


def differences(before: Document, after: Document) -> Differences:
    """What changed from one document to the other. A section is known by its key."""
    old = {section.key: section for section in before.sections}
    new = {section.key: section for section in after.sections}
    moved = _moved([key for key in old if key in new], [key for key in new if key in old])
    found = [_compared(key, old.get(key), section, has_moved=key in moved) for key, section in new.items()]
    found += [_compared(key, section, None, has_moved=False) for key, section in old.items() if key not in new]
    return Differences(
        fields=_fields({"month": before.month, "theme": before.theme}, {"month": after.month, "theme": after.theme}),
        texts=(
            *_texts("subject", before.subject, after.subject),
            *_texts("preheader", before.preheader, after.preheader),
        ),
        sections=tuple(one for one in found if one is not None),
    )


def _compared(key: str, before: Section | None, after: Section | None, *, has_moved: bool) -> SectionDifference | None:
    texts = _texts("text", _bodies(before), _bodies(after))
    if before is None or after is None:
        return SectionDifference(key, Fate.ADDED if before is None else Fate.REMOVED, False, (), texts)
    fields = _fields(_facts(before), _facts(after))
    if fields or texts:
        return SectionDifference(key, Fate.CHANGED, has_moved, fields, texts)
    return SectionDifference(key, Fate.MOVED, True, (), ()) if has_moved else None


def _moved(before: list[str], after: list[str]) -> set[str]:
    """The fewest keys whose moving makes one order of the other, or nearly so."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    stayed = {key for block in blocks for key in before[block.a : block.a + block.size]}
    return set(after) - stayed


def _facts(section: Section) -> dict[str, str]:
    return {
        "kind": section.kind.value,
        **dict(pairs(section)),
        **{f"source ({body.language})": body.source or "" for body in section.bodies},
    }


def _bodies(section: Section | None) -> dict[str, str]:
    return {body.language: body.text for body in section.bodies} if section is not None else {}


def _fields(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FieldDifference, ...]:
    both = ((name, before.get(name, ""), after.get(name, "")) for name in dict.fromkeys((*before, *after)))
    return tuple(FieldDifference(name, was, now) for name, was, now in both if was != now)


def _texts(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[TextDifference, ...]:
    return tuple(_each_text(name, before, after, dict.fromkeys((*after, *before))))


def _each_text(
    name: str, before: Mapping[str, str], after: Mapping[str, str], languages: Iterable[str]
) -> Iterator[TextDifference]:
    for language in languages:
        was, now = before.get(language, ""), after.get(language, "")
        if was != now:
            yield TextDifference(name, language, pieces(was, now))


def _named(one: SectionDifference) -> str:
    """`welcome (en, es)`, or `event (starts)`."""
    if one.fate is not Fate.CHANGED:
        return one.key
    what = dict.fromkeys((*(text.language for text in one.texts), *(field.name for field in one.fields)))
    return f"{one.key} ({', '.join(what)})"
