"""Each kind of section as a mail shows it, in HTML and as a letter."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from newsletter.issues.document import Document
from newsletter.rendering import answers
from newsletter.rendering.editions import Edition
from newsletter.rendering.links import LinkTable
from newsletter.rendering.pictures import Picture
from newsletter.rendering.prepared import Rendered, rendered
from newsletter.rendering.variants import Variant
from tests.support.mails import SIGNER, copy, document, identity, section

QUESTION = section(
    "question",
    key="pickup",
    en="## Will you come?\n\nSo that we know how many chairs.\n\n- Yes, *gladly*\n- Not this time",
    es="## ¿Vendrá?\n\n- Sí, *con gusto*\n- Esta vez no",
)


def shown(of: Document, language: str = "en", pictures: Mapping[str, Picture] = MappingProxyType({})) -> Rendered:
    """The issue as one reader gets it, tracked."""
    stored = {f"media:{name}": picture for name, picture in pictures.items()}
    content = Edition(of, identity(), LinkTable.of(of), stored).content(Variant.everything(of, language))
    return rendered(content, identity(), SIGNER, copy())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<body")[2]).split())


def test_each_answer_of_a_question_is_a_signed_link_of_its_own() -> None:
    made = shown(document(QUESTION))
    assert "So that we know how many chairs." in words(made.html)
    assert "One quick question" in words(made.html)
    links = re.findall(r'href="(https://news.school.example/c/[^"]+)"', made.html)
    assert len(set(links)) == 2
    assert f"Yes, gladly:\n{links[0]}\n" in made.text
    assert f"Not this time:\n{links[1]}\n" in made.text
    assert made.html.count("<li") == 1, "the only list is the one of what is in the issue"


def test_the_answers_have_the_same_numbers_in_every_language() -> None:
    table = LinkTable.of(document(QUESTION), {"utm_source": "letter"})
    assert [(row.no, row.target, row.label) for row in table.rows] == [
        (2, "answer:pickup/1", "Yes, gladly"),
        (3, "answer:pickup/2", "Not this time"),
    ]
    assert answers.said(document(QUESTION), "answer:pickup/1", "es") == "Sí, con gusto"
    assert answers.said(document(QUESTION), "answer:pickup/3", "es") == ""
    assert answers.said(document(QUESTION), "answer:gone/1", "es") == ""


def test_where_nothing_is_tracked_an_answer_leads_nowhere() -> None:
    of = document(QUESTION)
    content = Edition(of, identity()).content(Variant.everything(of, "en"))
    assert 'href="#"' in rendered(content, identity(), SIGNER, copy()).html


@pytest.mark.parametrize(("language", "until"), [("en", "Until Friday, December 18, 2026"), ("es", "18 de diciembre")])
def test_a_goal_says_until_when(language: str, until: str) -> None:
    goal = section("goal", en="## Ten minutes", es="## Diez minutos", attributes={"until": "2026-12-18"})
    made = shown(document(goal), language)
    assert until in words(made.html)
    assert until in made.text


def test_a_note_of_thanks_opens_in_the_readers_own_mail_program() -> None:
    thanks = section("thanks", en="## Thank a teacher", attributes={"to": "office@school.example"})
    made = shown(document(thanks))
    assert 'href="mailto:office@school.example?subject=Thank%20you%21&amp;body=Thank%20you%20for%20"' in made.html
    assert "Write a thank-you note" in words(made.html)


def test_a_note_of_thanks_may_be_a_page() -> None:
    thanks = section("thanks", en="## Thank a teacher", attributes={"url": "https://school.example/thanks"})
    assert "https://news.school.example/c/" in shown(document(thanks)).html


@pytest.mark.parametrize("kind", ["thanks", "announcement", "goal", "image"])
def test_no_kind_leads_to_a_script(kind: str) -> None:  # F25 M37
    made = shown(document(section(kind, en="Thanks", attributes={"url": "javascript:alert(1)", "src": "media:x"})))
    assert "javascript" not in made.html + made.text


def test_a_stored_picture_is_shown_from_where_it_lies_with_its_words() -> None:
    image = section("image", en="Children plant beans.\n\nOur garden in May.", attributes={"src": "media:beans"})
    text = section(en="## Beans\n\n![A pot](media:pot) and [the list](media:list)")
    pictures = {
        "beans": Picture("https://n.example/media/b.jpg", 900, 600),
        "pot": Picture("https://n.example/p.png", 80),
        "list": Picture("https://n.example/media/l.pdf"),
    }
    made = shown(document(image, text), "en", pictures)
    (beans,) = re.findall(r"<img [^>]*b.jpg[^>]*>", made.html)
    assert 'alt="Children plant beans."' in beans
    assert 'width="520"' in beans
    assert "Our garden in May." in words(made.html)
    assert "Children plant beans." not in words(made.html)
    (pot,) = re.findall(r"<img [^>]*p.png[^>]*>", made.html)
    assert 'alt="A pot"' in pot
    assert 'width="80"' in pot
    assert 'href="https://n.example/media/l.pdf"' in made.html
    assert "(Children plant beans.)\n\nOur garden in May." in made.text


def test_a_picture_that_is_not_stored_shows_its_words_only() -> None:
    made = shown(document(section(en="![A pot](media:pot)")))
    assert 'alt="A pot"' in made.html


def test_an_announcement_is_framed_and_named() -> None:
    made = shown(
        document(section("announcement", en="## No school on Monday", attributes={"url": "https://a.example/"}))
    )
    assert re.search("Please note No school on Monday", words(made.html))
    assert "panel" in made.html


RAW = """\
<mj-section background-color="#ffffff"><mj-column>
<mj-text>Hello {{ reader.first_name }}, <a href="https://a.example/?x=1&amp;y=2">the menu</a></mj-text>
<mj-image src="media:menu" alt="Soup" href="https://b.example/"/>
<mj-button href="https://c.example/">Order</mj-button>
</mj-column></mj-section>
"""


def test_raw_mjml_stands_in_the_letter_with_counted_links_stored_pictures_and_merge_fields() -> None:
    of = document(section(en="## Before"), section("mjml", en=RAW), section(en="## After"))
    assert [row.target for row in LinkTable.of(of).rows] == [
        "https://a.example/?x=1&y=2",
        "https://b.example/",
        "https://c.example/",
    ]
    made = shown(of, "en", {"menu": Picture("https://n.example/m.jpg")})
    assert re.search("Before.*Hello Ana, the menu.*Order.*After", words(made.html))
    assert 'src="https://n.example/m.jpg"' in made.html
    assert "https://a.example" not in made.html
    assert len(set(re.findall(r'href="(https://news.school.example/c/[^"]+)"', made.html))) == 3
    links = re.findall(r"https://news.school.example/c/\S+", made.text)
    assert len(links) == 3
    assert re.search(r"Hello Ana, the menu\nhttps\S+\n+Soup\nhttps\S+\n+Order\nhttps", made.text)
