"""Two editors who take the same issue, write in it, and save."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.app import App
from newsletter.issues import bases, issues
from newsletter.issues.bases import Base, SavedMeanwhile
from tests.support.commands import CommandLine
from tests.support.issue_files import a_file, a_section
from tests.support.school import a_school

TEXT = a_file(a_section(en="One"), a_section("tip {#tip}", en="Try it."))


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    with a_school(database_url, f"file://{tmp_path}/outbox", tmp_path) as app:
        yield app


@pytest.fixture
def newsletter(
    app: App, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    command = CommandLine(tmp_path, monkeypatch, capsys).of_school(database_url, f"file://{tmp_path}/outbox")
    assert app.organization.id == 1
    (tmp_path / "issue.md").write_text(TEXT, encoding="utf-8")
    command.do("issues", "import", "issue.md", "--by", "Ana")
    for who in ("ana", "ben"):
        command.do("issues", "export", "2", f"{who}.md")
    return command


def change(newsletter: CommandLine, name: str, old: str, new: str) -> None:
    file = newsletter.folder / name
    text = file.read_bytes()
    assert old.encode() in text
    file.write_bytes(text.replace(old.encode(), new.encode()))


def stored(app: App) -> list[str]:
    with app.database.reading() as session:
        return [revision.document for revision in issues.revisions(session, issues.get(session, 2))]


def test_of_two_who_write_at_once_the_second_is_told_before_anything_is_undone(
    newsletter: CommandLine, app: App
) -> None:
    change(newsletter, "ben.md", "One", "Two")
    newsletter.do("issues", "import", "ben.md", "--issue", "2", "--by", "Ben")
    change(newsletter, "ana.md", "Try it.", "Try it again.")
    said = newsletter("issues", "import", "ana.md", "--issue", "2", "--by", "Ana")
    assert said.code == 1
    assert said.err == (
        "Error: Issue 2 was saved since you took this file: revision 2 by Ben. "
        "See: newsletter issues diff 2 1 2. Import it all the same with --over.\n"
    )
    assert stored(app) == [TEXT, TEXT.replace("One", "Two")]
    newsletter.do("issues", "import", "ana.md", "--issue", "2", "--over")
    assert stored(app)[2:] == [TEXT.replace("Try it.", "Try it again.")]


def test_who_goes_on_writing_in_one_file_is_not_told_of_their_own_saves(newsletter: CommandLine, app: App) -> None:
    for no, (old, new) in enumerate((("One", "Two"), ("Two", "Three")), 2):
        change(newsletter, "ana.md", old, new)
        newsletter.do("issues", "import", "ana.md", "--issue", "2")
        assert (newsletter.folder / "ana.md").read_text(encoding="utf-8").startswith(f"---\n# issue 2, revision {no}\n")
    assert stored(app)[-1] == TEXT.replace("One", "Three")


def test_the_same_text_as_the_newest_undoes_nothing(newsletter: CommandLine, app: App) -> None:
    for name in ("ana.md", "ben.md"):
        change(newsletter, name, "One", "Two")
        newsletter.do("issues", "import", name, "--issue", "2")
    assert stored(app) == [TEXT, TEXT.replace("One", "Two")]


def test_a_file_that_names_no_base_is_saved_and_stays_as_it_is(newsletter: CommandLine, app: App) -> None:
    change(newsletter, "issue.md", "One", "Two")
    change(newsletter, "ben.md", "One", "Three")
    newsletter.do("issues", "import", "ben.md", "--issue", "2")
    newsletter.do("issues", "import", "issue.md", "--issue", "2")
    assert stored(app)[-1] == (newsletter.folder / "issue.md").read_text(encoding="utf-8")


def test_a_file_of_another_issue_is_not_saved_over_this_one_by_mistake(newsletter: CommandLine, app: App) -> None:
    change(newsletter, "ana.md", "One", "Special")
    newsletter.do("issues", "import", "ana.md")
    said = newsletter("issues", "import", "ana.md", "--issue", "2")
    assert said.err == (
        "Error: This file was taken from issue 3, not from issue 2. Import it all the same with --over.\n"
    )
    assert stored(app) == [TEXT]


def test_line_ends_and_lines_of_problems_are_those_of_the_file(newsletter: CommandLine, app: App) -> None:
    change(newsletter, "ana.md", "\n", "\r\n")
    newsletter.do("issues", "import", "ana.md", "--issue", "2")
    assert (newsletter.folder / "ana.md").read_bytes().startswith(b"---\r\n# issue 2, revision 2\r\nmonth:")
    assert stored(app)[-1].startswith("---\r\nmonth:")
    change(newsletter, "ben.md", "section tip", "section nip")
    assert "line 12: There is no kind" in newsletter("issues", "import", "ben.md", "--issue", "2").err


def test_who_saves_at_the_same_moment_waits_and_is_told(newsletter: CommandLine, app: App) -> None:
    assert newsletter.do("issues", "show", "2", "--json").json()["revision"] == 1
    told: list[str] = []

    def ben() -> None:
        with app.database.writing() as session, pytest.raises(SavedMeanwhile) as refused:
            bases.refuse_older(session, issues.get(session, 2), Base(2, 1), TEXT.replace("One", "Ben"))
        told.append(str(refused.value))

    other = threading.Thread(target=ben)
    with app.database.writing() as session:
        issue = issues.get(session, 2)
        bases.refuse_older(session, issue, Base(2, 1), TEXT.replace("One", "Ana"))
        other.start()
        other.join(0.5)  # as far as he comes before she saves
        issues.save(session, issue, TEXT.replace("One", "Ana"), "Ana", app.clock.now())
    other.join(30)
    assert told
    assert told[0].startswith("Issue 2 was saved since you took this file: revision 2 by Ana.")
