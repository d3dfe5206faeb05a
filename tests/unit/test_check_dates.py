"""Days, times and numbers as people write them, in six languages; and how hard a text is to read."""

import time
from datetime import date

import pytest

from newsletter.checks import ease, numbers
from newsletter.checks.clock_times import times_in
from newsletter.checks.parts import Block
from newsletter.checks.said import days_in
from newsletter.checks.syllables import syllables

NEAR = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("language", "words", "days"),
    [
        ("en", "Tuesday, December 8", [("2026-12-08", 1)]),
        ("en", "Tue, Dec. 8, 2027", [("2027-12-08", 1)]),
        ("en", "the 8th of December", [("2026-12-08", None)]),
        ("en", "Tuesday evening, December 8", [("2026-12-08", 1)]),
        ("en", "December 8-10", [("2026-12-08", None), ("2026-12-10", None)]),
        ("en", "January 5", [("2027-01-05", None)]),
        ("en", "January 5, 7 and 12", [("2027-01-05", None), ("2027-01-07", None), ("2027-01-12", None)]),
        ("en", "at 8:00\nDecember 15: grade 6 December 16", [("2026-12-15", None), ("2026-12-16", None)]),
        (
            "en",
            "Thursday, July 16; July 16; Thursday, July 15",
            [("2026-07-16", 3), ("2027-07-16", None), ("2027-07-15", 3)],
        ),
        ("es", "el lunes 31 de agosto", [("2026-08-31", 0)]),
        ("es", "los días 3, 4 y 5 de enero", [("2027-01-03", None), ("2027-01-04", None), ("2027-01-05", None)]),
        ("en", "November 30", [("2026-11-30", None)]),
        ("en", "may 5 come? in march 10 came", []),
        ("en", "room 8, 10 chairs in December", []),
        ("es", "el martes 8 de diciembre de 2026", [("2026-12-08", 1)]),
        ("es", "del 8 al 10 de diciembre", [("2026-12-08", None), ("2026-12-10", None)]),
        ("es", "Martes, 1.º y 2 de diciembre", [("2026-12-01", None), ("2026-12-02", None)]),
        ("fr", "mardi 8 décembre", [("2026-12-08", 1)]),
        ("fr", "le 1er janvier", [("2027-01-01", None)]),
        ("ar", "الثلاثاء، ٨ ديسمبر ٢٠٢٦", [("2026-12-08", 1)]),
        ("ar", "٨ كانون الأول", [("2026-12-08", None)]),
        ("zh", "2026年12月8日星期二", [("2026-12-08", 1)]),
        ("zh", "12月8日（周二）", [("2026-12-08", 1)]),
        ("zh", "12月21日至1月1日", [("2026-12-21", None), ("2027-01-01", None)]),
        ("zh", "12月21日至25日", [("2026-12-21", None), ("2026-12-25", None)]),
        ("zh", "十二月八日，一月二十日", [("2026-12-08", None), ("2027-01-20", None)]),
        ("vi", "thứ Ba, ngày 8 tháng 12 năm 2026", [("2026-12-08", 1)]),
        ("vi", "8 tháng 1", [("2027-01-08", None)]),
        ("pt-BR", "terça-feira, 8 de dezembro", [("2026-12-08", 1)]),
        ("de", "Dienstag, 8. Dezember", [("2026-12-08", 1)]),
        ("xx", "December 8", []),
    ],
)
def test_days_are_read_as_they_are_written(language: str, words: str, days: list[tuple[str, int | None]]) -> None:
    found = [(said.near(NEAR), said.weekday) for said in days_in(words, language).days]
    assert [(str(day), weekday) for day, weekday in found] == days


def test_a_day_that_there_is_not_is_none() -> None:
    assert [said.near(NEAR) for said in days_in("June 31 and February 30, 2027", "en").days] == [None, None]
    (leap,) = days_in("29 de febrero", "es").days
    assert leap.near(date(2028, 2, 1)) == date(2028, 2, 29)
    assert leap.near(NEAR) is None


@pytest.mark.parametrize(
    ("language", "words", "weekdays"),
    [
        ("en", "See you on Friday, not on Monday", [4, 0]),
        ("en", "sat on the sun", []),
        ("es", "el lunes y el sábado", [0, 5]),
        ("fr", "mercredi soir", [2]),
        ("ar", "يوم الجمعة", [4]),
        ("zh", "周三或礼拜五，每一周一次，周日程", [2, 4]),
        ("vi", "Thứ Sáu, lần thứ ba, thứ 2", [4, 0]),
    ],
)
def test_weekdays_are_told_from_what_looks_like_them(language: str, words: str, weekdays: list[int]) -> None:
    assert [said.no for said in days_in(words, language).weekdays] == weekdays


@pytest.mark.parametrize(
    ("words", "found"),
    [("on 12/8", ["12/8"]), ("8/12/2026", ["8/12/2026"]), ("2026-12-08", ["2026-12-08"]), ("1/2 cup, 24/7, 55/90", [])],
)
def test_dates_in_digits_alone_are_told_from_fractions(words: str, found: list[str]) -> None:
    assert [digits.words for digits in days_in(words, "en").digits] == found


@pytest.mark.parametrize(
    ("language", "words", "times"),
    [
        ("en", "from 6 to 7:30 pm", ["6:00?", "19:30"]),
        ("en", "at 12:15 a.m., 12 pm, 18:05", ["0:15", "12:00", "18:05"]),
        ("en", "25:10 or 9:75, grade 3", []),
        ("es", "a las 6 de la tarde; a las 18:00; 7:30 p. m.", ["18:00", "18:00", "19:30"]),
        ("fr", "de 18h à 19h30, à 9 h, 2 heures d'aide", ["18:00", "19:30", "9:00?"]),
        ("ar", "الساعة ٦:٠٠ مساءً", ["18:00"]),
        ("zh", "下午6点半到7点", ["18:30", "7:00?"]),
        ("vi", "lúc 6 giờ tối, 18 giờ 30, trong 2 giờ", ["18:00", "18:30"]),
    ],
)
def test_times_are_read_as_they_are_written(language: str, words: str, times: list[str]) -> None:
    found, _ = times_in(words, language)
    assert [f"{at.minutes // 60}:{at.minutes % 60:02d}{'' if at.is_sure else '?'}" for at in found] == times


def test_half_of_a_day_that_nobody_named_agrees_with_both() -> None:
    (six, morning, evening), _ = times_in("6:00, 6:00 am, 18:00", "en")
    assert (six.agrees(morning), six.agrees(evening), morning.agrees(evening)) == (True, True, False)


@pytest.mark.parametrize(
    ("language", "words", "found"),
    [
        ("en", "1,200 families, 2.5 hours, 1,234,567 and 0.50", ["1200", "2.5", "1234567", "0.5"]),
        ("es", "1.200 familias, 2,5 horas", ["1200", "2.5"]),
        ("fr", "1 200 familles, 2,5 heures", ["1200", "2.5"]),
        ("ar", "١٬٢٠٠ أسرة، ٢٫٥", ["1200", "2.5"]),
        ("zh", "有1200个家庭", ["1200"]),
        ("en", "On December 8 at 6:30 pm in room 12", ["12"]),
    ],
)
def test_numbers_are_the_same_in_all_digits_and_separators(language: str, words: str, found: list[str]) -> None:
    assert list(numbers.numbers_in(words, language)) == found


def test_a_small_number_may_be_a_word() -> None:
    assert numbers.is_spelled("10", "ten minutes", "en")
    assert numbers.is_spelled("2", "两行就够了", "zh")
    assert not numbers.is_spelled("10", "often", "en")
    assert not numbers.is_spelled("13", "thirteen", "en")
    assert not numbers.is_spelled("2", "deux", "xx")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "the:1 school:1 family:3 together:3 walked:1 needed:2 classes:2 little:2 nation:2 reading:2 idea:3 made:1"),  # noqa: E501
        ("es", "casa:2 escuela:3 río:2 ciudad:2 leer:2 guitarra:3 que:1 muy:1 población:3 aéreo:4 días:2"),
        ("fr", "école:2 livre:1 maison:2 enfant:2 l'ami:2 théâtre:2 naïf:2 lisent:2 bus:1"),
    ],
)  # fmt: skip
def test_syllables_are_counted_as_they_are_spoken(language: str, words: str) -> None:
    told = dict(word.rsplit(":", 1) for word in words.split())
    assert {word: str(syllables(word, language)) for word in told} == told


def test_grades_are_those_of_the_published_formulas() -> None:
    easy = [("the", "cat", "sat", "on", "the", "mat")]
    assert ease.grade(easy, "en") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    spanish = [("la", "comunidad", "escolar", "es", "numerosa")]  # 13 syllables in 5 words: an ease of 45.74
    assert ease.grade(spanish, "es") == pytest.approx(12 + 4 * (50 - (206.84 - 60 * 13 / 5 - 1.02 * 5)) / 20)
    assert ease.grade([("aujourd'hui",) * 40], "fr") == 16
    assert ease.grade([("le", "chat")], "fr") == 4


@pytest.mark.parametrize(
    "words", ["! ", "6:00 Tuesday, December 8 ", "6 to ", "1,000 ", "12/8 ", "Monday to ", "Monday 7, ", "7, 8, "]
)
def test_a_text_made_to_be_slow_takes_no_longer_than_its_length(words: str) -> None:  # F43
    text = words * (90_000 // len(words))
    begun = time.process_time()
    times_in(text, "en")
    list(ease.sentences(Block(1, text), "en"))
    assert time.process_time() - begun < 2
