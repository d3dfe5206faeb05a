"""What changed between two documents, in words."""

import random
import time

import pytest
from hypothesis import given

from newsletter.issues.differences import Change, Fate, differences
from newsletter.issues.parsing import parse
from newsletter.issues.word_differences import pieces
from tests.support.issue_files import HEAD, a_file, a_section, documents, texts

SIGNS = {Change.KEPT: "{}", Change.ADDED: "+{}+", Change.REMOVED: "-{}-"}


def shown(before: str, after: str) -> str:
    return "".join(SIGNS[piece.change].format(piece.text) for piece in pieces(before, after))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Read ten minutes.", "Read twenty minutes.", "Read -ten-+twenty+ minutes."),
        ("one two", "one three two", "one +three+ two"),
        ("one three two", "one two", "one -three -two"),
        ("", "new text\n", "+new text+\n"),
        ("old text\n", "", "-old text\n-"),
        ("Read, please.", "Read, now!", "Read, -please.-+now!+"),
        ("我们每天晚上读书。", "我们每天早上读书。", "我们每天-晚-+早+上读书。"),
        ("อ่านหนังสือ", "อ่านสือ", "อ่าน-หนัง-สือ"),
        ("اقرأ كل مساء", "اقرأ كل صباح", "اقرأ كل -مساء-+صباح+"),
        ("one\ntwo", "one two", "one two"),
        ("one\n\ntwo", "one\ntwo", "one\n-\n\n-two"),
        ("one two", "one\n\ntwo", "one+\n\n+two"),
        ("Đọc mười phút", "Đọc hai mươi phút", "Đọc -mười-+hai mươi+ phút"),
    ],
)
def test_what_changed_is_told_word_by_word(before: str, after: str, told: str) -> None:
    assert shown(before, after) == told


def words_of(text: str) -> list[str]:
    return text.split()


@given(texts, texts)
def test_kept_and_added_are_the_new_text_and_kept_and_removed_the_old_words(before: str, after: str) -> None:
    found = pieces(before, after)
    assert "".join(piece.text for piece in found if piece.change is not Change.REMOVED) == after
    old = "".join(piece.text for piece in found if piece.change is not Change.ADDED)
    assert "".join(words_of(old)) == "".join(words_of(before))


@pytest.mark.parametrize("letters", ["words", "chinese", "one word"])
def test_five_thousand_words_take_no_time_to_speak_of(letters: str) -> None:
    drawn = random.Random(1)  # noqa: S311 - a text, no secret
    numbers = [0 if letters == "one word" else drawn.randrange(900) for _ in range(5_000)]
    many = [chr(0x4E00 + number) if letters == "chinese" else f"w{number} " for number in numbers]
    changed = ["b " if no % 25 == 0 else word for no, word in enumerate(many)]
    begin = time.process_time()
    found = pieces("".join(many), "".join(changed))
    # Half a second, and four times that on a busy machine that counts lines; a table of all pairs would take a minute.
    assert time.process_time() - begin < 15
    assert any(piece.change is Change.ADDED for piece in found)


def doc(*sections: str, head: str = HEAD) -> str:
    return a_file(*sections, head=head)


def compare(before: str, after: str) -> str:
    return differences(parse(before), parse(after)).words


READING, TIP = a_section(en="Read", es="Lea"), a_section("tip {#tip}", en="Try")
LAST = a_section("tip {#last}", en="Bye")
AIMED = a_section("story {#reading bands=high must=know}", en="Read", es="Lea")
THEMED = HEAD.replace("---\nmonth", "---\npreheader: {en: Hi}\ntheme: x\nmonth")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (doc(READING), doc(READING), ""),
        (doc(READING), doc(READING, TIP), "added tip"),
        (doc(READING, TIP), doc(READING), "removed tip"),
        (doc(READING), doc(a_section(en="Read on", es="Lea")), "changed reading (en)"),
        (doc(READING), doc(a_section(en="Read")), "changed reading (es)"),
        (
            doc(READING),
            doc(AIMED),
            "changed reading (bands, must)",
        ),
        (doc(READING), doc(a_section("quote {#reading by=Ana}", en="Read", es="Lea")), "changed reading (kind, by)"),
        (doc(READING, TIP, LAST), doc(TIP, LAST, READING), "moved reading"),
        (doc(READING, TIP, LAST), doc(TIP, LAST, a_section(en="New", es="Lea")), "changed reading (en)"),
        (doc(READING), doc(READING, head=HEAD.replace("Five", "Six")), "changed subject (en)"),
        (
            doc(READING),
            doc(READING, head=THEMED),
            "changed theme, preheader (en)",
        ),
        (doc(READING, TIP), doc(LAST, a_section(en="New", es="Lea")), "added last; removed tip; changed reading (en)"),
    ],
    ids=range(12),
)
def test_what_changed_fits_in_a_line(before: str, after: str, words: str) -> None:
    assert compare(before, after) == words


def test_a_section_that_moved_and_changed_says_both() -> None:
    found = differences(parse(doc(READING, TIP, LAST)), parse(doc(TIP, LAST, a_section(en="New", es="Lea"))))
    assert [(one.key, one.fate, one.has_moved) for one in found.sections] == [("reading", Fate.CHANGED, True)]


def test_a_translation_that_was_found_up_to_date_is_told_by_its_source() -> None:
    before = doc(":::: section story {#reading}\n::: lang es {source=aaaaaa}\nLea\n:::\n::::\n")
    found = differences(parse(before), parse(before.replace("aaaaaa", "bbbbbb"))).sections[0]
    assert [(field.name, field.before, field.after) for field in found.fields] == [("source (es)", "aaaaaa", "bbbbbb")]


def test_where_only_lines_end_elsewhere_no_word_changed() -> None:
    found = differences(parse(doc(a_section(en="one\ntwo"))), parse(doc(a_section(en="one two"))))
    assert found.sections[0].texts[0].is_spacing


@given(documents(), documents())
def test_nothing_differs_from_itself_and_all_that_is_new_is_told(before: object, after: object) -> None:
    assert not differences(before, before)  # type: ignore[arg-type]
    found = differences(before, after)  # type: ignore[arg-type]
    told = {one.key for one in found.sections}
    changed = {s.key for s in before.sections} ^ {s.key for s in after.sections}  # type: ignore[attr-defined]
    assert changed <= told
    assert bool(found) or before == after or before.sections == after.sections  # type: ignore[attr-defined]
