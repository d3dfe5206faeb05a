"""Marks, dates and themes: what a mail is put together from."""

import pytest

from newsletter.contrast import contrast
from newsletter.rendering import dates, theme
from newsletter.rendering.content import Content, LinkSlot, Marks, MergeSlot, OpenSlot
from newsletter.rendering.readers import first_name_of


def test_a_mark_is_never_mistaken_for_what_a_person_wrote() -> None:
    written = "slotq0z slotqq0z"
    marks = Marks([written])
    assert marks.split(f"{written} {marks.slot(OpenSlot())}") == (f"{written} ", OpenSlot())


def test_finished_text_may_hold_marks() -> None:
    marks = Marks([])
    link = marks.slot(LinkSlot(2))
    assert marks.split(f"a {marks.finished(f'<b>{link}</b>')} c") == ("a <b>", LinkSlot(2), "</b> c")
    assert marks.holds_mark(link)


def test_marks_can_be_written_out_again() -> None:
    marks = Marks([])
    text = f"{marks.slot(MergeSlot('{{ list.name }}'))} {marks.finished('x')}"
    assert marks.expressions(text) == "{{ list.name }} x"


def test_content_names_its_slots() -> None:
    slot = LinkSlot(2)
    assert Content(("a", slot), ("b",), (slot, OpenSlot())).slots() == (slot, slot, OpenSlot())


def plain(text: str) -> str:
    """Typographers' spaces and dashes as they are typed."""
    for special, typed in (("\N{NO-BREAK SPACE}", " "), ("\N{THIN SPACE}", " "), ("\N{EN DASH}", "-")):
        text = text.replace(special, typed)
    return text


EVENING = {"starts": "2026-12-08T18:00", "ends": "2026-12-08T19:30", "timezone": "America/Chicago"}


@pytest.mark.parametrize(
    ("language", "day", "time", "brief"),
    [
        ("en", "Tuesday, December 8, 2026", "6:00 - 7:30 PM CST", "Tue, Dec 8"),
        ("es", "martes, 8 de diciembre de 2026", "6:00-7:30 p.m. CST", "mar, 8 de dic"),
        ("xx", "Tuesday, December 8, 2026", "6:00 - 7:30 PM CST", "Tue, Dec 8"),
    ],
)
def test_an_evening_is_told_in_the_readers_language(language: str, day: str, time: str, brief: str) -> None:
    told = dates.when(EVENING, language)
    assert told is not None
    assert (told.day, plain(told.time), told.brief) == (day, time, brief)
    assert told.short == f"{told.brief}, {told.time}"


@pytest.mark.parametrize(
    ("attributes", "day", "time"),
    [
        ({"starts": "2026-12-08"}, "Tuesday, December 8, 2026", ""),
        (
            {"starts": "2026-12-08", "ends": "2026-12-09"},
            "Tuesday, December 8, 2026 - Wednesday, December 9, 2026",
            "",
        ),
        ({"starts": "2026-12-08T18:00+00:00", "timezone": "Europe/Berlin"}, "Tuesday 8 December 2026", "19:00 CET"),
        ({"starts": "2026-12-08T18:00", "timezone": "Asia/Tokyo"}, "", "Japan Standard Time"),
        ({"starts": "soon"}, "soon", ""),
        ({"starts": "2026-12-08T18:00", "timezone": "Nowhere/At"}, "2026-12-08T18:00", ""),
        ({"starts": "2026-12-08T18:00", "timezone": "../etc"}, "2026-12-08T18:00", ""),
    ],
)
def test_other_times(attributes: dict[str, str], day: str, time: str) -> None:
    told = dates.when(attributes, "en")
    assert told is not None
    assert plain(told.day).replace(",", "").startswith(day.replace(",", ""))
    assert told.time.endswith(time)
    assert told.short.startswith(told.brief)


LATE = {"starts": "2026-12-31T20:00", "ends": "2027-01-01T00:30", "timezone": "America/Chicago"}
CAMP = {"starts": "2026-12-04T18:00", "ends": "2026-12-06T12:00", "timezone": "America/Chicago"}


@pytest.mark.parametrize(
    ("attributes", "language", "time", "short"),
    [
        (LATE, "en", "Thu 8:00 PM - Fri 12:30 AM CST", "Thu, Dec 31, 8:00 PM - Fri, Jan 1, 12:30 AM CST"),
        (CAMP, "en", "Fri 6:00 PM - Sun 12:00 PM CST", "Fri, Dec 4, 6:00 PM - Sun, Dec 6, 12:00 PM CST"),
        (CAMP, "es", "vie 6:00 p.m. - dom 12:00 p.m. CST", "vie, 4 de dic, 6:00 p.m. - dom, 6 de dic, 12:00 p.m. CST"),
        (CAMP, "fr", "ven. 18:00 - dim. 12:00 heure", "ven. 4 déc. 18:00 - dim. 6 déc. 12:00 heure"),
        (CAMP, "ar", "الجمعة 6:00 م - الأحد 12:00 م", "الجمعة، 4 ديسمبر، 6:00 م - الأحد، 6 ديسمبر، 12:00 م"),
        (CAMP, "zh", "周五18:00 - 周日12:00", "12月4日周五 18:00 - 12月6日周日 12:00"),
        (CAMP, "vi", "18:00 Thứ 6 - 12:00 CN", "Thứ 6, 4 thg 12, 18:00 - CN, 6 thg 12, 12:00"),
    ],
)
def test_what_ends_on_another_day_says_both_moments(
    attributes: dict[str, str], language: str, time: str, short: str
) -> None:
    told = dates.when(attributes, language)
    assert told is not None
    assert plain(told.time).startswith(time)
    assert plain(told.short).startswith(short)
    assert told.day.count("\N{EN DASH}") == 1


def test_a_clock_that_is_put_back_in_between_has_both_zones() -> None:
    told = dates.when(CAMP | {"starts": "2026-10-31T18:00", "ends": "2026-11-01T12:00"}, "en")
    assert told is not None
    assert plain(told.time) == "Sat 6:00 PM - Sun 12:00 PM CDT / CST"


@pytest.mark.parametrize("ends", ["", "2026-12-04", "2026-12-06"])
def test_a_time_that_nobody_wrote_is_not_told(ends: str) -> None:
    told = dates.when(CAMP | {"ends": ends}, "en")
    assert told is not None
    assert plain(told.time) == "6:00 PM CST"


@pytest.mark.parametrize(
    ("language", "short"),
    [("ar", "الثلاثاء، 8 ديسمبر، 6:00"), ("zh", "12月8日周二 18:00"), ("vi", "Thứ 3, 8 thg 12, 18:00")],
)
def test_day_and_time_are_joined_as_the_language_joins_them(language: str, short: str) -> None:
    told = dates.when(EVENING, language)
    assert told is not None
    assert told.short.startswith(short)


def test_a_section_without_a_start_has_no_time() -> None:
    assert dates.when({}, "en") is None


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [("2026-12", "en", "December 2026"), ("2026-12", "es", "diciembre de 2026"), ("winter", "en", "winter")],
)
def test_a_month_is_a_word(text: str, language: str, expected: str) -> None:
    assert dates.month(text, language) == expected


@pytest.mark.parametrize(("language", "expected"), [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), ("??", "ltr")])
def test_a_language_has_a_direction(language: str, expected: str) -> None:  # M22
    assert dates.direction(language) == expected


def test_an_unknown_theme_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        theme.ThemeUnknown, match=r"There is no theme '\.\./x'\. There is: announcement, letter, monthly\."
    ):
        theme.load("../x")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["", "#14532D", "#767676", "#0000FF", "#9A6203"])
@pytest.mark.parametrize("name", ["monthly", "announcement", "letter"])
def test_every_text_stands_out_from_every_surface(name: str, colour: str, scheme: str) -> None:  # M24
    looks = theme.load(name, colour).looks
    colours = looks[scheme]
    bands = [band[scheme] for band in looks["bands"].values()]
    for text in (colours["text"], colours["quiet"], colours["link"], *bands):
        for surface in ("page", "card", "panel"):
            assert contrast(text, colours[surface]) >= 4.5, (text, surface)
    assert contrast(colours["button_text"], colours["button"]) >= 4.5


def test_the_bands_have_the_colours_of_the_house() -> None:
    bands = theme.load("monthly").looks["bands"]
    assert {name: bands[name]["light"] for name in ("elementary", "middle", "high")} == {
        "elementary": "#0F766E",
        "middle": "#6D28D9",
        "high": "#B45309",
    }
    assert theme.load("monthly").looks["dark"]["card"] == "#111827"


def test_a_first_name_is_the_first_word() -> None:
    assert (first_name_of("Ana María Ruiz"), first_name_of("  ")) == ("Ana", "")
