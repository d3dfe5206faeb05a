import pytest

from newsletter.web.languages import Languages, language_name


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
    assert Languages(("en", "es")).words(*wishes, accepted=accepted).language == language


def test_the_organizations_first_language_is_the_last_resort() -> None:
    assert Languages(("es", "en")).words().language == "es"


def test_languages_without_words_are_not_offered_and_english_stands_in() -> None:
    assert Languages(("so", "es")).codes == ("es",)
    assert Languages(("so",)).codes == ("en",)


def test_a_language_is_named_in_itself() -> None:
    named = [language_name(code) for code in ("en", "es", "fr", "ar", "zh", "vi")]
    assert named == ["English", "Español", "Français", "العربية", "中文", "Tiếng Việt"]
