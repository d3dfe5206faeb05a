"""What there is to translate, and how far it is."""

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import example, given

from newsletter.issues.document import Document
from newsletter.issues.parsing import parse
from newsletter.issues.sheets import inner, refit
from newsletter.issues.translating import State, Translation, Unit, translated, units
from newsletter.issues.writing import write
from tests.support.issue_files import a_file, a_section, texts

SECTIONS = (a_section(en="Two lines.", es="Dos."), a_section("tip {#bag bands=elementary roles=family}", en="A note"))
DOCUMENT = parse(a_file(*SECTIONS))


def unit_of(document: Document, id_: str, language: str = "es", *earlier: Document) -> Unit:
    return {unit.id: unit for unit in units(document, language, earlier)}[id_]


def with_spanish(source: str) -> Document:
    return translated(DOCUMENT, "es", {"section.reading": Translation("Dos.", source)})


def test_subject_preheader_and_every_text_are_units() -> None:
    head = "---\nmonth: 2026-12\nsubject: {en: Five}\npreheader: {en: One}\n---\n"
    found = units(parse(a_file(*SECTIONS, head=head)), "fr")
    assert [unit.id for unit in found] == ["subject", "preheader", "section.reading", "section.bag"]
    assert {unit.state for unit in found} == {State.MISSING}


def test_what_says_nothing_is_no_unit() -> None:
    empty = a_section(en="", es="Uno")
    spanish = a_section("story {#only}", es="Solo")
    divider = ":::: section divider {#line}\n::::\n"
    assert [unit.id for unit in units(parse(a_file(empty, spanish, divider)), "es")] == ["subject"]


def test_a_section_for_readers_of_other_languages_is_no_unit() -> None:
    document = parse(a_file(a_section('story {#reading languages="es en"}', en="One")))
    assert [unit.id for unit in units(document, "fr")] == ["subject"]
    assert [unit.id for unit in units(document, "es-MX")] == ["subject", "section.reading"]


def test_a_translation_is_stale_when_its_original_changed() -> None:
    digest = unit_of(DOCUMENT, "section.reading").digest
    assert unit_of(with_spanish(digest), "section.reading").state is State.DONE
    assert unit_of(with_spanish("000000"), "section.reading").state is State.STALE
    assert unit_of(DOCUMENT, "section.reading").state is State.DONE  # it names no source, so nothing says otherwise
    assert unit_of(DOCUMENT, "section.bag").state is State.MISSING


def test_a_stale_subject_is_known_by_what_it_was_translated_from() -> None:
    fields = {"subject": Translation("Cinco", unit_of(DOCUMENT, "subject").digest)}
    fresh = parse(write(translated(DOCUMENT, "es", fields)))
    assert unit_of(fresh, "subject").state is State.DONE
    changed = replace(fresh, subject={**fresh.subject, "en": "Six small bridges"})
    assert unit_of(changed, "subject", "es", fresh) == replace(unit_of(changed, "subject"), before="Five small bridges")
    assert unit_of(changed, "subject").state is State.STALE


def test_a_stale_text_says_what_its_original_said() -> None:
    old = with_spanish(unit_of(DOCUMENT, "section.reading").digest)
    new = parse(write(old).replace("Two lines.", "Three lines."))
    assert unit_of(new, "section.reading").before == ""
    assert unit_of(new, "section.reading", "es", new, old).before == "Two lines.\n"


def test_older_revisions_are_read_only_as_far_as_needed() -> None:
    old = with_spanish(unit_of(DOCUMENT, "section.reading").digest)
    new = parse(write(old).replace("Two lines.", "Three lines."))
    read = []

    def earlier() -> Iterator[Document]:
        for name in ("before", "long before"):
            read.append(name)
            yield old

    units(old, "es", earlier())
    assert read == []
    units(new, "es", earlier())
    assert read == ["before"]


def test_a_note_says_what_a_text_is_and_who_sees_it() -> None:
    keep = "Keep links, dates and {{ ... }} as they are."
    assert unit_of(DOCUMENT, "section.bag").note == f"A section of kind tip, for elementary family. {keep}"
    button = parse(a_file(a_section('button {#go url="https://x.example"}', en="## Go")))
    told = "A section of kind button, for everybody. The words on it are one short line."
    assert unit_of(button, "section.go").note == f"{told} {keep}"


def test_words_are_counted_without_links_and_merge_fields() -> None:
    text = '## Hello {{ reader.name | default("friend") }},\nread [our guide](https://a.example/b-c), don\u2019t wait.'
    assert Unit("x", text, "", None, "").words == 6
    assert Unit("x", "你好 world", "", None, "").words == 3


def test_translating_leaves_the_rest_of_the_document_as_it_is() -> None:
    given_ = {"section.bag": Translation("Una nota", "abc123"), "section.gone": Translation("x", "y")}
    document = translated(DOCUMENT, "es", given_)
    assert document.sections[0] == DOCUMENT.sections[0]
    assert [(body.language, body.text, body.source) for body in document.sections[1].bodies] == [
        ("en", "A note\n", None),
        ("es", "Una nota\n", "abc123"),
    ]
    assert translated(DOCUMENT, "fr", {"subject": Translation("Cinq", "abc123")}).languages == ("en", "es", "fr")


@given(texts.filter(str.strip))
@example("```\r\n```\r")
@example("a\r\n\nb")
def test_a_text_keeps_what_is_around_it(text: str) -> None:
    assert refit(inner(text), text) == text
    assert inner(inner(text)) == inner(text)


def test_a_translation_gets_the_ends_of_lines_of_its_original() -> None:
    assert inner("\r\nOne\r\nTwo\r\n") == "One\nTwo"
    assert refit("Uno\nDos\n\n", "\r\nOne\r\nTwo\r\n") == "\r\nUno\r\nDos\r\n"
    assert refit("Uno\r\nDos", "One\nTwo\n") == "Uno\nDos\n"
    assert inner("    code\n") == "    code"
