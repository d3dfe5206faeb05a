"""XLIFF and PO: what is written comes back, and what cannot be read is said."""

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from newsletter.issues import po, taking, xliff
from newsletter.issues.document import Document
from newsletter.issues.parsing import parse
from newsletter.issues.sheets import Returned, ReturnedText, TranslationFileInvalid
from newsletter.issues.translating import State, units
from newsletter.issues.writing import write
from tests.support.issue_files import a_file, a_section, documents
from tests.support.translator import FORMATS, a_sheet, done, through_a_file

DOCUMENT = parse(a_file(a_section(en="One & <two>\n\n- 100 % d {x}", es="Uno")))
forms = pytest.mark.parametrize("form", FORMATS)


@forms
@given(document=documents())
def test_every_document_comes_back_from_a_file_as_it_went(form: str, document: Document) -> None:
    assume(document.original)
    sheet = done(a_sheet(document, "fr"), lambda unit: unit.original)
    taken = taking.take(through_a_file(sheet, form), 3, document, [])
    assert not taken.left
    assert parse(write(taken.document)) == taken.document
    assert [(unit.text, unit.state) for unit in units(taken.document, "fr")] == [
        (unit.original, State.DONE) for unit in sheet.units
    ]
    again = taking.take(through_a_file(a_sheet(taken.document, "fr"), form), 3, taken.document, [])
    assert (again.document, again.done, again.left) == (taken.document, (), ())


@forms
def test_a_file_names_its_issue_and_language(form: str) -> None:
    returned = through_a_file(a_sheet(DOCUMENT, "pt-BR", issue_id=12), form)
    assert (returned.made_for, returned.language) == ((12, "pt-BR"), "pt-BR")


@forms
def test_what_is_stale_is_unfinished_and_shows_the_original_of_before(form: str) -> None:
    old = done(a_sheet(DOCUMENT, "fr"), lambda unit: f"{unit.original}!").units[1]
    stale = replace(old, original="New words", source=old.digest, before='Old "words"\n\nof \\ before')
    sheet = replace(a_sheet(DOCUMENT, "fr"), units=(stale,))
    content = FORMATS[form][0](sheet).decode()
    assert [text.is_finished for text in FORMATS[form][1](content.encode()).texts] == [False]
    said = 'it said:\nOld "words"\n\nof \\ before' if form == "xlf" else _PREVIOUS
    assert said in content


_PREVIOUS = '#, fuzzy\n#| msgid ""\n#| "Old \\"words\\"\\n"\n#| "\\n"\n#| "of \\\\ before"\nmsgctxt'


def test_po_takes_no_text_for_a_format() -> None:
    assert b"python" not in po.write(a_sheet(DOCUMENT, "es"))


def test_xliff_names_the_characters_that_xml_cannot_hold() -> None:
    text = "a\x0bb\x00c\r\ufffed"
    sheet = done(a_sheet(parse(a_file(a_section(en="One"))), "fr"), lambda _: text)
    content = xliff.write(sheet)
    assert b'a<x id="1" ctype="x-cp-000b" />b' in content
    assert {returned.text for returned in xliff.read(content).texts} == {text}


XLIFF_2 = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="{version}" srcLang="en" trgLang="fr">
  <file id="f1" original="newsletter-issue-3-fr">
    <unit id="section.reading">
      <notes><note>Keep it short.</note></notes>
      <segment{state}><source>One <pc id="1">two</pc>.</source><target>Un <pc id="1">deux</pc>.</target></segment>
      <ignorable><source> </source><target> </target></ignorable>
      <segment><source>Three<cp hex="b"/></source><target xml:lang="fr">Trois<cp hex="b"/></target></segment>
    </unit>
    <group id="g"><unit id="subject"><segment><source>Five</source></segment></unit></group>
  </file>
</xliff>"""


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_xliff_2_is_read_and_its_segments_are_joined(version: str) -> None:
    assert xliff.read(XLIFF_2.format(version=version, state="").encode()) == Returned(
        name="newsletter-issue-3-fr",
        language="fr",
        original="en",
        texts=(
            ReturnedText("section.reading", "One two. Three\x0b", "Un deux. Trois\x0b", "fr"),
            ReturnedText("subject", "Five", "", is_finished=False),
        ),
    )


def test_xliff_2_is_unfinished_where_a_segment_is() -> None:
    returned = xliff.read(XLIFF_2.format(version="2.0", state=' state="initial"').encode())
    assert not returned.texts[0].is_finished


@pytest.mark.parametrize("code", ["110000", "zz"])
def test_a_character_that_there_is_not_is_none(code: str) -> None:
    content = XLIFF_2.format(version="2.0", state="").replace('hex="b"', f'hex="{code}"')
    assert xliff.read(content.encode()).texts[0].text == "Un deux. Trois"


@pytest.mark.parametrize("language", ["hmn", "zh-Hans", "ar", "vi"])
@forms
def test_a_file_may_be_for_any_language(form: str, language: str) -> None:
    returned = through_a_file(done(a_sheet(DOCUMENT, language), lambda unit: unit.original), form)
    assert taking.take(returned, 3, DOCUMENT, []).done == ("subject", "section.reading")


XLIFF_1 = '<xliff version="1.2"><file original="newsletter-issue-3-fr" target-language="fr">{}</file></xliff>'


def one_of_1(unit: str) -> ReturnedText:
    return xliff.read(XLIFF_1.format(unit).encode()).texts[0]


def test_xliff_1_is_read_through_the_marks_that_tools_add() -> None:
    cut = '<seg-source><mrk mtype="seg">One</mrk></seg-source><target><mrk mtype="seg">U<g id="1">n</g></mrk></target>'
    unit = f'<group><trans-unit id="7" resname="subject"><source>One</source>{cut}</trans-unit></group>'
    assert one_of_1(unit) == ReturnedText("subject", "One", "Un")


@pytest.mark.parametrize("state", ["new", "needs-translation", "needs-review-translation"])
def test_xliff_1_is_unfinished_in_some_states(state: str) -> None:
    unit = f'<trans-unit id="subject"><source>One</source><target state="{state}">Un</target></trans-unit>'
    assert not one_of_1(unit).is_finished
    assert one_of_1(unit.replace(state, "final")).is_finished


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><xliff>&b;</xliff>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xliff>&a;</xliff>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<xliff><file>", "This is no XML, at line 1, character 14."),
        (BOMB.encode(), "This XML declares a document type"),
        (OUTSIDE.encode(), "This XML declares a document type"),
        (b"<html/>", "This is no XLIFF; it begins with <html>."),
        (b"<xliff version='1.2'/>", "This XLIFF holds no file, or several."),
        (b"<xliff><file original='a'/><file original='b'/></xliff>", "This XLIFF holds no file, or several."),
        (b"<?xml version='1.0' encoding='nonsense'?><xliff/>", "This XML cannot be read. Save it as UTF-8"),
        (b"<?xml version='1.0' encoding='utf-7'?><xliff/>", "This XML cannot be read. Save it as UTF-8"),
        ("<xliff>é</xliff>".encode("latin-1"), "This is no XML, at line 1, character 8."),
    ],
)
def test_a_broken_xliff_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(TranslationFileInvalid, match=re.escape(sentence)):
        xliff.read(content)


HEADER = 'msgid ""\nmsgstr "Language: fr\\n"\n\n'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("msgid été\n".encode("latin-1"), "Line 1 is not UTF-8. Save the file as UTF-8 and try again."),
        (b'msgid ""\nmsgstr "One\n', "Line 2 is no PO: 'msgstr \"One'."),
        (b"msgid One\n", "Line 1 is no PO: 'msgid One'."),
        (b"%PDF-1.7", "Line 1 is no PO"),
        (b'msgid "One"\n', "This PO file cannot be read: missing msgstr"),
        (b'"One"\n', "This PO file cannot be read"),
        (b'msgid ""\nmsgstr "PO-Revision-Date: yesterday\\n"\n', "This PO file cannot be read"),
        (b'msgid ""\nmsgstr "Language: f r\\n"\n', "This PO file cannot be read"),
    ],
)
def test_a_broken_po_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(TranslationFileInvalid, match=re.escape(sentence)):
        po.read(content)


def test_po_is_read_with_the_marks_and_line_ends_of_other_tools() -> None:
    message = '# by hand\n#~ msgid "old"\n#~ msgstr "vieux"\nmsgctxt "subject"\nmsgid "One"\nmsgstr "Un"\n'
    content = b"\xef\xbb\xbf" + (HEADER + message).replace("\n", "\r\n").encode()
    assert po.read(content).texts == (ReturnedText("subject", "One", "Un"),)


def test_po_with_plurals_or_without_contexts_names_its_texts() -> None:
    plural = 'msgid "One"\nmsgid_plural "Ones"\nmsgstr[0] "Un"\nmsgstr[1] "Uns"\n'
    assert po.read((HEADER + plural).encode()).texts == (ReturnedText("One", "One", "Un"),)


@forms
@given(noise=st.binary(max_size=200), at=st.integers(0, 3000))
def test_a_damaged_file_is_refused_or_read_and_nothing_else(form: str, noise: bytes, at: int) -> None:
    sheet = done(a_sheet(DOCUMENT, "fr"), lambda unit: unit.original)
    whole = FORMATS[form][0](sheet)
    for content in (noise, whole[:at] + noise + whole[at + len(noise) :]):
        with suppress(TranslationFileInvalid):
            assert isinstance(FORMATS[form][1](content), Returned)
