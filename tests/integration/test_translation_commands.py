"""`newsletter issues translations` and `sign-off`, from the command to the file and back."""

from pathlib import Path

import pytest

from newsletter.clock import Clock
from subscribers import lists, organizations
from subscribers.db import Database
from tests.support.commands import CommandLine
from tests.support.issue_files import a_file, a_section

HEAD = "---\nmonth: 2026-12\nsubject: {en: Five bridges, es: Cinco puentes}\n---\n"
TEXT = a_file(a_section(en="## One\nTwo lines.", es="## Uno\nDos."), a_section("tip {#bag}", en="A note"), head=HEAD)


@pytest.fixture
def command(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line of a school with one list and one issue, whose tip is not translated."""
    line = CommandLine(tmp_path, monkeypatch, capsys).of_school(database_url, f"file:{tmp_path / 'outbox'}")
    database = Database(database_url)
    with database.writing() as session:
        now = Clock().now()
        organization = organizations.create(session, "Maple Families", now)
        lists.create(session, organization.id, "families", "Families", now=now)
    database.close()
    (tmp_path / "issue.md").write_text(TEXT, encoding="utf-8")
    line.do("issues", "import", "issue.md")
    return line


def translate(file: Path, *, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_what_is_missing_goes_out_as_po_and_comes_back(command: CommandLine) -> None:
    said = command.do("issues", "translations", "export", "1", "es.po", "--language", "es")
    assert said.out.splitlines() == [
        "es.po has 1 text of issue 1 to translate into es.",
        "1 missing; 2 words in en.",
        "Next, with the translator's file: newsletter issues translations import 1 es.po",
    ]
    translate(command.folder / "es.po", old='msgid "A note"\nmsgstr ""', new='msgid "A note"\nmsgstr "Una nota"')
    said = command.do("issues", "translations", "import", "1", "es.po", "--by", "Marta Gil")
    assert said.out.splitlines() == [
        "1 text in es is saved as revision 2 of issue 1.",
        "Next: newsletter issues check 1",
    ]
    assert command.do("issues", "translations", "import", "1", "es.po").out.splitlines() == [
        "Nothing new in es; issue 1 stays at revision 2.",
        "1 text we have already.",
        "Next: newsletter issues translations show 1",
    ]
    shown = command.do("issues", "show", "1", "--json").json()
    assert (shown["revision"], shown["author"]) == (2, "Marta Gil")
    found = command.do("issues", "check", "1", "--json").json()["findings"]
    assert {finding["check"] for finding in found} == {"preheader"}


def test_a_new_language_begins_with_an_export(command: CommandLine) -> None:
    command.do("issues", "translations", "export", "1", "fr.xlf", "--language", "fr")
    file = command.folder / "fr.xlf"
    translate(
        file,
        old='<source xml:lang="en">A note</source>',
        new='<source xml:lang="en">A note</source><target state="translated">Un mot</target>',
    )
    said = command.do("issues", "translations", "import", "1", "fr.xlf")
    assert said.out.splitlines()[:2] == [
        "1 text in fr is saved as revision 2 of issue 1.",
        "subject, section.reading: not taken. It is not translated yet.",
    ]
    told = command.do("issues", "translations", "import", "1", "fr.xlf", "--json").json()
    assert (told["revision"], told["unchanged"]) == (2, ["section.bag"])
    assert told["left"][0] == {"id": "subject", "sentence": "It is not translated yet."}


def test_a_changed_original_makes_a_stale_text_that_is_told_and_taken(command: CommandLine) -> None:
    command.do("issues", "translations", "export", "1", "es.xlf", "--language", "es")
    translate(command.folder / "es.xlf", old=">A note</source>", new=">A note</source><target>Una nota</target>")
    translate(command.folder / "issue.md", old="A note", new="Two notes")
    command.do("issues", "import", "issue.md", "--issue", "1")
    said = command.do("issues", "translations", "import", "1", "es.xlf")
    assert said.out.splitlines()[1] == (
        "section.bag: taken, and marked as stale: its original was changed since the export."
    )
    assert "The original was changed after this was translated." in command.do("issues", "check", "1").out
    command.do("issues", "translations", "export", "1", "again.po", "--language", "es")
    content = (command.folder / "again.po").read_text(encoding="utf-8")
    assert '#, fuzzy\n#| msgid "A note"\nmsgctxt "section.bag"\nmsgid "Two notes"\nmsgstr "Una nota"' in content
    translate(command.folder / "again.po", old='msgstr "Una nota"', new='msgstr "Dos notas"')
    left = command.do("issues", "translations", "import", "1", "again.po").out
    assert "section.bag: not taken. The file marks it as unfinished." in left
    assert "saved as revision 4" in command.do("issues", "translations", "import", "1", "again.po", "--finished").out
    assert command.do("issues", "translations", "export", "1", "none.po", "--language", "es").out == (
        "Nothing of issue 1 is missing or stale in es. Add --all to export every text.\n"
    )
    assert not (command.folder / "none.po").exists()


def test_an_export_never_writes_over_somebodys_work(command: CommandLine) -> None:
    for expected in (0, 1):
        said = command("issues", "translations", "export", "1", "es.po", "--language", "es")
        assert said.code == expected
    assert "es.po is there already, perhaps with somebody's work in it." in said.err


def test_a_file_that_cannot_be_taken_changes_nothing(command: CommandLine) -> None:
    (command.folder / "bad.xlf").write_bytes(b"<xliff>")
    for file, sentence in (("bad.xlf", "This is no XML, at line 1"), ("no.po", "no.po cannot be read: No such file")):
        said = command("issues", "translations", "import", "1", file)
        assert (said.code, sentence in said.err) == (1, True)
    assert command.do("issues", "show", "1", "--json").json()["revision"] == 1


def test_how_far_each_language_is(command: CommandLine) -> None:
    first, head, row, next_ = command.do("issues", "translations", "1").out.splitlines()
    assert first == "Issue 1 is translated from en into es."
    assert head.split() == ["language", "done", "stale", "missing", "words", "to", "translate", "signed", "off"]
    assert row.split() == ["es", "2", "0", "1", "2", "by", "nobody"]
    assert next_ == "Next: newsletter issues translations export 1 es.xlf --language es"
    told = command.do("issues", "translations", "show", "1", "--json").json()
    assert (told["original"], told["languages"][0]["missing"]) == ("en", 1)


def test_an_issue_in_one_language_says_how_to_begin(command: CommandLine) -> None:
    head = "---\nmonth: 2026-12\nsubject: {en: Five}\n---\n"
    (command.folder / "alone.md").write_text(a_file(a_section(en="One"), head=head), encoding="utf-8")
    command.do("issues", "import", "alone.md")
    assert command.do("issues", "translations", "2").out.splitlines() == [
        "Issue 2 is in en only.",
        "Next: newsletter issues translations export 2 FILE.xlf --language CODE",
    ]


def test_a_sign_off_is_shown_until_a_text_changes(command: CommandLine) -> None:
    sign = ("issues", "sign-off", "1", "--language", "ES", "--by", "Marta Gil")
    assert "Not all is translated into es: section.bag (missing)." in command(*sign).err
    assert command.do(*sign, "--as-it-is").out.splitlines()[0] == "es of issue 1 is signed off by Marta Gil."
    assert "by Marta Gil, " in command.do("issues", "translations", "1").out
    assert command.do(*sign, "--as-it-is", "--json").json()["language"] == "es"
    translate(command.folder / "issue.md", old="Dos.", new="Tres.")
    command.do("issues", "import", "issue.md", "--issue", "1")
    command.do("issues", "sign-off", "1", "--language", "es", "--by", "Marta Gil", "--as-it-is")
    translate(command.folder / "issue.md", old="Tres.", new="Cuatro.")
    command.do("issues", "import", "issue.md", "--issue", "1")
    assert "no longer: the texts were changed after it was signed by Marta Gil, " in (
        command.do("issues", "translations", "1").out
    )


def test_when_all_is_translated_the_next_step_is_to_sign_it_off_and_then_to_check_it(command: CommandLine) -> None:
    command.do("issues", "translations", "export", "1", "es.po", "--language", "es")
    translate(command.folder / "es.po", old='msgid "A note"\nmsgstr ""', new='msgid "A note"\nmsgstr "Una nota"')
    command.do("issues", "translations", "import", "1", "es.po")
    shown = command.do("issues", "translations", "1").out
    assert shown.splitlines()[-1] == 'Next: newsletter issues sign-off 1 --language es --by "NAME"'
    command.do("issues", "sign-off", "1", "--language", "es", "--by", "Marta Gil")
    assert command.do("issues", "translations", "1").out.splitlines()[-1] == "Next: newsletter issues check 1"


def test_an_issue_is_not_sent_before_each_language_is_signed_off_where_that_is_asked(command: CommandLine) -> None:
    command.do("campaigns", "create", "--issue", "1", "--list", "families")
    assert command.do("issues", "check", "1").code == 0
    command.set("sign_off", "on")
    told = 'Nobody has signed off the texts in es. Use: newsletter issues sign-off 1 --language es --by "NAME"'
    assert command("campaigns", "schedule", "1", "--now").err.strip().endswith(told)
    assert command("campaigns", "approve", "1").err.strip().endswith(told)
    checked = command("issues", "check", "1")
    assert (checked.code, "error: Nobody has signed off the texts in es. (sign-off)" in checked.out) == (1, True)
    command.do("issues", "sign-off", "1", "--language", "es", "--by", "Marta Gil", "--as-it-is")
    assert command.do("issues", "check", "1").code == 0
    command.do("campaigns", "approve", "1")
    command.do("campaigns", "schedule", "1", "--now")


def test_a_test_of_another_subject_asks_for_no_other_signature(command: CommandLine) -> None:
    command.set("sign_off", "on")
    command.do("campaigns", "create", "--issue", "1", "--list", "families", "--subject-b", "Six bridges")
    command.do("issues", "sign-off", "1", "--language", "es", "--by", "Marta Gil", "--as-it-is")
    command.do("campaigns", "schedule", "1", "--now")


def test_where_nobody_asks_for_a_signature_none_is_missing(command: CommandLine) -> None:
    command.do("campaigns", "create", "--issue", "1", "--list", "families")
    command.do("campaigns", "schedule", "1", "--now")
