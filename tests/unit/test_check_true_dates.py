"""True dates are never findings, in whatever shape and language; false ones are."""

from datetime import date, timedelta

import pytest
from babel.dates import format_date, format_skeleton

from newsletter.checks import dates, drift
from newsletter.checks.findings import Level
from newsletter.checks.parts import Block
from newsletter.checks.passages import Passage
from newsletter.checks.said import days_in
from newsletter.issues.document import Document
from newsletter.issues.parsing import parse
from newsletter.rendering.dates import locale_of

ISSUE = "---\nmonth: 2026-12\nlanguages: en, es, fr, ar, zh, vi\nsubject: {en: Winter}\n---\n"
TODAY = date(2026, 11, 20)


def issue() -> Document:
    return parse(ISSUE)


def passage(language: str, words: str) -> Passage:
    return Passage("section a", language, 1, f"section a, {language}", (Block(1, words),), ())


def found(language: str, words: str) -> list[tuple[Level, str]]:
    findings = dates.findings(issue(), [passage(language, words)], TODAY)
    return [(finding.level, finding.sentence) for finding in findings]


SOUND = {
    "en": """
        open Monday to Friday, December 7 to 11
        Mon-Fri, Dec 7-11
        Mon.–Fri., Dec. 7–11, 2026
        Monday through Friday, 7 to 11 December
        Tuesday and Thursday, Dec. 8 and 10
        Saturday or Sunday, December 12 or 13
        Monday, Wednesday, and Friday, December 7, 9, and 11
        Monday, Wednesday and Friday, December 7, 9 and 11
        December 7 to 11, Monday to Friday.
        December 7 (Monday) to 11 (Friday)
        from Monday 7 to Friday 11 December
        Monday, December 7, to Friday, December 11
        Monday, December 28 to Friday, January 1
        Monday to Friday, December 28 to January 1
        Monday to Friday, December 9 to 30
        Monday to Friday from December 9
        Tuesday and Thursday, December 9 to 18
        Friday, December 11 and 18
        Every Friday from December 1 to 18
        Sign up by December 10, Friday is the concert.
        Come December 11, Saturday, December 12, or both
        Tuesday, December 1st and Wednesday, December 2nd
        Saturdays, December 5, 12 and 19
        room 12 and Tuesday 8 December
    """,
    "es": """
        de lunes a viernes, 7 a 11 de diciembre
        de lunes a viernes, del 7 al 11 de diciembre
        del lunes 7 al viernes 11 de diciembre
        martes y jueves, 8 y 10 de diciembre
        martes 8 y jueves 10 de diciembre
        lunes 7, miércoles 9 y viernes 11 de diciembre
        sábado o domingo, 12 o 13 de diciembre
        martes, 1.º de diciembre de 2026
        el martes 1° de diciembre
        martes 1º y miércoles 2 de diciembre
        de lunes a viernes, del 9 al 30 de diciembre
        lun-vie, 7-11 dic
    """,
    "fr": """
        du lundi au vendredi, 7 au 11 décembre
        du lundi 7 au vendredi 11 décembre
        mardi et jeudi, 8 et 10 décembre
        mardi 8 et jeudi 10 décembre 2026
        samedi ou dimanche, 12 ou 13 décembre
        mardi 1er décembre
        mardi 1er et mercredi 2 décembre
        du lundi au vendredi, du 9 au 30 décembre
        lun.-ven., 7-11 déc.
    """,
    "ar": """
        من الاثنين إلى الجمعة، 7 إلى 11 ديسمبر
        من الاثنين إلى الجمعة، ٧-١١ ديسمبر
        من الاثنين 7 إلى الجمعة 11 ديسمبر
        من يوم الاثنين 7 إلى يوم الجمعة 11 ديسمبر
        الثلاثاء والخميس، 8 و10 ديسمبر
        السبت أو الأحد، 12 أو 13 ديسمبر
        من الاثنين إلى الجمعة، من 9 إلى 30 ديسمبر
    """,
    "zh": """
        周一至周五，12月7日至11日
        星期一到星期五，12月7日到11日
        12月7日至11日（周一至周五）
        12月7日（周一）至11日（周五）
        12月7日星期一至11日星期五
        周二和周四，12月8日和10日
        12月12日或13日（星期六或星期日）
        周一至周五，12月9日至30日
    """,
    "vi": """
        từ thứ Hai đến thứ Sáu, 7 đến 11 tháng 12
        thứ Hai đến thứ Sáu, ngày 7 đến ngày 11 tháng 12
        từ thứ Hai ngày 7 đến thứ Sáu ngày 11 tháng 12
        thứ 2 đến thứ 6, ngày 7-11 tháng 12
        thứ Ba và thứ Năm, ngày 8 và 10 tháng 12
        thứ Bảy hoặc Chủ nhật, ngày 12 hoặc 13 tháng 12
        thứ Hai đến thứ Sáu, từ ngày 9 đến ngày 30 tháng 12
    """,
}


def lines(told: dict[str, str]) -> list[tuple[str, str]]:
    return [(language, line.strip()) for language, text in told.items() for line in text.strip().split("\n")]


@pytest.mark.parametrize(("language", "words"), lines(SOUND))
def test_a_true_date_has_no_finding(language: str, words: str) -> None:
    assert found(language, words) == []
    assert days_in(words, language).days


WRONG = {
    "en": """
        open Monday to Friday, December 8 to 12
        Mon-Fri, Dec 8-12
        Tuesday and Thursday, Dec. 8 and 11
        Saturday or Sunday, December 11 or 12
        from Monday 8 to Friday 11 December
        December 7 to 11, Tuesday to Friday.
        December 7 (Tuesday) to 11 (Friday)
        Come December 11, Saturday, December 13, or both
    """,
    "es": """
        de lunes a viernes, 8 a 12 de diciembre
        del lunes 7 al viernes 12 de diciembre
        martes 9 y jueves 10 de diciembre
        miércoles, 1.º de diciembre de 2026
    """,
    "fr": """
        du lundi au vendredi, 8 au 12 décembre
        du lundi 7 au vendredi 12 décembre
        lundi 1er décembre
    """,
    "ar": """
        من الاثنين إلى الجمعة، 8 إلى 12 ديسمبر
        من الاثنين 7 إلى الجمعة 12 ديسمبر
        الثلاثاء والخميس، 8 و11 ديسمبر
    """,
    "zh": """
        周一至周五，12月8日至12日
        12月7日（周一）至12日（周五）
        周二和周四，12月8日和11日
    """,
    "vi": """
        từ thứ Hai đến thứ Sáu, 8 đến 12 tháng 12
        từ thứ Hai ngày 7 đến thứ Sáu ngày 12 tháng 12
        thứ Ba và thứ Năm, ngày 8 và 11 tháng 12
    """,
}


@pytest.mark.parametrize(("language", "words"), lines(WRONG))
def test_a_pair_that_disagrees_is_an_error(language: str, words: str) -> None:
    assert {level for level, _ in found(language, words)} == {Level.ERROR}


OF_SCHOOLS = """
    en es fr ar zh zh-Hant vi ko ja ru pt pt-BR so hmn tl fil de it pl uk hi bn ur fa am sw ht ne pa gu ta te m
    l my th lo km tr el ro he ku ckb ps yo ig ha nl sv hu cs bg sr hr sq hy ka mn uz az id ti om rw haw to ca eu
"""


@pytest.mark.parametrize("language", OF_SCHOOLS.split())
def test_the_dates_of_a_calendar_are_no_errors_in_any_language(language: str) -> None:
    locale = locale_of(language)
    for day in (date(2026, 11, 1) + timedelta(days=at) for at in range(120)):
        written = [str(format_date(day, "full", locale)), str(format_skeleton("MMMEd", day, locale=locale))]
        assert [one for words in written for one in found(language, words) if one[0] is Level.ERROR] == []


@pytest.mark.parametrize("language", ["ko", "ja", "de", "pt", "ru", "so", "tl", "sw", "fa", "hi"])
def test_weekdays_are_read_in_other_languages_too(language: str) -> None:
    words = str(format_date(date(2026, 12, 8), "full", locale_of(language)))
    assert [(day.day, day.weekday) for day in days_in(words, language).days] in ([(8, 1)], [(8, None)])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Room 31 April Smith teaches"),
        ("en", "Pages 30 February story"),
        ("en", "Grade 5 December concert"),
        ("en", "In April 31 families came"),
        ("en", "In December 45 people came"),
        ("en", "We read 31 April poems"),
        ("en", "We read 29 February poems"),
        ("es", "Sala 31 abril"),
        ("fr", "page 31 avril"),
        ("vi", "lớp 31 tháng 4"),
    ],
)
def test_a_number_of_something_else_is_no_day(language: str, words: str) -> None:
    assert found(language, words) == []
    assert days_in(words, language).days == ()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "on June 31"),
        ("en", "June 31, 2027"),
        ("en", "the 31st of June"),
        ("en", "Monday, June 31"),
        ("es", "el 31 de junio"),
        ("fr", "avant le 31 juin"),
        ("zh", "6月31日"),
        ("vi", "ngày 31 tháng 6"),
        ("ar", "يوم 31 يونيو"),
        ("de", "31. Juni"),
        ("en", "June 31: picnic"),
    ],
)
def test_no_such_day_is_an_error_where_a_day_is_surely_meant(language: str, words: str) -> None:
    assert [(at, sentence[:21]) for at, sentence in found(language, words)] == [(Level.ERROR, "There is no such day:")]


ALIKE = (
    {
        "en": "Monday to Friday, December 7 to 11",
        "es": "Del lunes 7 al viernes 11 de diciembre",
        "fr": "Du lundi 7 au vendredi 11 décembre",
        "ar": "من الاثنين 7 إلى الجمعة 11 ديسمبر",
        "zh": "12月7日（周一）至11日（周五）",
        "vi": "Từ thứ Hai ngày 7 đến thứ Sáu ngày 11 tháng 12",
    },
    {
        "en": "Tuesday, December 1, 2026",
        "es": "Martes, 1.º de diciembre de 2026",
        "fr": "Mardi 1er décembre 2026",
        "ar": "الثلاثاء، 1 ديسمبر 2026",
        "zh": "2026年12月1日星期二",
        "vi": "Thứ Ba, ngày 1 tháng 12 năm 2026",
    },
    {"en": "on December 1", "es": "el 1° de diciembre"},
)


@pytest.mark.parametrize("told", ALIKE)
def test_the_same_days_in_other_shapes_are_no_drift(told: dict[str, str]) -> None:
    assert list(drift.findings(issue(), [passage(language, words) for language, words in told.items()])) == []


def test_another_day_of_a_span_is_drift() -> None:
    told = [passage("en", "Monday to Friday, December 7 to 11"), passage("es", "Del lunes 7 al jueves 10 de diciembre")]
    (finding,) = drift.findings(issue(), told)
    assert finding.level is Level.ERROR
