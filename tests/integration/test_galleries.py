"""Every family's own view side by side, in the dark and with pictures off."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from newsletter.app import App
from newsletter.issues import issues
from newsletter.issues.parsing import parse
from newsletter.rendering.appearances import in_the_dark, without_pictures
from newsletter.rendering.editions import Edition
from newsletter.sending.galleries import Shown, every_variant, gallery, page_of
from newsletter.sending.previews import NothingToShow
from tests.support import school
from tests.support.commands import CommandLine


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Iterator[App]:
    with school.a_school(sqlite_url, f"file://{tmp_path / 'outbox'}", tmp_path) as opened:
        yield opened


@pytest.fixture
def newsletter(
    app: App, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    del app
    return CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, f"file://{tmp_path / 'outbox'}")


def shown(app: App, text: str = school.ISSUE) -> list[Shown]:
    edition = Edition(parse(text), app.identity(None))
    variants = every_variant(edition.document, app.rule_context())
    return gallery(edition, variants, app.signer, app.clock.now())


def test_every_variant_is_there_once_with_the_families_that_get_it(app: App) -> None:
    told = {str(view.variant): (view.families, view.sections) for view in shown(app)}
    assert told == {
        "en-3": (("elementary families", "elementary and middle families"), ("everyone", "little")),
        "en-1": (("middle families",), ("everyone",)),
        "en-5": (("high families", "middle and high families"), ("everyone", "tall")),
        "en-7": (
            (
                "elementary and high families",
                "elementary, middle, and high families",
                "no grade known",
                "educators",
            ),
            ("everyone", "little", "tall"),
        ),
        "es-3": (("elementary families", "elementary and middle families"), ("everyone", "little")),
        "es-1": (("middle families",), ("everyone",)),
        "es-5": (("high families", "middle and high families"), ("everyone", "tall")),
        "es-7": (
            (
                "elementary and high families",
                "elementary, middle, and high families",
                "no grade known",
                "educators",
            ),
            ("everyone", "little", "tall"),
        ),
    }


def test_the_page_holds_each_mail_in_a_frame_in_which_nothing_runs(app: App) -> None:  # F25
    views = shown(app, school.ISSUE.replace("## For everyone", "## <script>alert(1)</script>"))
    page = page_of("Issue 1", views)
    frames = re.findall(r'<iframe title="[^"]*"\s+srcdoc="([^"]*)"\s+sandbox\s+loading="lazy">', page)
    assert [unescape(frame) for frame in frames] == [view.html for view in views]
    assert "<script" not in page
    assert "Spanish: middle families" in page


def test_an_issue_that_says_nothing_has_no_gallery(app: App) -> None:
    with pytest.raises(NothingToShow):
        shown(app, "---\nmonth: 2026-12\n---\n")


def test_the_command_writes_the_page(newsletter: CommandLine, tmp_path: Path) -> None:
    said = newsletter.do("issues", "gallery", "1", "--dark", "--images-off", "--out", "all.html")
    assert said.out.startswith("all.html shows 8 variants side by side.\n")
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    assert "@media all" in page
    assert "prefers-color-scheme: dark" not in page
    assert newsletter.do("issues", "gallery", "1").out.startswith("<!DOCTYPE html>")
    told = newsletter.do("issues", "gallery", "1", "--json").json()
    assert [variant["variant"] for variant in told["variants"]][:2] == ["en-3", "en-1"]
    assert told["out"] is None


def test_a_preview_in_the_dark_or_without_pictures_is_a_page(newsletter: CommandLine) -> None:
    assert "@media all" in newsletter.do("issues", "preview", "1", "--dark").out
    refused = newsletter("issues", "preview", "1", "--dark", "--format", "text")
    assert refused.code == 2
    assert "--dark and --images-off go with --format html." in refused.err


def test_in_the_dark_the_dark_rules_hold_for_everybody() -> None:
    page = "<style>:root { color-scheme: light dark; } @media (prefers-color-scheme:dark) { p { color: #fff } }</style>"
    assert in_the_dark(page) == "<style>:root { color-scheme: dark; } @media all { p { color: #fff } }</style>"


def test_without_pictures_their_words_stay() -> None:
    page = (
        """<img src="https://a.example/x.png" alt="A pot"/><img alt='B' width="5" SRC='y.png'><td background="z.png">"""
    )
    assert without_pictures(page) == """<img alt="A pot"/><img alt='B' width="5"><td>"""
    assert without_pictures('<p style="background:url(x.png) top;color:red">') == '<p style="color:red">'


def test_a_reader_of_a_role_is_previewed_by_it(app: App, newsletter: CommandLine) -> None:
    with app.database.writing() as session:
        issue = issues.get(session, 1)
        text = school.ISSUE.replace("bands=high", "roles=educator")
        issues.import_document(session, app.organization.id, text, "editor", app.clock.now(), issue=issue)
    told = newsletter.do("issues", "preview", "1", "--role", "educator", "--json").json()
    assert told["sections"] == ["everyone", "little", "tall"]
    assert newsletter.do("issues", "preview", "1", "--grade", "2", "--json").json()["sections"] == [
        "everyone",
        "little",
    ]
    refused = newsletter("issues", "preview", "1", "--role", "educator", "--as", "both@families.example")
    assert refused.code == 2
