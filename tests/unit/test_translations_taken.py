"""What comes back from a translator: what is good is taken, and the rest is said."""

from dataclasses import replace

import pytest

from newsletter.issues import taking
from newsletter.issues.document import Document, digest_of
from newsletter.issues.parsing import parse
from newsletter.issues.sheets import Returned, ReturnedText, TranslationFileInvalid
from newsletter.issues.taking import Left, OriginalNotTranslated, Taken
from newsletter.issues.translating import State, units
from tests.support.issue_files import a_file, a_section

OLD = parse(a_file(a_section(en="One"), a_section("tip {#bag}", en="A note")))
NOW = parse(a_file(a_section(en="Two"), a_section("tip {#bag}", en="A note")))
NAME = "newsletter-issue-3-fr"
BAG = ReturnedText("section.bag", "A note", "Un mot")
READING = ReturnedText("section.reading", "Two", "Deux")


def returned(*texts: ReturnedText, name: str = NAME, language: str = "fr", original: str = "en") -> Returned:
    return Returned(name, language, original, texts)


def take(document: Document, *texts: ReturnedText, unfinished: bool = False) -> Taken:
    return taking.take(returned(*texts), 3, document, [OLD], unfinished=unfinished)


def french(document: Document) -> dict[str, tuple[str, State]]:
    return {unit.id: (unit.text, unit.state) for unit in units(document, "fr") if unit.text}


def test_a_finished_text_is_taken_and_names_its_source() -> None:
    taken = take(NOW, BAG, READING)
    assert (taken.done, taken.stale, taken.left) == (("section.bag", "section.reading"), (), ())
    assert taken.document.sections[1].bodies[1].source == digest_of("A note\n")
    assert french(taken.document) == {
        "section.reading": ("Deux\n", State.DONE),
        "section.bag": ("Un mot\n", State.DONE),
    }


def test_the_same_again_changes_nothing() -> None:
    once = take(NOW, BAG).document
    again = take(once, BAG, replace(BAG, id="section.reading", source="Two", text=""))
    assert (again.document, again.unchanged) == (once, ("section.bag",))


def test_a_text_whose_original_changed_since_is_taken_and_stays_stale() -> None:
    taken = take(NOW, replace(READING, source="One", text="Un"))
    assert (taken.done, taken.stale) == ((), ("section.reading",))
    assert french(taken.document) == {"section.reading": ("Un\n", State.STALE)}
    assert taken.document.sections[0].bodies[1].source == digest_of("One\n")


def test_a_stale_text_that_the_translator_left_as_it_is_is_no_longer_stale() -> None:
    stale = take(NOW, replace(READING, source="One", text="Un")).document
    assert take(stale, replace(READING, text="Un", is_finished=False)).unchanged == ("section.reading",)
    assert french(take(stale, replace(READING, text="Un")).document) == {"section.reading": ("Un\n", State.DONE)}


def test_an_older_file_takes_nothing_back() -> None:
    newer = take(NOW, READING).document
    assert take(newer, replace(READING, source="One", text="Un")).left == (
        Left(
            "section.reading",
            "Its original was changed since the export, and the text that we have is newer; that stays.",
        ),
    )


def test_blanks_that_a_tool_mended_in_an_original_do_not_matter() -> None:
    assert take(NOW, replace(BAG, source=" A\n  note ")).done == ("section.bag",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (replace(BAG, id="section.gone"), "The issue has no such text for readers of this language"),
        (replace(BAG, language="de"), "It is marked as de, and the file is for fr."),
        (replace(BAG, source="A letter"), "Its original in the file is none that this issue ever had."),
        (replace(BAG, text="a\0b"), "It holds a character that no text can hold"),
        (replace(BAG, text="a\udc80b"), "It holds a character that no text can hold"),
        (replace(BAG, text=" \n"), "It is not translated yet."),
        (replace(BAG, is_finished=False), "The file marks it as unfinished."),
    ],
)
def test_what_is_not_taken_is_said_and_costs_no_other_text(text: ReturnedText, sentence: str) -> None:
    taken = take(NOW, text, READING)
    assert [left.id for left in taken.left] == [text.id]
    assert taken.left[0].sentence.startswith(sentence)
    assert french(taken.document) == {"section.reading": ("Deux\n", State.DONE)}


def test_an_empty_text_does_not_take_ours_away() -> None:
    ours = take(NOW, BAG).document
    taken = take(ours, replace(BAG, text=""))
    assert taken.left == (Left("section.bag", "It is empty in the file; the text that we have stays."),)
    assert taken.document == ours


def test_of_two_texts_for_one_place_the_first_counts() -> None:
    taken = take(NOW, BAG, replace(BAG, text="Autre"))
    assert french(taken.document) == {"section.bag": ("Un mot\n", State.DONE)}
    assert taken.left == (Left("section.bag", "It stands in the file twice; only the first was looked at."),)


def test_unfinished_texts_are_taken_where_that_is_wished() -> None:
    assert take(NOW, replace(BAG, is_finished=False), unfinished=True).done == ("section.bag",)


def test_a_region_that_a_tool_added_to_the_language_does_not_matter() -> None:
    taken = taking.take(returned(replace(BAG, language="fr-CA"), language="fr-FR"), 3, NOW, [])
    assert (taken.language, taken.done) == ("fr", ("section.bag",))


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (returned(BAG, name="my project"), "This file does not say which issue it is of: newsletter-issue-3-LANGUAGE"),
        (returned(BAG, name="newsletter-issue-4-fr"), "This file is of issue 4, not of issue 3."),
        (returned(BAG, language="de"), "This file was exported for fr, and now says that it is in de."),
        (returned(BAG, original="es"), "This file is translated from es, and the original is in en."),
        (returned(BAG, name="newsletter-issue-3-f"), "This file does not say which issue"),
    ],
)
def test_a_file_that_is_not_for_this_issue_is_refused(file: Returned, sentence: str) -> None:
    with pytest.raises(TranslationFileInvalid, match=sentence):
        taking.take(file, 3, NOW, [])


def test_nobody_translates_the_original() -> None:
    with pytest.raises(OriginalNotTranslated, match="en is the original of this issue"):
        taking.take(returned(BAG, name="newsletter-issue-3-en", language="en"), 3, NOW, [])
