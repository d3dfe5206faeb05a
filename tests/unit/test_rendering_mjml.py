"""MJML: the compiler passes over what it does not know, we do not."""

import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.rendering import mjml
from newsletter.rendering.mjml import MjmlProblem

FRAME = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
HEAD = "<mjml><mj-head>{}</mj-head><mj-body></mj-body></mjml>"


def found(text: str, inside: str = "mj-column") -> list[tuple[int, int, str, str]]:
    return [(one.line, one.column, one.sentence, one.remedy) for one in mjml.problems(text, inside)]


@pytest.mark.parametrize(
    ("text", "sentence", "remedy"),
    [
        ("<mj-txt>x</mj-txt>", "MJML has no tag mj-txt.", "Did you mean mj-text?"),
        ("<mj-zzzzzzz/>", "MJML has no tag mj-zzzzzzz.", "Look at the table of components."),
        ("<MJ-Text>x</MJ-Text>", "MJML has no tag MJ-Text.", "Write it in small letters: mj-text"),
        ("<mj-text><mj-foo/></mj-text>", "MJML has no tag mj-foo.", "Did you mean mj-font?"),
        (
            "<p>x</p>",
            "The HTML tag <p> cannot stand directly in mj-column.",
            "Put it into mj-text, or into mj-raw: <mj-text><p> ...",
        ),
        ("<mj-text colour='red'>x</mj-text>", "mj-text has no attribute colour.", "Did you mean color?"),
        ("<mj-text zzz='1'>x</mj-text>", "mj-text has no attribute zzz.", "Delete it."),
        ("<mj-text color>x</mj-text>", "The attribute color has no value.", 'Write color="...".'),
        (
            "<mj-text color='red' color='blue'>x</mj-text>",
            "mj-text has color twice.",
            "Delete one: the compiler takes the last.",
        ),
        ("<mj-image alt='x' />", "mj-image needs the attribute src.", 'Write <mj-image src="...">'),
    ],
)
def test_tags_and_attributes_that_mjml_does_not_have_are_named(text: str, sentence: str, remedy: str) -> None:  # M25
    assert [problem[2:] for problem in found(text)] == [(sentence, remedy)]


@pytest.mark.parametrize(
    ("text", "sentence", "remedy"),
    [
        ("<mj-text color='navi'>x</mj-text>", "color of mj-text cannot be navi.", "Did you mean navy?"),
        (
            "<mj-text color='#12345'>x</mj-text>",
            "color of mj-text cannot be #12345.",
            "Write a colour such as #1B4F86, rgb(27,79,134) or navy.",
        ),
        ("<mj-text color='rgb(1,2,300)'>x</mj-text>", "color of mj-text cannot be rgb(1,2,300).", None),
        (
            "<mj-text font-size='12'>x</mj-text>",
            "font-size of mj-text cannot be 12.",
            "Write a length such as 10px.",
        ),
        (
            "<mj-text padding='1px 2em'>x</mj-text>",
            "padding of mj-text cannot be 1px 2em.",
            "Write one to four lengths, each such as 10px or 10%.",
        ),
        ("<mj-text padding='0 0 0 0 0'>x</mj-text>", "padding of mj-text cannot be 0 0 0 0 0.", None),
        ("<mj-text line-height='wide'>x</mj-text>", "line-height of mj-text cannot be wide.", None),
        ("<mj-text align='centre'>x</mj-text>", "align of mj-text cannot be centre.", "Did you mean center?"),
        (
            "<mj-text align='5'>x</mj-text>",
            "align of mj-text cannot be 5.",
            "Write left, right, center or justify.",
        ),
        ("<mj-text align=''>x</mj-text>", "align of mj-text cannot be empty.", None),
        (
            "<mj-table cellpadding='3px'></mj-table>",
            "cellpadding of mj-table cannot be 3px.",
            "Write a whole number.",
        ),
        (
            "<mj-image src='a' fluid-on-mobile='yes'/>",
            "fluid-on-mobile of mj-image cannot be yes.",
            "Write true or false.",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_what_is_right(text: str, sentence: str, remedy: str | None) -> None:
    ((_, _, said, advice),) = found(text)
    assert said == sentence
    assert remedy is None or advice == remedy


@pytest.mark.parametrize(
    ("text", "inside", "sentence", "remedy"),
    [
        (
            "<mj-column></mj-column>",
            "mj-body",
            "mj-column cannot stand directly in mj-body.",
            "It stands in mj-section or mj-group.",
        ),
        ("<mjml></mjml>", "mj-body", "mjml cannot stand directly in mj-body.", "It stands around everything else."),
        (
            "<mj-text><mj-image src='a'/></mj-text>",
            "mj-column",
            "mj-image cannot stand in mj-text, which holds HTML.",
            "Close mj-text before it.",
        ),
        ("hello", "mj-section", "Text cannot stand directly in mj-section.", "Put it into mj-text."),
        ("<mj-spacer>x</mj-spacer>", "mj-column", "Text cannot stand directly in mj-spacer.", None),
        ("<mj-spacer><b></b></mj-spacer>", "mj-column", "mj-spacer holds nothing, and no tags.", "Delete the tag."),
        ("<mj-title><b>x</b></mj-title>", "mj-head", "mj-title holds text, and no tags.", "Delete the tag."),
        ("<mj-style><b></b></mj-style>", "mj-head", "mj-style holds a style sheet, and no tags.", None),
        (
            "<mj-body></mj-body><mj-body></mj-body>",
            "mjml",
            "There is more than one mj-body.",
            "Put everything into one.",
        ),
        ('<mj-title>a "b"</mj-title>', "mj-head", "The title holds a double quote, or more than one line.", None),
        ("<mj-title>a<!-- b --></mj-title>", "mj-head", "A comment cannot stand in mj-title.", None),
        ("<mj-font name='a' />", "mj-head", "mj-font needs the attribute href.", None),
    ],
)
def test_what_stands_in_the_wrong_place_is_named(text: str, inside: str, sentence: str, remedy: str | None) -> None:
    ((_, _, said, advice),) = found(text, inside)
    assert said == sentence
    assert remedy is None or advice == remedy


@pytest.mark.parametrize(
    ("text", "inside", "sentence"),
    [
        ("<mj-raw position='file-start'>x</mj-raw>", "mj-body", "mj-raw position is not supported here."),
        ("<mj-html-attributes><mj-selector path='a'/></mj-html-attributes>", "mj-head", "mj-html-attributes is not"),
        ("<mj-raw>x</mj-raw>", "mjml", "mj-raw cannot stand directly in mjml."),
        ("<mj-hero mode='fluid-height'></mj-hero>", "mj-body", "mj-hero mode=fluid-height is not supported here."),
        ("<mj-wrapper gap='3px'></mj-wrapper>", "mj-body", "mj-wrapper gap is not supported here."),
        ("<mj-accordion-title>a<br/></mj-accordion-title>", "mj-accordion-element", "mj-accordion-title holds text"),
    ],
)
def test_what_the_compiler_does_not_do_is_said_with_another_way(text: str, inside: str, sentence: str) -> None:
    ((_, _, said, advice),) = found(text, inside)
    assert said.startswith(sentence)
    assert advice.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        '<mj-include path="/etc/passwd" />',
        '<mj-include path="https://evil.example/x.mjml" type="css"></mj-include>',
        '<MJ-Include path="/etc/passwd" />',
        '<mj-text><mj-include path="/etc/passwd" /></mj-text>',
        '<mj-spacer><mj-include path="/etc/passwd" /></mj-spacer>',
        '<mj-raw><p><mj-include path="/etc/passwd" /></p></mj-raw>',
    ],
)
def test_an_include_is_refused_everywhere(text: str) -> None:  # F22
    sentence = "mj-include is not allowed: a mail holds all of itself."
    assert [problem[2] for problem in found(text)] == [sentence]


@pytest.mark.parametrize("inside", ["mj-body", "mj-head"])
def test_the_compiler_itself_loads_no_include(inside: str) -> None:  # F22
    with pytest.raises(mjml.MjmlInvalid, match="unable to load included template"):
        mjml.to_html(f'<mjml><{inside}><mj-include path="/etc/passwd" /></{inside}></mjml>')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<mj-text>x", [(1, 1, "<mj-text> is not closed.", "Write </mj-text> where it ends.")]),
        (
            "<mj-text>\n <b><i>x</b></i></mj-text>",
            [
                (2, 5, "<i> is not closed before </b>.", "Write </i> where it ends."),
                (2, 13, "</i> closes a tag that is not open.", "Delete it, or open the tag."),
            ],
        ),
        ("</mj-text>", [(1, 1, "</mj-text> closes a tag that is not open.", "Delete it, or open the tag.")]),
        (
            "<mj-text><p>x</P></mj-text>",
            [
                (1, 10, "<p> is not closed before </mj-text>.", "Write </p> where it ends."),
                (1, 14, "</P> closes a tag that is not open.", "Did you mean </p>?"),
            ],
        ),
        ("<mj-text>a<br></br></mj-text>", [(1, 15, "</br> closes nothing: <br> holds nothing.", "Delete it.")]),
    ],
)
def test_tags_that_are_not_closed_or_crossed_are_named_with_line_and_column(
    text: str, said: list[tuple[int, int, str, str]]
) -> None:
    assert found(text) == said


@pytest.mark.parametrize(
    ("text", "at", "sentence"),
    [
        ("<mj-text>a < b</mj-text>", (1, 12), "A < begins a tag here, and none follows."),
        ("<mj-text>a</ b></mj-text>", (1, 11), "This closing tag cannot be read."),
        ("<mj-text>a<?php x ?></mj-text>", (1, 11), "A mail holds no declarations."),
        ("<mj-text><![CDATA[x]]></mj-text>", (1, 10), "A mail holds no declarations."),
        ("<mj-text><p width=5>x</p></mj-text>", (1, 18), "A value in <p> has no quotes around it."),
        ("<mj-text><p a='1'b='2'>x</p></mj-text>", (1, 18), "The tag <p> cannot be read from here on."),
        ("<mj-text>\n<p / >x</mj-text>", (2, 4), "The tag <p> cannot be read from here on."),
        ("<mj-spacer <mj-text>x</mj-text>", (1, 1), "The tag <mj-spacer> has no end."),
        ("<mj-spacer", (1, 1), "The tag <mj-spacer> has no end."),
        ("<!-- x", (1, 1), "The comment that begins here is never closed."),
        ("<!-- a -- b -->", (1, 1), "Programs read this comment each in their own way."),
        ("<!--><script>x</script>-->", (1, 1), "Programs read this comment each in their own way."),
        ("<mj-text>\n a\x00b</mj-text>", (2, 3), "No mail can hold the character U+0000."),
        ("<mj-text>\ud800</mj-text>", (1, 10), "No mail can hold the character U+D800."),
        ("<mj-image src='a' alt='a \"b'/>", (1, 19), "The value of alt holds a double quote."),
        ("<mj-text><p class='a\" onclick=\"b'>x</p></mj-text>", (1, 13), "The value of class holds a double quote."),
        ("<mj-image src='a' alt='a\nb'/>", (1, 19), "The value of alt has more than one line, or a tab."),
    ],
)
def test_what_the_compiler_cannot_read_or_writes_wrongly_is_named(
    text: str, at: tuple[int, int], sentence: str
) -> None:
    assert (*at, sentence) in [problem[:3] for problem in found(text)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<script>x()</script>", "A mail cannot hold <script>."),
        ("<SCRIPT>x()</SCRIPT>", "A mail cannot hold <script>."),
        ("<iframe src='https://a.example/'></iframe>", "A mail cannot hold <iframe>."),
        ("<form action='https://a.example/'></form>", "A mail cannot hold <form>."),
        ("<img src='https://a.example/a.png' onerror='x()'/>", "A mail cannot hold onerror: it would run a script."),
        ("<img src='https://a.example/a.png' ONLOAD='x()'/>", "A mail cannot hold onload: it would run a script."),
        ("<a href='javascript:x()'>x</a>", "A mail may not lead to javascript:"),
        ("<a href=' JAVA&#x09;script&colon;x()'>x</a>", "A mail may not lead to javascript:"),
        ("<a href='&#1;vbscript:x()'>x</a>", "A mail may not lead to vbscript:"),
        ("<img src='data:image/png;base64,AAAA'/>", "A mail may not lead to data:"),
        ("<img srcset='https://a.example/a.png 1x, data:x 2x'/>", "A mail may not lead to data:"),
        ("<v:fill o:href='file:///etc/passwd'/>", "A mail may not lead to file:"),
        ("<p style='background:url(javascript:x())'>x</p>", "A style in a mail may not hold javascript."),
        ("<p style='width:e\\78 pression(x)'>x</p>", "A style in a mail may not hold expression."),
        ("<p style='width:expr/**/ession(x)'>x</p>", "A style in a mail may not hold expression."),
        ("<style>@import 'https://a.example/a.css'</style>", "A style in a mail may not hold @import."),
        ("<meta http-equiv='Refresh' content='0;url=https://a.example/'/>", "A mail cannot hold http-equiv in <meta>."),
        ("<div srcdoc='x'></div>", "A mail cannot hold srcdoc in <div>."),
        ("<dvi>x</dvi>", "Mails have no tag <dvi>."),
        ("<marquee>x</marquee>", "Mails have no tag <marquee>."),
        ("<B>x</B>", "<B> has capital letters."),
    ],
)
def test_html_that_runs_leads_astray_or_does_not_exist_is_refused(text: str, sentence: str) -> None:  # F25
    for holder in ("mj-text", "mj-raw"):
        assert [problem[2] for problem in found(f"<{holder}>{text}</{holder}>")] == [sentence]


@pytest.mark.parametrize("css", ["a{background:url('data:x')}", "a{behavior:url(x)}", "/* x */ @import 'a';"])
def test_a_style_sheet_may_load_and_run_nothing(css: str) -> None:
    assert "A style in a mail may not hold" in found(f"<mj-style>{css}</mj-style>", "mj-head")[0][2]


@pytest.mark.parametrize("component", ["mj-button href", "mj-image src", "mj-navbar base-url"])
def test_the_targets_of_components_are_looked_at_too(component: str) -> None:  # F25
    name, attribute = component.split()
    assert "A mail may not lead to javascript:" in {
        problem[2] for problem in found(f"<{name} {attribute}='javascript:x()'></{name}>")
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<mj-raw><!--[if mso]><b>x</b></mj-raw>", "The comment for Outlook is never closed."),
        ("<mj-raw>x<![endif]--></mj-raw>", "This closes no comment."),
        ("<mj-raw><!--[if mso]><!--[if mso]>x<![endif]--></mj-raw>", "A comment for Outlook stands inside another."),
        ("<mj-raw><!--[if mso]>a --> b<![endif]--></mj-raw>", "This --> ends the comment for Outlook too early."),
        (
            "<mj-raw><!--[if mso]><!-- a --><![endif]--></mj-raw>",
            "A comment stands inside a comment for Outlook, and would end it.",
        ),
        ("<!--[if mso]><mj-text>x</mj-text><![endif]-->", "A comment for Outlook can stand only where HTML can."),
        ("<mj-raw><!--[if mso]><script>x</script><![endif]--></mj-raw>", "A mail cannot hold <script>."),
    ],
)
def test_comments_for_outlook_are_whole_and_looked_into(text: str, sentence: str) -> None:
    assert found(text)[0][2] == sentence


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("<mj-text align='left'><p class='x' data-y='1'>a<br>b &amp; c</p></mj-text>", "mj-column"),
        ("<!-- <mj-foo>\n --><mj-spacer height='1px' />", "mj-column"),
        ("<mj-raw><p>{{ x }}</p><td nowrap></td></mj-raw>", "mj-column"),
        ("<mj-text /><mj-button href='https://a.example/?a=1&b=2'>Go</mj-button>", "mj-column"),
        ("<mj-button href='slotq17z' letter-spacing='-0.5px' line-height='1.5'>Go</mj-button>", "mj-column"),
        ("<mj-text color='RED' container-background-color='rgba(1, 2, 3, 0.5)'>x</mj-text>", "mj-column"),
        ("<mj-image src='a.png' height='auto' padding='0 1.5px 2% 0'/>", "mj-column"),
        ("<mj-raw><!--[if mso]><v:rect><w:anchorlock/></v:rect><![endif]--></mj-raw>", "mj-column"),
        ("<mj-raw><!--[if !mso]><!--><p>x <!-- y --></p><!--<![endif]--></mj-raw>", "mj-column"),
        ("<mj-section><mj-column></mj-column></mj-section>", "mj-wrapper"),
        ("<mj-hero></mj-hero><mj-raw></mj-raw>", "mj-body"),
        ("<p>x</p>", "mj-text"),
        ("words", "mj-title"),
        ("a > b { color: red; scroll-behavior: smooth }", "mj-style"),
        ("<mj-class name='a' border-radius='3px 4px' color='red'/><mj-all font-size='3px'/>", "mj-attributes"),
        ("<mj-attributes><mj-image src='a.png'/></mj-attributes>", "mj-head"),
        ("", "mj-wrapper"),
    ],
)
def test_good_mjml_has_no_problem(text: str, inside: str) -> None:
    assert found(text, inside) == []


def test_a_needed_attribute_may_come_from_elsewhere() -> None:
    column = "<mj-section><mj-column>{}</mj-column></mj-section>"
    given_ = (
        "<mjml><mj-head><mj-attributes><mj-image src='a.png'/></mj-attributes></mj-head><mj-body>{}</mj-body></mjml>"
    )
    assert mjml.problems(given_.format(column.format("<mj-image/>"))) == []
    assert found("<mj-image mj-class='logo'/>") == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no tag at all", "Text cannot stand directly in a mail."),
        ("", "There is no <mjml> here."),
        ("<mj-section></mj-section>", "A mail begins with <mjml>."),
        ("<mjml></mjml><mjml></mjml>", "There is more than one mjml."),
        ("<mjml><mj-body>", "<mjml> is not closed."),
        ("<mj-foo></mj-foo>", "MJML has no tag mj-foo."),
    ],
)
def test_a_whole_mail_is_one_mjml(text: str, sentence: str) -> None:
    assert sentence in [problem.sentence for problem in mjml.problems(text)]


def test_line_and_column_count_characters_from_one() -> None:
    text = "<mjml>\n<mj-body>\né👩 <mj-foo/>\n</mj-body></mjml>"
    (problem,) = [one for one in mjml.problems(text) if "mj-foo" in one.sentence]
    assert (problem.line, problem.column) == (3, 4)
    assert str(problem) == "Line 3, column 4: MJML has no tag mj-foo. Did you mean mj-font?"


def test_what_only_the_compiler_knows_is_found_at_its_place() -> None:
    ((line, column, sentence, _),) = found("<mj-text>é</mj-text>\n<mj-social> </mj-social>")
    assert (line, column) == (2, 12)
    assert sentence.startswith("The compiler cannot go on here: unexpected token")
    assert found("<mj-text>]]></mj-text>")[0][:2] == (1, 1)


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(mjml.MjmlInvalid, match=r"^Line 2, column 1: .* mj-x\. .* Line 3, column 1: .* mj-y\."):
        mjml.checked_html(FRAME.format("\n<mj-x/>\n<mj-y/>\n"))
    assert "<p>x</p>" in mjml.checked_html(FRAME.format("<mj-text><p>x</p></mj-text>"))


def filled(part: str, frame: str = "{}") -> str:
    """A text of a part again and again, as long as a text may be."""
    return frame.format(part * ((mjml.LONGEST - len(frame)) // len(part)))


SECONDS = 1 if sys.gettrace() is None else 3
"""Measuring coverage alone takes more than the check."""
HOSTILE = {
    "a megabyte of <": "<" * 1_000_000,
    "a line of a megabyte": FRAME.format("<mj-text>" + "a " * 500_000 + "</mj-text>"),
    "10,000 tags inside each other": FRAME.format("<mj-text>" + "<div>" * 10_000 + "</div>" * 10_000 + "</mj-text>"),
    "10,000 tags that are never closed": "<mjml><mj-body>" + "<mj-wrapper>" * 10_000,
    "many <": filled("<"),
    "a long line": filled("a", FRAME.format("<mj-text>{}</mj-text>")),
    "many tags": filled("<mj-text>x</mj-text>", FRAME),
    "many line breaks": filled("<br>", FRAME.format("<mj-text>{}</mj-text>")),
    "many attributes": filled("a='b' ", FRAME.format("<mj-text><p {}>x</p></mj-text>")),
    "many wrong attributes": filled("a='b' ", FRAME.format("<mj-text {}>x</mj-text>")),
    "many spaces": filled(" ", "<mjml a{}="),
    "open quotes": filled("<a b=\"'"),
    "open comments": filled("<!--"),
    "closed comments": filled("<!---->", FRAME),
    "open comments of a style sheet": filled("/*/", HEAD.format("<mj-style>{}</mj-style>")),
    "escapes of a style sheet": filled("\\", HEAD.format("<mj-style>{}</mj-style>")),
    "a long name": filled("a", "<{}>"),
    "a long value": filled("1px ", FRAME.format("<mj-text padding='{}'>x</mj-text>")),
    "many pictures": filled("a,", FRAME.format("<mj-text><img srcset='{}'/></mj-text>")),
    "many comments for Outlook": filled("<!--[if mso]><![endif]-->", FRAME.format("<mj-raw>{}</mj-raw>")),
    "open style sheets": filled("<mj-style"),
    "zeros": filled("\0"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_checked_in_less_than_a_second(name: str) -> None:  # F43
    begun = time.process_time()
    said = mjml.problems(HOSTILE[name])
    assert time.process_time() - begun < SECONDS
    assert len(said) <= mjml.MOST


def test_what_is_nested_too_deep_never_reaches_the_compiler() -> None:  # F43
    deep = FRAME.format("<mj-text>" + "<div>" * 10_000 + "</div>" * 10_000 + "</mj-text>")
    assert [problem.sentence for problem in mjml.problems(deep)] == ["More than 100 tags stand inside each other here."]
    with pytest.raises(mjml.MjmlInvalid, match="stand inside each other"):
        mjml.to_html(deep)
    assert mjml.to_html(FRAME.format("<mj-text>" + "<div>a<br></div>" * 10_000 + "</mj-text>"))


def test_a_mail_that_is_far_too_long_is_not_read() -> None:  # F43
    (problem,) = mjml.problems(" " * 150_001)
    assert problem == MjmlProblem(
        1, 1, "The mail has 150,001 characters; 150,000 is the most.", "Write less, or link to it."
    )


def test_a_tag_in_a_place_where_it_cannot_be_is_an_error() -> None:
    with pytest.raises(mjml.MjmlInvalid, match="cannot be"):
        mjml.to_html("<mjml><mj-body><mj-text><mj-section></mj-section></mj-text></mj-body></mjml>")


PARTS = [
    "<mj-text>",
    "</mj-text>",
    "<mj-raw>",
    "</mj-raw>",
    "<p>",
    "</p>",
    "<br>",
    "<br/>",
    "<p class='a'>",
    "<!-- ",
    " -->",
]
PARTS += [
    "<!--[if mso]>",
    "<![endif]-->",
    "<!--[if !mso]><!-->",
    "<!--<![endif]-->",
    "<mj-spacer/>",
    "<mj-image src='a'/>",
]
PARTS += [
    "x",
    "é",
    "&amp;",
    "&",
    "\n",
    "<",
    ">",
    '"',
    "--",
    "<mj-divider>",
    "</mj-divider>",
    "<mj-text color=",
    "'red'>",
    "/",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_what_has_no_problem_compiles_and_keeps_its_tags(text: str) -> None:
    if not mjml.problems(text, "mj-column"):
        html = mjml.to_html(FRAME.format(text))
        assert "<mj-" not in html
        assert html.count("</p>") >= text.count("</p>") - text.count("<!--")
