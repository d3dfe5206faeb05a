"""Three themes of shared parts: each shows every kind of section, in its own way and in the organization's colour."""

import re
from dataclasses import replace
from datetime import date

import pytest

from newsletter.checks import CheckContext, check
from newsletter.folders import templates_folder
from newsletter.issues.document import Document, SectionKind
from newsletter.issues.parsing import parse
from newsletter.rendering import dates, theme
from newsletter.rendering.compile import compile_letter
from newsletter.rendering.editions import Edition
from newsletter.rendering.pictures import Picture
from newsletter.rendering.readers import Brand, Identity
from newsletter.rendering.variants import Variant
from subscribers.grades import Bands
from tests.support.kinds import FILE, KINDS, LANGUAGES
from tests.support.mails import Mail, content_of, document, identity, mail, section
from tests.support.our_mails import our_mails

THEMES = ("monthly", "announcement", "letter")
EVENT = {"starts": "2026-12-08T18:00", "timezone": "America/Chicago", "url": "https://school.example/workshop"}


def shown(of: Document, name: str, language: str = "en", who: Identity | None = None) -> Mail:
    return mail(content_of(replace(of, theme=name), language, who), who=who)


def headings(html: str) -> list[str]:
    return re.findall(r"<h[12][^>]*>([^<]*)</h[12]>", html)


def test_these_are_the_themes() -> None:
    assert {folder.parent.name for folder in templates_folder().glob("mail/*/theme.toml")} == set(THEMES)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_section_is_in_both_parts(name: str, language: str) -> None:
    letter = shown(KINDS, name, language)
    for part in (letter.html, letter.text):
        for one in KINDS.sections:
            body = one.body(language)
            title = re.search(r"^## (.+)$", body.text, re.MULTILINE) if body else None
            assert (
                title is None or title[1].replace("'", "&#39;") in part.replace("&#x27;", "&#39;") or title[1] in part
            )
        assert "Ana R." in part
    assert f'lang="{language}"' in letter.html
    assert f'dir="{dates.direction(language)}"' in letter.html


@pytest.mark.parametrize("name", THEMES)
def test_twenty_sections_stay_far_below_what_mailboxes_cut_off(name: str) -> None:  # M14
    twenty = (*KINDS.sections, *(replace(one, key=f"{one.key}-again") for one in KINDS.sections))[:20]
    for language in LANGUAGES:
        assert len(shown(replace(KINDS, sections=twenty), name, language).html.encode()) < 50_000


@pytest.mark.parametrize("name", THEMES)
def test_the_plain_text_has_every_link_of_the_html(name: str) -> None:  # M13
    letter = shown(KINDS, name)
    anchors = re.findall(r'<a [^>]*href="([^"]+)"([^>]*)', letter.html)
    links = {link.replace("&amp;", "&") for link, more in anchors if "aria-hidden" not in more}  # nobody sees that one
    assert len(links) > 8
    assert not [link for link in links if link not in letter.text]


def test_an_announcement_begins_with_its_first_event_and_has_one_button() -> None:
    letter = shown(KINDS, "announcement")
    assert headings(letter.html)[:2] == ["Workshop: one team for your child", "Ten minutes are enough"]
    assert headings(letter.html).count("Workshop: one team for your child") == 1
    assert len(re.findall(r'class="button', letter.html)) == 1
    assert "In this issue" not in letter.html + letter.text
    assert letter.text.index("Workshop: one team") < letter.text.index("Ten minutes are enough")


@pytest.mark.parametrize(
    ("sections", "first"),
    [
        (
            [section(en="## Hello"), section("announcement", en="## No school"), section("event", en="## Fair")],
            "No school",
        ),
        ([section(en="only words"), section(en="## Hello"), section(en="## More")], "Hello"),
        ([section(en="only words")], "Five small bridges"),
        ([section("event", en="no title", attributes=EVENT), section(en="## Hello")], "Hello"),
    ],
)
def test_an_announcement_without_an_event_begins_with_what_it_has(sections: list, first: str) -> None:  # type: ignore[type-arg]
    assert headings(shown(document(*sections), "announcement").html)[0] == first


def test_an_event_is_a_leaf_of_the_calendar_beside_its_words() -> None:
    leaf = dates.Leaf("Dec", "8", "Tue")
    when = dates.when(EVENT, "en")
    assert when is not None
    assert when.leaf == leaf
    html = shown(document(section("event", en="## Fair", attributes=EVENT)), "monthly").html
    assert all(word in html for word in (">Dec<", ">8<", ">Tue<", "Tuesday, December 8, 2026", "CST"))
    undated = shown(document(section("event", en="## Fair", attributes={"starts": "soon"})), "monthly").html
    tile = 'aria-hidden="true" class="rules"'
    assert (tile in html, tile in undated) == (True, False)


def test_a_letter_is_signed_by_whom_it_is_from_and_has_no_frames() -> None:
    letter = shown(KINDS, "letter", who=identity(from_header="Rosa Lind <rosa@school.example>"))
    assert "With kind regards,<br/><strong><bdi>Rosa Lind</bdi></strong>" in letter.html.replace("<br />", "<br/>")
    assert "With kind regards,\nRosa Lind\n" in letter.text
    assert 'class="panel"' not in letter.html
    assert 'class="card' not in letter.html
    assert "Save the date" not in letter.html
    nameless = shown(KINDS, "letter", who=identity(from_header="rosa@school.example"))
    assert "<strong><bdi>Our School Community</bdi></strong>" in nameless.html


@pytest.mark.parametrize("name", THEMES)
def test_an_organization_has_its_own_colour(name: str) -> None:
    usual, green = shown(KINDS, name).html, shown(KINDS, name, who=identity(brand=Brand(colour="#14532D"))).html
    assert "#1B4F86" in usual
    assert "#1B4F86" not in green
    assert "#14532D" in green


def test_a_colour_that_is_faint_on_a_themes_paper_is_a_little_darker_in_its_links() -> None:
    looks = theme.load("monthly", "#767676").looks
    assert looks["light"]["button"] == "#767676"
    assert looks["light"]["link"] != "#767676"
    assert looks["elements"]["a"] == f"color:{looks['light']['link']};text-decoration:underline"


@pytest.mark.parametrize("name", THEMES)
def test_a_stored_logo_stands_on_top_by_its_address_and_says_the_name(name: str) -> None:
    who = identity(brand=Brand(logo="media:logo"))
    stored = {"media:logo": Picture("https://news.school.example/logo.png", 300, 96)}
    edition = Edition(replace(KINDS, theme=name), who, pictures=stored)
    html = "".join(piece for piece in edition.content(Variant.everything(KINDS, "en")).html if isinstance(piece, str))
    logo = re.search(r'<img src="https://news.school.example/logo.png" ([^>]*)>', html)
    assert logo is not None
    assert 'alt="Our School Community" width="150" height="48"' in logo[1]


@pytest.mark.parametrize(("logo", "is_shown"), [("", False), ("media:lost", False), ("https://x.example/l.png", True)])
def test_a_letter_has_the_logo_or_else_the_name_on_top(logo: str, is_shown: bool) -> None:
    content = compile_letter("confirm", "en", identity(brand=Brand(logo=logo)))
    html = mail(content).html
    top = html[html.index('class="card') : html.index("<h1")]
    assert "Our School Community" in top
    assert ("<img" in top) == is_shown


def test_letters_about_a_subscription_wear_the_theme_and_colour_of_their_list() -> None:
    html = mail(compile_letter("confirm", "en", identity(theme="announcement", brand=Brand(colour="#14532D")))).html
    assert "#F3F4F6" in html
    assert "#14532D" in html


def test_every_kind_of_section_can_lead_an_announcement() -> None:
    for kind in set(SectionKind) - {SectionKind.MJML, SectionKind.DIVIDER}:
        assert "<h1" in shown(document(section(kind, en="## Hello")), "announcement").html


@pytest.mark.parametrize("name", THEMES)
def test_what_variants_share_is_made_once_and_changes_none_of_them(name: str) -> None:
    themed = replace(KINDS, theme=name)
    everything, some = Variant.everything(themed, "ar"), Variant("ar", 0b1011)
    shared = Edition(themed, identity())
    shared.content(everything)
    assert shared.content(some) == Edition(themed, identity()).content(some)
    assert shared.content(everything) == Edition(themed, identity()).content(everything)


def test_the_organization_stands_once_on_top_of_every_letter() -> None:
    tops = {name: mail.html.partition("<body")[2].partition("<h1")[0] for name, mail in our_mails().items()}
    assert not [name for name, top in tops.items() if top.count("Our School Community") != 1]


@pytest.mark.parametrize("colour", ["", "#767676"])
@pytest.mark.parametrize("name", THEMES)
def test_the_checks_find_nothing_in_the_examples_in_any_theme(name: str, colour: str) -> None:
    bands = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
    context = CheckContext(date(2026, 11, 26), bands, identity(brand=Brand(colour=colour)), raw_mjml=True)
    for example in (KINDS, parse(FILE.with_name("2026-12.md").read_text(encoding="utf-8"))):
        assert check(replace(example, theme=name), context) == []
