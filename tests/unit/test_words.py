"""The catalogues of `templates/words/`, and how they are read."""

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from newsletter.folders import templates_folder
from newsletter.words import languages, read, words

FOLDER = templates_folder() / "words"
TRANSLATED = sorted(languages() - {"en"})
ALIKE = {"mail.still_level"}
"""The texts that are only a value."""
SPANISH = {"form.error", "children.pre_kindergarten", "children.kindergarten"}
"""What Spanish rightly says in the words of the English."""


def messages(file: str) -> list[Message]:
    with (FOLDER / file).open("rb") as opened:
        return [message for message in read_po(opened, Path(file).stem if file.endswith(".po") else None) if message.id]


def forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


def names(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


def test_there_are_words_in_six_languages() -> None:
    assert languages() == {"en", "es", "fr", "ar", "zh", "vi"}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_language_says_everything_for_sure_with_the_same_names(language: str) -> None:
    originals, said = messages("messages.pot"), messages(f"{language}.po")
    assert [(text.context, text.id) for text in said] == [(text.context, text.id) for text in originals]
    assert not [text.context for text in said if text.fuzzy]
    for text in said:
        assert all(form.strip() == form != "" for form in forms(text.string)), text.context
        expected = names(forms(text.id)[-1])
        assert all(names(form) == expected for form in forms(text.string)), text.context


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_left_in_english_by_accident(language: str) -> None:
    alike = {str(text.context) for text in messages(f"{language}.po") if text.string == text.id}
    assert alike == ALIKE | (SPANISH if language == "es" else set())


def test_a_key_is_there_once() -> None:
    keys = [text.context for text in messages("messages.pot")]
    assert all(keys)
    assert len(keys) == len(set(keys))


def test_every_text_that_a_template_or_the_code_asks_for_is_there() -> None:
    sources = [*FOLDER.parent.rglob("*.html"), *FOLDER.parent.rglob("*.mjml"), *FOLDER.parent.rglob("*.txt")]
    sources += [*Path("newsletter").rglob("*.py")]
    code = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    asked = set(re.findall(r'\b(?:t|words|said)(?:\.html)?\(\s*["\']([a-z]+\.[\w.]+)["\'][,)]', code))
    assert len(asked) > 100
    assert asked - words("en").originals.keys() == set()


@pytest.mark.parametrize(
    ("asked", "language"),
    [("es", "es"), ("es-MX", "es"), ("en-GB", "en"), ("xx", "en"), ("", "en"), ("../es", "en"), ("messages", "en")],
)
def test_words_are_those_of_the_language_its_main_language_or_english(asked: str, language: str) -> None:
    assert words(asked).language == language


def test_values_are_filled_in_and_escaped_where_they_go_into_a_page() -> None:
    said = words("es")
    assert said("unsubscribe.title", list="A & B") == "¿Dejar A & B?"
    assert said.html("unsubscribe.title", list="A & B") == "¿Dejar <bdi>A &amp; B</bdi>?"


def test_what_an_organization_named_itself_keeps_its_name() -> None:
    assert words("es").get("bands.middle", "Middle") == "Escuela intermedia (middle school)"
    assert words("es").get("bands.lower", "Lower") == "Lower"


HEAD = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"PO-Revision-Date: {date}\\n"
"Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);\\n"
"""
ORIGINALS = """
msgctxt "seats.left"
msgid "{number} seat left"
msgid_plural "{number} seats left"
msgstr[0] ""
msgstr[1] ""

msgctxt "seats.at"
msgid "Seats at {place}"
msgstr ""
"""
ARABIC = """
msgctxt "seats.left"
msgid "{number} seat left"
msgid_plural "{number} seats left"
msgstr[0] "لا مقاعد"
msgstr[1] "مقعد واحد"
msgstr[2] "مقعدان"
msgstr[3] "{number} مقاعد"
msgstr[4] "{number} مقعدًا"
msgstr[5] "{number} مقعد"

msgctxt "seats.at"
msgid "Seats at {place}"
msgstr "المقاعد في {place}"
"""


def catalogues(folder: Path, arabic: str = ARABIC, date: str = "2026-12-08 09:00+0000") -> Path:
    """A folder of two texts, one of which counts, and what they are in Arabic."""
    folder.mkdir(exist_ok=True)
    (folder / "messages.pot").write_text(HEAD.format(date=date) + ORIGINALS, encoding="utf-8")
    (folder / "ar.po").write_text(HEAD.format(date=date) + arabic, encoding="utf-8")
    return folder


def test_a_text_that_counts_has_the_plural_forms_of_its_language(tmp_path: Path) -> None:
    english, arabic = (read(catalogues(tmp_path), language) for language in ("en", "ar"))
    assert [english("seats.left", number=number) for number in (0, 1, 2)] == [
        "0 seats left",
        "1 seat left",
        "2 seats left",
    ]
    told = [arabic.html("seats.left", number=number) for number in (0, 1, 2, 3, 11, 100)]
    assert told == [
        "لا مقاعد",
        "مقعد واحد",
        "مقعدان",
        "<bdi>3</bdi> مقاعد",
        "<bdi>11</bdi> مقعدًا",
        "<bdi>100</bdi> مقعد",
    ]


def test_a_value_keeps_its_direction_among_words_from_right_to_left(tmp_path: Path) -> None:
    arabic = read(catalogues(tmp_path), "ar")
    assert arabic("seats.at", place="Room 2-3") == "المقاعد في \u2068Room 2-3\u2069"
    assert arabic.direction == "rtl"


@pytest.mark.parametrize(
    "unsure",
    [
        ARABIC.replace("المقاعد في {place}", ""),
        ARABIC.replace('msgctxt "seats.at"', '#, fuzzy\nmsgctxt "seats.at"'),
        ARABIC.replace("Seats at {place}", "Chairs at {place}"),
    ],
)
def test_what_a_language_does_not_say_for_sure_is_said_in_english(tmp_path: Path, unsure: str) -> None:
    arabic = read(catalogues(tmp_path, unsure), "ar")
    assert arabic("seats.at", place="") == "Seats at \u2068\u2069"
    assert arabic("seats.left", number=1) == "مقعد واحد"


def test_the_version_of_a_wording_changes_with_its_text_and_with_nothing_else(tmp_path: Path) -> None:
    first = read(catalogues(tmp_path / "first"), "ar")
    later = read(catalogues(tmp_path / "later", date="2027-01-01 09:00+0000"), "ar")
    other = read(catalogues(tmp_path / "other", ARABIC.replace("في", "لدى")), "ar")
    assert first.version == later.version != other.version != read(tmp_path / "first", "en").version
