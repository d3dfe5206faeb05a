"""An issue as everybody may see it, from the command line."""

from pathlib import Path

import pytest

from tests.support import school
from tests.support.commands import CommandLine

GOAL = """
:::: section goal {#aloud until=2026-12-18}
::: lang en
## Ten minutes aloud
:::
::::
"""


@pytest.fixture
def newsletter(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line of a school whose second issue has a goal."""
    transport = f"file://{tmp_path / 'outbox'}"
    with school.a_school(sqlite_url, transport, tmp_path):
        pass
    command = CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, transport)
    (tmp_path / "goal.md").write_text(school.ISSUE + GOAL, encoding="utf-8")
    command.do("issues", "import", "goal.md")
    return command


def test_a_page_is_what_everybody_may_see(newsletter: CommandLine) -> None:
    page = newsletter.do("issues", "page", "1").out
    assert page.startswith("<!DOCTYPE html>")
    assert "Ten minutes an evening" in page
    assert "Plan the year" in page
    assert "<script" not in page


def test_a_page_is_made_in_a_language_and_for_grades(newsletter: CommandLine) -> None:
    page = newsletter.do("issues", "page", "1", "--language", "es", "--grade", "2").out
    assert "Diez minutos" in page
    assert "El plan del año" not in page


@pytest.mark.parametrize("form", ["web", "print", "goal"])
def test_each_form_is_written_to_a_file(newsletter: CommandLine, tmp_path: Path, form: str) -> None:
    said = newsletter.do("issues", "page", "2", "--format", form, "--out", "page.html")
    assert said.out.splitlines()[0] == f"page.html holds the {form} page of issue 2 in en."
    assert "Ten minutes aloud" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_an_issue_without_a_goal_has_no_card(newsletter: CommandLine) -> None:
    refused = newsletter("issues", "page", "1", "--format", "goal")
    assert (refused.code, refused.err) == (
        1,
        "Error: The issue has no goal to print. Add a section such as :::: section goal {#reading} first.\n",
    )


def test_a_pdf_is_made_where_the_library_is_installed(newsletter: CommandLine, tmp_path: Path) -> None:
    said = newsletter("issues", "page", "1", "--format", "pdf", "--out", "page.pdf", "--json")
    if said.code:
        assert "Install newsletter[pdf]" in said.err
        return
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")
    assert said.json()["bytes"] == (tmp_path / "page.pdf").stat().st_size
