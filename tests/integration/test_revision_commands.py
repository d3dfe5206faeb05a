"""`newsletter issues history`, `diff`, `restore` and `copy`."""

import getpass
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from newsletter.app import App
from newsletter.commands import authors
from newsletter.issues import issues
from newsletter.issues.tables import Revision
from newsletter.ledger.tables import Campaign
from tests.support.commands import CommandLine
from tests.support.issue_files import HEAD, a_file, a_section
from tests.support.school import ISSUE, a_scheduled_campaign, a_school

FIRST = a_file(a_section(en="Read ten minutes.", es="Lea diez minutos."), a_section("tip {#tip}", en="Try it."))
SECOND = a_file(
    a_section(en="Read twenty minutes.", es="Lea diez minutos."),
    a_section("tip {#tip}", en="Try it."),
    a_section("story {#new}", en="New here."),
    head=HEAD.replace("Five", "Six"),
)


def taken(text: str, issue: int, revision: int) -> str:
    """A text as `issues export` writes it."""
    return text.replace("---\n", f"---\n# issue {issue}, revision {revision}\n", 1)


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
    for no, text in enumerate((FIRST, SECOND), 1):
        (tmp_path / f"{no}.md").write_text(text, encoding="utf-8")
    command.do("issues", "import", "1.md", "--by", "Ana Ruiz")
    command.do("issues", "import", "2.md", "--issue", "2", "--by", "Ben [b]Ode")
    return command


def test_the_history_says_when_who_and_what(newsletter: CommandLine) -> None:
    rows = newsletter.do("issues", "history", "2", "--json").json()
    assert [(row["no"], row["author"], row["changed"]) for row in rows] == [
        (1, "Ana Ruiz", "begun with 2 sections"),
        (2, "Ben [b]Ode", "added new; changed subject (en), reading (en)"),
    ]
    said = newsletter.do("issues", "history", "2").out
    assert said.startswith("Issue 2: 2 revisions, the newest last\n")
    assert "Ben [b]Ode" in said
    assert "Issue 1: 1 revision, the newest last" in newsletter.do("issues", "history", "1").out


def test_the_history_says_which_campaigns_a_revision_went_out_in(newsletter: CommandLine, app: App) -> None:
    campaign_id = a_scheduled_campaign(app)
    (newsletter.folder / "school.md").write_text(ISSUE.replace("Small", "Long"), encoding="utf-8")
    newsletter.do("issues", "import", "school.md", "--issue", "1")
    rows = newsletter.do("issues", "history", "1", "--json").json()
    assert [row["campaigns"] for row in rows] == [[{"id": campaign_id, "state": "scheduled"}], []]
    assert f"{campaign_id} (scheduled)" in newsletter.do("issues", "history", "1").out


def test_a_difference_in_a_pipe_has_marks_for_what_went_and_what_came(newsletter: CommandLine) -> None:
    said = newsletter.do("issues", "diff", "2").out
    for told in (
        "Issue 2, from revision 1 to 2, which Ben [b]Ode saved",
        "subject, en: [-Five-]{+Six+} small bridges",
        "section reading: changed\n  en: Read [-ten-]{+twenty+} minutes.",
        "section new: added\n  en: {+New here.+}",
    ):
        assert told in said
    back = newsletter.do("issues", "diff", "2", "2", "1").out
    assert "section new: removed\n  en: [-New here.-]" in back


def test_a_difference_as_json_has_every_piece(newsletter: CommandLine) -> None:
    facts = newsletter.do("issues", "diff", "2", "1", "2", "--json").json()
    assert (facts["from"], facts["to"], facts["words"]) == (1, 2, "added new; changed subject (en), reading (en)")
    reading = next(one for one in facts["sections"] if one["key"] == "reading")
    assert reading["texts"][0]["pieces"] == [
        {"change": "kept", "text": "Read "},
        {"change": "removed", "text": "ten"},
        {"change": "added", "text": "twenty"},
        {"change": "kept", "text": " minutes.\n"},
    ]


def test_a_difference_keeps_of_a_long_text_what_stands_near_a_change(newsletter: CommandLine) -> None:
    words = " ".join(f"word{n}" for n in range(100))
    for no, text in enumerate((f"{words} old {words}", f"{words} new {words}\n\nMore."), 1):
        (newsletter.folder / f"{no}.md").write_text(a_file(a_section(en=text)), encoding="utf-8")
        newsletter.do("issues", "import", f"{no}.md", "--issue", "2")
    said = newsletter.do("issues", "diff", "2").out
    assert "en: … word92 word93 word94 word95 word96 word97 word98 word99 [-old-]{+new+} word0" in said
    assert "word7 … word92 word93 word94 word95 word96 word97 word98 word99{+\n    \n    More.+}" in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (a_section("story {#reading bands=high}", en="Read ten minutes.", es="Lea diez minutos."), "  bands: {+high+}"),
        (a_section(en="Read\nten minutes.", es="Lea diez minutos."), "  en: only blanks and the ends of lines"),
        (
            a_section("tip {#tip}", en="Try it.") + a_section(en="Read"),
            "section reading: changed\n  en: Read",
        ),
        (a_section(en="Read\n\nten minutes.", es="Lea diez minutos."), "  en: Read{+¶+}ten minutes."),
    ],
    ids=range(4),
)
def test_every_kind_of_change_is_told(newsletter: CommandLine, line: str, told: str) -> None:
    more = "" if "#tip" in line else a_section("tip {#tip}", en="Try it.")
    (newsletter.folder / "3.md").write_text(a_file(line, more), encoding="utf-8")
    newsletter.do("issues", "import", "3.md", "--issue", "2")
    assert told in newsletter.do("issues", "diff", "2", "1", "3").out


def test_a_difference_is_coloured_on_a_terminal(newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    said = newsletter.do("issues", "diff", "2").out
    assert "\x1b[9;31mten\x1b[0m\x1b[4;32mtwenty\x1b[0m" in said
    assert "[-ten-]" not in said


def test_what_is_not_there_and_what_is_alike_is_said(newsletter: CommandLine) -> None:
    assert newsletter.do("issues", "diff", "1").out == "Issue 1: revisions 1 and 1 say the same.\n"
    for command in (("diff", "2", "7"), ("diff", "2", "1", "7"), ("restore", "2", "7")):
        said = newsletter("issues", *command)
        assert said.err == "Error: Issue 2 has no revision 7. `newsletter issues history 2` shows them.\n"


def test_restoring_saves_the_earlier_text_as_the_newest_and_takes_nothing_away(newsletter: CommandLine) -> None:
    said = newsletter.do("issues", "restore", "2", "1", "--by", "Ana Ruiz")
    assert said.out.startswith("Issue 2 is as it was in revision 1: that is revision 3 now.")
    rows = newsletter.do("issues", "history", "2", "--json").json()
    assert [(row["no"], row["author"]) for row in rows] == [(1, "Ana Ruiz"), (2, "Ben [b]Ode"), (3, "Ana Ruiz")]
    again = newsletter.do("issues", "restore", "2", "1")
    assert "Nothing is changed" in again.out
    newsletter.do("issues", "export", "2", "back.md")
    assert (newsletter.folder / "back.md").read_text(encoding="utf-8") == taken(FIRST, 2, 3)


def test_a_copy_has_the_same_sections_and_translations_for_another_month(newsletter: CommandLine) -> None:
    marked = SECOND.replace("::: lang es", "::: lang es {source=abcdef}")
    (newsletter.folder / "3.md").write_text(marked, encoding="utf-8")
    newsletter.do("issues", "import", "3.md", "--issue", "2")
    made = newsletter.do("issues", "copy", "2", "2027-01", "--by", "Ana Ruiz", "--json").json()
    assert made == {"id": 3, "month": "2027-01", "revision": 1, "copied_from": 2}
    newsletter.do("issues", "export", "3", "january.md")
    january = marked.replace("2026-12", "2027-01")
    assert (newsletter.folder / "january.md").read_text(encoding="utf-8") == taken(january, 3, 1)
    assert "Next: newsletter issues check 4" in newsletter.do("issues", "copy", "2", "2027-02").out
    assert newsletter("issues", "copy", "2", "January").err == "Error: A month is written like 2027-01.\n"


def test_the_machines_user_saves_where_nobody_is_named(
    newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsletter.do("issues", "new", "2027-03")
    newsletter.do("issues", "copy", "2", "2027-03")
    shown = [newsletter.do("issues", "history", no, "--json").json()[0]["author"] for no in ("3", "4")]
    assert shown == [getpass.getuser()] * 2
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 987_654)  # an account of which the machine knows no name
    assert authors._user() == "command line"  # noqa: SLF001 - what stands for nobody


def test_the_revision_of_a_campaign_can_never_be_taken_away(newsletter: CommandLine, app: App) -> None:
    newsletter.do("issues", "history", "1")
    campaign_id = a_scheduled_campaign(app)
    with app.database.reading() as session:
        revision_id = session.get_one(Campaign, campaign_id).revision_id
        bound = issues.revision(session, revision_id or 0).document
    (newsletter.folder / "school.md").write_text(ISSUE.replace("Small", "Long"), encoding="utf-8")
    newsletter.do("issues", "import", "school.md", "--issue", "1")
    newsletter.do("issues", "restore", "1", "1")
    with pytest.raises(IntegrityError), app.database.writing() as session:
        session.execute(delete(Revision).where(Revision.id == revision_id))
    with app.database.reading() as session:
        assert issues.revision(session, session.get_one(Campaign, campaign_id).revision_id or 0).document == bound


def test_what_changed_since_the_last_issue_is_shown(newsletter: CommandLine, tmp_path: Path) -> None:
    made = newsletter.do("issues", "copy", "2", "2027-01", "--json").json()["id"]
    newsletter.do("issues", "export", str(made), "january.md")
    file = tmp_path / "january.md"
    file.write_text(file.read_text(encoding="utf-8").replace("twenty minutes", "thirty minutes"), encoding="utf-8")
    newsletter.do("issues", "import", "january.md", "--issue", str(made))
    said = newsletter.do("issues", "diff", str(made), "--last-issue").out
    assert said.startswith(f"Issue {made}, from issue 2 to revision 2, which ")
    assert "[-twenty-]{+thirty+}" in said
    told = newsletter.do("issues", "diff", str(made), "--last-issue", "--json").json()
    assert (told["from_issue"], told["from"], told["to"]) == (2, 2, 2)
    refused = newsletter("issues", "diff", "1", "--last-issue")
    assert (refused.code, refused.err) == (1, "Error: There is no issue before issue 1.\n")
    assert newsletter("issues", "diff", "1", "1", "--last-issue").code == 2
