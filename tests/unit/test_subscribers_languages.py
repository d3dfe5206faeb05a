import pytest

from subscribers.languages import LanguageInvalid, parse_language


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en", "en"),
        (" ES ", "es"),
        ("pt_br", "pt-BR"),
        ("ZH-hans-cn", "zh-Hans-CN"),
        ("es-419", "es-419"),
        ("Spanish", "es"),
        (" español ", "es"),
        ("中文", "zh"),
        ("Tiếng Việt", "vi"),
    ],
)
def test_a_language_is_kept_in_one_spelling(text: str, code: str) -> None:
    assert parse_language(text) == code


@pytest.mark.parametrize("text", ["Klingon", "e", "", "en-", "English and Spanish", "en us"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(LanguageInvalid, match="use a code like en"):
        parse_language(text)
