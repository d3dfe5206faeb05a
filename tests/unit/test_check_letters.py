"""The letter as it is sent: contrast, what the law and screen readers ask, spam; and that nothing stops a check."""

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from newsletter import checks
from newsletter.checks import Check, Level, contrast, pages, spam
from newsletter.checks.contrast import BLACK, WHITE, Colour
from newsletter.checks.spam import SpamUnknown
from newsletter.issues.document import Document
from newsletter.issues.parsing import parse
from newsletter.rendering.prepared import Rendered, rendered
from tests.support.faulty_issues import ALL, base, context
from tests.support.issue_files import documents
from tests.support.mails import SIGNER, content_of, copy, identity, mail

DARK = "<style>@media (prefers-color-scheme: dark) {{ {} }}</style>"


def faint(body: str, style: str = "") -> list[tuple[str, bool, str, str]]:
    page = f"<html><head>{style}</head><body>{body}</body></html>"
    return [(one.words, one.is_dark, str(one.colour), str(one.background)) for one in contrast.faint(page)]


def test_contrast_is_that_of_wcag() -> None:
    assert contrast.ratio(BLACK, WHITE) == pytest.approx(21)
    assert contrast.ratio(WHITE, WHITE) == 1
    grey = Colour(0x77 / 255, 0x77 / 255, 0x77 / 255)
    assert contrast.ratio(grey, WHITE) == pytest.approx(4.48, abs=0.005)  # just not enough


@pytest.mark.parametrize(
    ("body", "colours"),
    [
        ('<p style="color:#777">x</p>', ("#777777", "#ffffff")),
        ('<p style="color:#767676">x</p>', None),
        ('<div style="color:#999"><p><b>x</b></p></div>', ("#999999", "#ffffff")),
        ('<div style="background:#000"><p>x</p></div>', ("#000000", "#000000")),
        ('<table><tr><td bgcolor="#000">x</td></tr></table>', ("#000000", "#000000")),
        ('<div style="background:url(a.png) #1b4f86"><a style="color:#fff">x</a></div>', None),
        ('<p style="color:lab(50% 0 0)">x</p>', None),
        ('<div style="background:#1b4f86"><a>x</a></div>', ("#0000ee", "#1b4f86")),
        ('<p style="color:rgba(0,0,0,.4)">x</p>', ("#999999", "#ffffff")),
        ('<p style="color:hsl(0,0%,60%)">x</p>', ("#999999", "#ffffff")),
        ('<p style="color:#888;font-size:24px">x</p>', None),
        ('<p style="color:#888;font-size:18px">x</p>', ("#888888", "#ffffff")),
        ('<p style="color:#888;font-size:14pt;font-weight:700">x</p>', None),
        ('<p style="color:#888;font-size:14pt;font-weight:400">x</p>', ("#888888", "#ffffff")),
        ('<h1 style="color:#888">x</h1>', None),
        ('<h4 style="color:#888">x</h4>', ("#888888", "#ffffff")),
        ('<div style="font-size:20px"><p style="font-size:1.2em;color:#888">x</p></div>', None),
        ('<p style="font-size:150%;color:#888">x</p>', None),
        ('<p style="color:#fff;display:none">x</p>', None),
        ('<p style="color:#fff;visibility:hidden">x</p>', None),
        ('<p style="color:#fff">&#9632; - </p>', None),
        ('<p style="color:#000 !important;color:#fff">x</p>', None),
        ('<p style="color:inherit;background:nonsense;font-size:large">x</p>', None),
    ],
)  # fmt: skip
def test_colours_are_those_that_a_reader_sees(body: str, colours: tuple[str, str] | None) -> None:  # M24
    assert faint(body) == ([("x", False, *colours)] if colours else [])


def test_a_style_sheet_counts_as_what_stands_on_the_element() -> None:
    assert faint('<p class="a">x</p>', "<style>.a{color:#aaa}</style>") == [("x", False, "#aaaaaa", "#ffffff")]
    assert faint('<p class="a" style="color:#000">x</p>', "<style>.a{color:#aaa}</style>") == []
    assert faint('<p class="a" style="color:#000">x</p>', "<style>.a{color:#aaa!important}</style>") != []


def test_dark_has_its_own_rules_on_top_of_those_of_light() -> None:
    body = '<p class="a" style="color:#222">x</p>'
    dark = DARK.format("body{background:#111!important} .a{color:#eee!important}")
    assert faint(body, dark) == []
    forgotten = DARK.format("body{background:#111!important}")
    assert faint(body, forgotten) == [("x", True, "#222222", "#111111")]
    assert faint(body, "<style>@media (max-width:599px) { body{background:#222} }</style>") == []


@pytest.fixture(scope="module")
def letter() -> Rendered:
    return rendered(content_of(), identity(), SIGNER, copy())


def on_pages(letter: Rendered) -> list[tuple[Check, Level, str]]:
    found = pages.findings(letter, "en", identity(), "monthly")
    return [(finding.check, finding.level, finding.sentence) for finding in found]


def test_our_own_letter_has_all_that_is_asked_of_it(letter: Rendered) -> None:
    assert on_pages(letter) == []


@pytest.mark.parametrize(
    ("part", "old", "new", "check", "words"),
    [
        ("html", 'lang="en"', 'lang="und"', Check.PAGE, "does not say that it is in en, written ltr"),  # M22
        ("html", 'dir="ltr"', 'dir="rtl"', Check.PAGE, "does not say that it is in en, written ltr"),  # M22
        ("html", "<title>Five small bridges</title>", "<title> </title>", Check.PAGE, "has no title"),  # M22
        ("html", 'role="presentation"', "", Check.PAGE, "read aloud as a table"),  # M23
        ("html", 'alt="Two people at a table"', "", Check.ALT, "A picture has no alt"),  # M23
        ("html", ">Unsubscribe</a>", "></a>", Check.UNSUBSCRIBE, "HTML part has no link to leave"),  # M16
        ("html", "/unsubscribe/", "/goodbye/", Check.UNSUBSCRIBE, "HTML part has no link to leave"),  # M16
        ("text", "/unsubscribe/", "/goodbye/", Check.UNSUBSCRIBE, "text part has no link to leave"),  # M13
        ("html", "12 Oak Street", "", Check.POSTAL_ADDRESS, "HTML part has no postal address"),  # M15
        ("text", "12 Oak Street", "", Check.POSTAL_ADDRESS, "text part has no postal address"),  # M15
        ("html", "You get this letter because", "", Check.WHY, "HTML part does not say why it came"),
        ("text", "You get this letter because", "", Check.WHY, "text part does not say why it came"),
    ],
)
def test_what_a_theme_left_out_is_found(
    letter: Rendered, part: str, old: str, new: str, check: Check, words: str
) -> None:
    assert old in getattr(letter, part)
    ((found, _, sentence),) = on_pages(replace(letter, **{part: getattr(letter, part).replace(old, new)}))
    assert found is check
    assert words in sentence


REPORT = """\
Content analysis details:   ({points} points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 2.5 SUBJ_ALL_CAPS          Subject is all capitals
 0.7 HTML_FONT_LOW_CONTRAST BODY: HTML font color similar or identical to
                            background
-1.0 KNOWN_FRIEND           Somebody said so
"""


def test_a_score_above_three_is_found_with_the_rules_that_gave_it() -> None:
    scored = spam.read(REPORT.format(points="3.2"))
    assert (scored.points, [rule.name for rule in scored.rules]) == (
        3.2,
        ["SUBJ_ALL_CAPS", "HTML_FONT_LOW_CONTRAST", "KNOWN_FRIEND"],
    )
    found = spam.findings(scored, "en")
    assert {(one.check, one.level, one.place) for one in found} == {(Check.SPAM, Level.WARNING, "letter, en")}
    assert [one.remedy for one in found[1:]] == ["Look up SUBJ_ALL_CAPS.", "Look up HTML_FONT_LOW_CONTRAST."]


def test_a_score_of_three_is_no_finding_and_a_report_without_one_an_error() -> None:
    assert spam.findings(spam.read(REPORT.format(points="3.0")), "en") == []
    with pytest.raises(SpamUnknown):
        spam.read("Segmentation fault")


def a_program(folder: Path, script: str) -> None:
    program = folder / "spamassassin"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def test_the_program_is_asked_with_the_letter_and_its_troubles_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Path(shutil.which("sh") or "/bin/sh").parent
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not spam.is_installed()
    with pytest.raises(SpamUnknown, match="not installed"):
        spam.score(b"x")
    a_program(tmp_path, 'read line; echo "Content analysis details: (1.$line points, 5.0 required)"')
    assert spam.score(b"5\n").points == 1.5
    a_program(tmp_path, "exit 3")
    with pytest.raises(SpamUnknown, match="exit status 3"):
        spam.score(b"x")
    monkeypatch.setenv("PATH", f"{tmp_path}:{shell}")
    a_program(tmp_path, "exec sleep 9")
    with pytest.raises(SpamUnknown, match="timed out"):
        spam.score(b"x", seconds=0.2)


@pytest.mark.skipif(not spam.is_installed(), reason="SpamAssassin is not installed here")
def test_the_real_spamassassin_likes_our_letter() -> None:
    assert spam.score(mail().raw).points < 3


def test_a_check_can_be_made_in_another_process() -> None:
    document, where = parse(base(ALL).replace("12月4日之前", "12月14日之前")), context()
    found = checks.check(*pickle.loads(pickle.dumps((document, where))))  # noqa: S301 - our own
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301
    assert [one.check for one in found] == [Check.DRIFT]


@settings(max_examples=60, deadline=None)
@given(documents())
def test_whatever_is_typed_a_check_ends_with_findings(document: Document) -> None:
    found = checks.check(document, context())
    assert all(one.sentence and one.remedy for one in found)
