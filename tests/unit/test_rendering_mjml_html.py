"""MJML to HTML: inline styles are written into elements, and every character arrives as it was written."""

import html as html_module
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering import mjml
from newsletter.rendering.editions import Edition
from newsletter.rendering.links import LinkTable
from newsletter.rendering.mjml.components import Inside, table
from newsletter.rendering.variants import Variant
from tests.support.mails import SAMPLE, identity

MAIL = "<mjml><mj-head>{head}</mj-head><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>"


def html_of(head: str, body: str) -> str:
    return mjml.checked_html(MAIL.format(head=head, body=body))


def test_an_inline_style_is_written_into_its_elements_and_nowhere_else() -> None:
    css = ".blue div { color: blue !important } a:hover { color: red }"
    html = html_of(
        f'<mj-style inline="inline">{css}</mj-style><mj-style>.kept {{ color: green }}</mj-style>',
        '<mj-text css-class="blue">a</mj-text><mj-text>b</mj-text>',
    )
    assert re.search(r'<div style="[^"]*color: blue !important[^"]*">a</div>', html)
    assert html.count("blue !important") == 1
    assert ".blue div" not in html
    assert "a:hover" not in html
    assert ".kept { color: green }" in html


def test_comments_for_outlook_and_slots_outlive_inlining() -> None:
    head = '<mj-style inline="inline">p { margin: 0 }</mj-style>'
    html = html_of(head, "<mj-raw><p>slotq17z<!--[if mso]><b>x</b><![endif]--></p></mj-raw>")
    assert '<p style="margin: 0;">slotq17z<!--[if mso]><b>x</b><![endif]--></p>' in html
    assert html.count("<!--[if mso | IE]>") >= 2


def test_a_style_sheet_that_is_never_closed_cannot_be_compiled() -> None:
    with pytest.raises(mjml.MjmlInvalid, match="cannot be read"):
        mjml.to_html('<mjml><mj-head><mj-style inline="inline">p{}</mj-head></mjml>')


def attribute(html: str, name: str) -> str:
    return html_module.unescape(re.findall(rf'{name}="([^"]*)"', html)[0])


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters='<>&"\ufffe\uffff'), max_size=8))
def test_every_character_of_a_title_and_an_alternative_text_arrives(text: str) -> None:
    html = html_of(f"<mj-title>{text}</mj-title>", f"<mj-image src='a.png' alt='{text.replace(chr(39), '')}'/>")
    assert attribute(html, "aria-label") == text
    assert attribute(html, "alt") == text.replace("'", "")


@pytest.mark.parametrize(
    "text", ["Réunion\u00a0: à 18\u202fh", "👨\u200d👩\u200d👧", "مَدرسة", "นี้", "AC\\DC", "tie\u0302\u0301ng"]
)
def test_words_of_all_languages_arrive_in_attributes(text: str) -> None:
    assert attribute(html_of(f"<mj-title>{text}</mj-title>", ""), "aria-label") == text


def test_the_escapes_of_style_sheets_stay() -> None:
    assert 'content:"\\2014"' in html_of('<mj-style>p:after{content:"\\2014"}</mj-style>', "<mj-text>é\u00a0</mj-text>")


def test_the_mjml_of_a_theme_can_be_checked_as_it_is_compiled() -> None:  # M25
    seen = []

    def to_html(text: str) -> str:
        seen.append(text)
        return mjml.checked_html(text.replace("<mj-divider", "<mj-dividr", 1))

    everything = Variant.everything(SAMPLE, "en")
    with pytest.raises(mjml.MjmlInvalid, match=r"MJML has no tag mj-dividr\. Did you mean mj-divider\?"):
        Edition(SAMPLE, identity(), LinkTable.of(SAMPLE, {}, hidden=True), to_html=to_html).content(everything)
    assert len(seen) == 1


def example(written: str) -> str:
    kind, *words = written.split(" ")
    if kind in ("length", "lengths", "signed"):
        return f"7{words[0]}"
    return {"colour": "#010203", "whole": "7", "boolean": "true", "one-of": words[0] if words else ""}.get(
        kind, "seven"
    )


COMPONENTS = table().components


def part_of(name: str, attributes: str = "") -> str:
    """A component with what it needs."""
    component = COMPONENTS[name]
    missing = [need for need in component.needs if f" {need}=" not in attributes]
    needs = "".join(f' {need}="{example(component.attributes[need][0].written)}"' for need in missing)
    around = {"mj-carousel": "<mj-carousel-image src='a.png'/>"}.get(name, "")
    inside = {Inside.TEXT: "words", Inside.HTML: "<b>words</b>", Inside.CSS: "b{}"}.get(component.inside, around)
    return f"<{name}{attributes}{needs}>{inside}</{name}>"


def mail_with(name: str, attributes: str = "") -> str:
    """The shortest mail with a component."""
    text = part_of(name, attributes)
    while name != "mjml":
        name = table().parents(name)[0]
        text = f"<{name}>{text}</{name}>"
    return text


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_compiles_with_each_of_its_attributes(name: str) -> None:
    for attribute_, types in COMPONENTS[name].attributes.items():
        text = mail_with(name, f' {attribute_}="{example(types[0].written)}"')
        assert mjml.problems(text) == [], attribute_
    assert mjml.checked_html(mail_with(name))


@pytest.mark.parametrize("name", [name for name, one in COMPONENTS.items() if one.children and name != "mj-attributes"])
def test_every_component_compiles_around_each_of_its_children(name: str) -> None:
    for child in COMPONENTS[name].children:
        assert mjml.problems(part_of(child), name) == [], child


def test_what_is_printed_plainly_is_not_spelled_out() -> None:
    assert "é¿“👩" in mjml.to_html(MAIL.format(head="", body="<mj-text>é¿“👩</mj-text>"))
