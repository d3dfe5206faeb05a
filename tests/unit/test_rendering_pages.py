"""What everybody may see of an issue, on the web and on paper."""

import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from newsletter.issues.parsing import parse
from newsletter.rendering.codes import code
from newsletter.rendering.hyperlinks import Hyperlink
from newsletter.rendering.pages import Audience, Part, issue_page
from newsletter.rendering.pictures import Picture, Pictures
from newsletter.rendering.sheets import sheet
from tests.support.archives import BANDS, LANGUAGES, a_page, six_languages
from tests.support.issue_files import a_file, a_section
from tests.support.mails import identity

PICTURES: Pictures = {"media:garden": Picture("https://news.example/media/ab.jpg", 800, 600)}


SCALE = 4
"""Pixels a module."""


def drawn(svg: str) -> Image.Image:
    """A code as a picture: the SVG is one path of horizontal lines, a module high."""
    found = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    assert found, svg
    picture = Image.new("L", (int(found[1]), int(found[1])), 255)
    path, x, y = svg.rpartition('d="')[2], 0.0, 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if command == "h":
            ImageDraw.Draw(picture).line([(x, y - 0.5), (x + float(first) - 1, y - 0.5)], fill=0)
            x += float(first)
        else:
            x, y = (float(first), float(second)) if command == "M" else (x + float(first), y + float(second))
    return picture.resize((picture.width * SCALE, picture.height * SCALE), Image.Resampling.NEAREST)


def of_section(opening: str, **texts: str) -> list[Part]:
    return list(a_page(document=parse(a_file(a_section(opening, **texts)))).parts)


def test_a_page_has_the_sections_of_the_mail_but_those_for_few() -> None:
    keys = [part.view.key for part in a_page().parts]
    assert keys == [section.key for section in six_languages().sections if section.key not in ("few", "raw")]


def test_a_page_for_a_band_has_what_is_for_it_and_for_everybody() -> None:
    keys = [part.view.key for part in a_page("en", "elementary").parts]
    assert {"read", "concert", "hello"} <= set(keys)
    assert not {"sleep", "money"} & set(keys)
    both = [part.view.key for part in a_page("en", "elementary", "high").parts]
    assert {"read", "money"} <= set(both)


def test_a_section_that_is_aimed_at_languages_is_on_their_pages_only() -> None:
    document = parse(a_file(a_section("story {#a languages=es}", en="## One", es="## Uno"), a_section()))
    assert [part.view.key for part in a_page("es", document=document).parts] == ["a"]
    assert [part.view.key for part in a_page("en", document=document).parts] == []


def test_a_language_that_an_issue_does_not_speak_gives_its_own() -> None:
    assert a_page("so").language == "en"
    assert a_page("es-MX").language == "es"
    assert a_page("ar").cover.direction == "rtl"


def test_whom_a_section_is_for_stands_above_it_in_words() -> None:
    labels = {part.view.key: (part.label, part.tone) for part in a_page().parts}
    assert labels["read"] == ("For elementary families", 1)
    assert labels["money"] == ("For high school families", 3)
    assert labels["teachers"] == ("For teachers", 0)
    assert labels["hello"] == ("", 0)


def test_roles_and_bands_are_both_named_and_a_role_without_words_is_not() -> None:
    [both] = of_section("tip {#a roles=educator bands=high}", en="## One")
    assert both.label == "For teachers · For high school families"
    [own] = of_section("tip {#a roles=cook bands=upper}", en="## One")
    assert (own.label, own.tone) == ("For upper families", 0)


def test_merge_fields_say_what_they_say_of_nobody_and_it_is_escaped() -> None:
    title = '## Hi {{ reader.first_name | default("<b>you</b>") }}'
    text = f"{title}\n\n{{{{ list.name }}}}, {{{{ issue.month }}}}: {{{{ reader.name }}}}."
    [part] = of_section("story {#a}", en=text)
    assert part.view.title == "Hi &lt;b&gt;you&lt;/b&gt;"
    assert part.view.title_text == "Hi <b>you</b>"
    assert part.view.body.strip() == "<p>Letter for families, December 2026: .</p>"


def test_nothing_that_runs_is_on_a_page() -> None:  # F25
    text = "## <script>alert(1)</script>\n\n[one](javascript:alert(1)) <img src=x onerror=alert(1)>"
    [part] = of_section("thanks {#a url='javascript:alert(1)'}", en=text)
    assert "<script" not in part.view.title
    assert "<img" not in part.view.body
    assert "href" not in part.view.body
    assert part.view.url == ""


def test_a_page_has_no_inline_style_and_no_address_of_a_copy() -> None:
    parts = a_page().parts
    everything = "".join(f"{part.view.title}{part.view.body}{part.view.url}" for part in parts)
    assert "style=" not in everything
    assert "slotq" not in everything
    assert "/c/" not in everything


def test_answers_are_words_without_links() -> None:
    [question] = [part.view for part in a_page().parts if part.view.answers]
    assert [(answer.text, answer.url) for answer in question.answers] == [("Well", ""), ("So-so", ""), ("Badly", "")]


def test_characters_that_no_page_can_hold_are_left_out() -> None:
    [part] = of_section('event {#a place="Gy\x0bm" starts=2026-12-08}', en="## O\x0cne")
    assert (part.view.place, part.view.title) == ("Gym", "One")


def test_web_links_are_found_once_the_sections_own_first() -> None:
    text = (
        "## [Title](https://t.example/)\n\n[One *two*](https://one.example/?a=1&b=2) [again](https://one.example/?a=1&b=2)"
        " [mail](mailto:a@b.example) [![A map](https://p.example/m.png)](https://map.example/)"
    )
    [part] = of_section('resource {#a url="https://own.example/"}', en=text)
    assert part.links == (
        Hyperlink("https://own.example/", "Open it at own.example"),
        Hyperlink("https://t.example/", "Title"),
        Hyperlink("https://one.example/?a=1&b=2", "One two"),
        Hyperlink("https://map.example/", "A map"),
    )


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("https://www.nea.org/", "nea.org"),
        ("https://school.example/a?b=c#d", "school.example/a?b=c#d"),
        ("http://school.example?a=1", "school.example?a=1"),
        (f"https://school.example/{'x' * 99}", f"school.example/{'x' * 32}…"),
    ],
)
def test_an_address_is_shown_as_people_write_it_down(url: str, short: str) -> None:
    assert Hyperlink(url, "").short == short


def test_events_are_printed_first_then_what_is_for_everybody_then_each_band() -> None:
    made = sheet(a_page())
    assert [one.view.key for one in made.events] == ["workshop", "concert"]
    assert [one.view.key for one in made.goals] == ["goal"]
    assert [group.label for group in made.groups] == [
        "",
        "For elementary families",
        "For middle school families",
        "For high school families",
        "For teachers",
    ]
    assert [one.view.key for one in made.groups[0].sections][:2] == ["hello", "closed"]
    assert "line" not in {one.view.key for group in made.groups for one in group.sections}


def test_a_target_has_one_code_on_paper_and_only_web_pages_have_one() -> None:
    twice = a_section("story {#b}", en="[Again](https://one.example/) [mail](mailto:a@b.example)")
    first = a_section("story {#a}", en="[One](https://one.example/)")
    [group] = sheet(a_page(document=parse(a_file(first, twice)))).groups
    assert [[made.link.url for made in one.codes] for one in group.sections] == [["https://one.example/"], []]


def test_paper_names_the_mailbox_that_a_note_of_thanks_goes_to() -> None:
    [group] = [group for group in sheet(a_page()).groups if not group.label]
    assert {one.view.key: one.mailbox for one in group.sections if one.mailbox} == {"thanks": "office@school.example"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_of_a_goal_has_seven_days_and_four_weeks(language: str) -> None:
    made = sheet(a_page(language))
    assert len(set(made.weekdays)) == 7
    assert made.weeks == (1, 2, 3, 4)


def test_an_address_too_long_to_scan_has_no_code_and_a_long_one_a_fine_one() -> None:
    assert code("https://a.example/" + "x" * 1200) is None
    short, long = code("https://a.example/"), code("https://a.example/" + "x" * 400)
    assert short is not None
    assert long is not None
    assert short[1] < 49 < long[1]
    links = " ".join(f"[a](https://a.example/{'x' * length})" for length in (1, 400, 1200))
    [group] = sheet(a_page(document=parse(a_file(a_section("story {#a}", en=links))))).groups
    assert [made.is_fine for made in group.sections[0].codes] == [False, True]


@pytest.mark.parametrize(
    "url", ["https://a.example/", "https://school.example/x?a=1&b=%C3%A9#top", "HTTP://A.EXAMPLE/"]
)
def test_a_code_gives_its_address_back_byte_for_byte(url: str) -> None:
    made = code(url)
    assert made is not None
    [found] = zxingcpp.read_barcodes(drawn(str(made[0])))
    assert found.bytes == url.encode()


def test_a_code_has_the_quiet_zone_of_the_standard() -> None:
    made = code("https://a.example/")
    assert made is not None
    picture = drawn(str(made[0]))
    black = picture.point(lambda value: 255 - value).getbbox()
    assert black is not None
    assert (black[0], picture.width - black[2]) == (4 * SCALE, 4 * SCALE)


def test_stored_pictures_are_shown_by_their_own_address() -> None:
    document = parse(a_file(a_section("image {#a src=media:garden}", en="A garden.\n\n![Bean](media:garden)")))
    page = issue_page(document, identity(), Audience("en", (), BANDS), PICTURES)
    shown = page.parts[0].view
    assert shown.image is not None
    assert (shown.image.picture.url, shown.image.alt) == ("https://news.example/media/ab.jpg", "A garden.")
    assert 'src="https://news.example/media/ab.jpg"' in shown.body
