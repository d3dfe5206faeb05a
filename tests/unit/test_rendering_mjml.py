"""MJML: the compiler passes over what it does not know, we do not."""

import pytest

from newsletter.rendering import mjml

_FRAME = "<mjml><mj-body><mj-section><mj-column>\n{}\n</mj-column></mj-section></mj-body></mjml>"


def said(inside: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.text) for problem in mjml.problems(_FRAME.format(inside))]


@pytest.mark.parametrize(
    ("inside", "sentence"),
    [
        ("<mj-txt>x</mj-txt>", "MJML has no tag mj-txt. Did you mean mj-text?"),
        ("<p>x</p>", "MJML has no tag p."),
        ("<mj-text colour='red'>x</mj-text>", "mj-text has no attribute colour. Did you mean color?"),
        ("<mj-text zzz='1'>x</mj-text>", "mj-text has no attribute zzz."),
        ("<mj-text><mj-foo/></mj-text>", "MJML has no tag mj-foo."),
        ("<mj-raw position='file-start'>x</mj-raw>", "mj-raw position is not supported here."),
        ("<mj-html-attributes></mj-html-attributes>", "mj-html-attributes is not supported here"),
    ],
)
def test_what_mjml_does_not_have_is_reported_with_its_line(inside: str, sentence: str) -> None:  # M25
    line, text = said(inside)[0]
    assert line == 2
    assert text.startswith(sentence)


@pytest.mark.parametrize("path", ["/etc/passwd", "https://evil.example/x.mjml"])
def test_an_include_is_refused(path: str) -> None:  # F22
    assert said(f'<mj-include path="{path}" />') == [(2, "mj-include is not allowed: a letter holds all of itself.")]


@pytest.mark.parametrize(
    "inside",
    [
        "<mj-text align='left'><p class='x' data-y='1'>a<br>b</p></mj-text>",
        "<!-- <mj-foo>\n --><mj-spacer height='1px' />",
        "<mj-raw><p>{{ x }}</p></mj-raw>",
        "<mj-text /><mj-button href='https://a.example/?a=1'>Go</mj-button>",
    ],
)
def test_good_mjml_has_no_problem(inside: str) -> None:
    assert said(inside) == []


@pytest.mark.parametrize("text", ["<mjml><mj-body>", "no tag at all", "<mjml></mj-body></mjml>"])
def test_what_cannot_be_read_is_a_problem_too(text: str) -> None:
    assert mjml.problems(text)[0].text.startswith("The MJML cannot be read")


def test_a_tag_in_a_place_where_it_cannot_be_is_an_error() -> None:
    with pytest.raises(mjml.MjmlInvalid, match="cannot be"):
        mjml.to_html("<mjml><mj-body><mj-text><mj-section></mj-section></mj-text></mj-body></mjml>")


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(mjml.MjmlInvalid, match=r"^Line 2: .* mj-x\. .* Line 3: .* mj-y\."):
        mjml.to_html(_FRAME.format("<mj-x/>\n<mj-y/>"))
