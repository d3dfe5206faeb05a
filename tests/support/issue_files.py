"""Issues as files, and documents as hypothesis draws them."""

from hypothesis import strategies as st

from newsletter.issues.document import Body, Document, Section, SectionKind, languages_of

HEAD = """\
---
month: 2026-12
subject: {en: Five small bridges, es: Cinco puentes pequeños}
---
"""
"""A front matter of four lines: what follows it begins on line 5."""


def a_file(*sections: str, head: str = HEAD) -> str:
    """A file of these sections."""
    return head + "\n".join(sections)


def a_section(opening: str = "story {#reading}", **texts: str) -> str:
    """A section with these texts by language."""
    bodies = "".join(f"::: lang {language}\n{text}\n:::\n" for language, text in texts.items())
    return f":::: section {opening}\n{bodies}::::\n"


_letters = st.characters(codec="utf-8", exclude_characters="\0")
_line_pieces = st.sampled_from(
    ["```", "~~~", ":::", "::::", "::: lang en", ":::: section story {#x}", "---", "\r", "\n", "\n", "- ", "> ", " "]
)
texts = st.lists(_line_pieces | st.text(_letters, max_size=8), max_size=12).map("".join)
"""Markdown full of what an issue's file is made of itself."""
_subjects = st.text(_letters, max_size=12)
_words = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=12)
_keys = st.from_regex(r"[A-Za-z0-9_.:-]{1,8}", fullmatch=True)
_names = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
_languages = st.sampled_from(["en", "es", "pt-BR", "ar", "hmn"])
_attributes = st.dictionaries(st.sampled_from(["url", "by", "place", "starts", "own-word"]), _words, max_size=3)


@st.composite
def sections(draw: st.DrawFn, key: str) -> Section:
    """Any section of this key."""
    kind = draw(st.sampled_from(SectionKind))
    spoken = [] if kind is SectionKind.DIVIDER else draw(st.lists(_languages, unique=True, max_size=3))
    sources = st.none() | st.from_regex(r"[0-9a-f]{6}", fullmatch=True)
    return Section(
        kind=kind,
        key=key,
        bands=tuple(draw(st.lists(_names, unique=True, max_size=2))),
        roles=tuple(draw(st.lists(_names, unique=True, max_size=2))),
        languages=tuple(draw(st.lists(_languages, unique=True, max_size=2))),
        rule=" ".join(draw(_words).split()),
        must_know=draw(st.booleans()),
        attributes=draw(_attributes),
        bodies=tuple(Body(language, draw(texts), source=draw(sources)) for language in spoken),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any document that a file can hold."""
    keys = draw(st.lists(_keys, unique=True, max_size=4))
    made = tuple(draw(sections(key)) for key in keys)
    subject = draw(st.dictionaries(_languages, _subjects, max_size=3))
    digests = st.dictionaries(_languages, st.from_regex(r"[0-9a-f]{6}", fullmatch=True), min_size=1, max_size=2)
    return Document(
        month=draw(st.from_regex(r"20\d\d-(0[1-9]|1[0-2])", fullmatch=True)),
        subject=subject,
        preheader=draw(st.dictionaries(_languages, _subjects, max_size=3)),
        theme=draw(st.sampled_from(["", "monthly", "own: theme", "3"])),
        languages=languages_of(subject, made),
        sections=made,
        translated_from=draw(st.dictionaries(st.sampled_from(["subject", "preheader"]), digests, max_size=2)),
    )
