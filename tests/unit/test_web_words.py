import re
from pathlib import Path
from string import Formatter

import pytest

from newsletter.rendering.theme import templates_folder
from newsletter.web.words import Catalogue, language_name

FOLDER = templates_folder() / "web"
LANGUAGES = sorted(file.stem for file in (FOLDER / "words").glob("*.toml"))


def catalogue(*languages: str) -> Catalogue:
    return Catalogue(FOLDER / "words", languages or LANGUAGES)


def names(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything_with_the_same_names(language: str) -> None:
    english, other = catalogue("en").words(), catalogue(language).words()
    assert other.texts.keys() == english.texts.keys()
    assert all(names(other.texts[key]) == names(text) for key, text in english.texts.items())
    assert all(text.strip() for text in other.texts.values())


def test_every_text_that_a_page_asks_for_is_there() -> None:
    sources = [*FOLDER.glob("*.html"), *Path("newsletter/web").glob("*.py")]
    code = "\n".join(source.read_text() for source in sources)
    texts = catalogue("en").words().texts
    asked = set(re.findall(r'[( ]t\("([\w.]+)"[,)]', code))
    assert asked
    assert asked - texts.keys() == set()


@pytest.mark.parametrize(
    ("wishes", "accepted", "language"),
    [
        ((), "", "en"),
        (("es",), "en", "es"),
        (("es-MX",), "", "es"),
        (("", ""), "fr, es-AR;q=0.8, en;q=0.7", "es"),
        (("xx",), "en;q=0.1, es;q=0", "en"),
        (("<b>", "../../etc"), "es;q=oops, *", "en"),
        ((), "," * 5000, "en"),
    ],
)
def test_a_page_speaks_the_first_language_that_is_wished_and_offered(
    wishes: tuple[str, ...], accepted: str, language: str
) -> None:
    assert catalogue("en", "es").words(*wishes, accepted=accepted).language == language


def test_the_organizations_first_language_is_the_last_resort() -> None:
    assert catalogue("es", "en").words().language == "es"


def test_languages_without_words_are_not_offered_and_english_stands_in() -> None:
    assert catalogue("so", "es").languages == ("es",)
    assert catalogue("so").languages == ("en",)


def test_a_language_is_named_in_itself_and_has_a_direction() -> None:
    assert [language_name(code) for code in ("en", "es", "vi")] == ["English", "Español", "Tiếng việt"]
    assert catalogue("en").words().direction == "ltr"


def test_the_version_of_a_wording_changes_with_its_language() -> None:
    words = catalogue("en", "es")
    assert words.words("en").version != words.words("es").version
