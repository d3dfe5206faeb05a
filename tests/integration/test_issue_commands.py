import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from newsletter.commands.root import root
from subscribers import households, lists, organizations, subscribers, suppressions
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.grades import Bands, RollOver
from subscribers.tables import Role, SuppressionReason, Told
from tests.support.issue_files import HEAD, a_file, a_section
from tests.support.smtp_server import SmtpServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "2026-12.md"
LATER = EXAMPLE.read_text(encoding="utf-8").replace("2026-12", "2082-12")
"""The example in a year of the same weekdays, none of whose dates is over while this is read."""
NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
Command = Callable[..., Result]


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    opened = Database(sqlite_url)
    with opened.writing() as session:
        organizations.create(session, "Maple Families", NOW)
    yield opened
    opened.close()


@pytest.fixture
def command(database: Database, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`newsletter issues ...` in a folder of its own."""
    assert database.is_sqlite
    monkeypatch.chdir(tmp_path)
    settings = {
        "NEWSLETTER_DATABASE_URL": sqlite_url,
        "NEWSLETTER_SECRET_KEY": "k" * 40,
        "NEWSLETTER_FROM": "Maple Families <news@maple.example>",
        "NEWSLETTER_POSTAL_ADDRESS": "1 Main Street",
        "NEWSLETTER_TIMEZONE": "America/Chicago",
    }

    def call(*arguments: object, **more: str) -> Result:
        told = ["issues", *(str(argument) for argument in arguments)]
        return CliRunner().invoke(root, told, env=settings | more)

    return call


def facts(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def a_list(database: Database, slug: str = "families") -> None:
    with database.writing() as session:
        lists.create(session, organizations.the(session).id, slug, slug.title(), now=NOW)


def a_family(database: Database, address: str, grades: str, language: str) -> None:
    bands, roll_over = Bands.parse("elementary=PK-5 middle=6-8 high=9-12"), RollOver(7, 1)
    with database.writing() as session:
        reader = subscribers.add(
            session,
            organizations.the(session),
            EmailAddress.parse(address),
            name="Ana Ruiz",
            language=language,
            roles=(Role.FAMILY,),
            now=NOW,
        )
        children = households.parse_children(grades, NOW.date(), roll_over, bands)
        households.set_children(session, reader, children, Told.FAMILY, NOW)


def test_a_file_is_imported_listed_shown_and_comes_out_as_it_was(command: Command, tmp_path: Path) -> None:
    (tmp_path / "later.md").write_text(LATER, encoding="utf-8")
    imported = command("import", "later.md")
    assert imported.stdout.splitlines() == [
        "Issue 1 for 2082-12 is saved as revision 1.",
        "18 sections in en, es; nothing to correct.",
        "Next: newsletter issues preview 1",
    ]
    listed = command("list").stdout.splitlines()
    assert listed[0] == "1 issue"
    assert listed[2].startswith("1   2082-12  Five small bridges between home and school  en es      1 ")
    shown = command("show", 1).stdout
    assert "es: Cinco puentes pequeños entre la casa y la escuela" in shown
    assert ["note-in-the-bag", "tip", "elementary", "family", "en", "es"] in [
        line.split() for line in shown.splitlines()
    ]
    taken = LATER.replace("---\n", "---\n# issue 1, revision 1\n", 1).encode()
    assert command("export", 1).stdout_bytes == taken
    assert command("export", 1, "out.md").stdout == (
        "Issue 1 is in out.md. Next: newsletter issues import out.md --issue 1\n"
    )
    assert (tmp_path / "out.md").read_bytes() == taken
    assert facts(command("import", "out.md", "--issue", 1, "--json"))["revision"] == 1  # for nothing is changed


def test_facts_come_as_json_too(command: Command, tmp_path: Path) -> None:
    (tmp_path / "later.md").write_text(LATER, encoding="utf-8")
    imported = facts(command("import", "later.md", "--json"))
    assert (imported["id"], imported["revision"], imported["errors"], imported["warnings"]) == (1, 1, 0, 0)
    (row,) = facts(command("list", "--json"))
    assert (row["month"], row["languages"], row["sections"]) == ("2082-12", ["en", "es"], 18)
    shown = facts(command("show", 1, "--json"))
    assert shown["sections"][1] == {
        "key": "workshop",
        "kind": "event",
        "bands": [],
        "roles": [],
        "for_languages": [],
        "rule": "",
        "must_know": True,
        "languages": ["en", "es"],
        "readers": None,
    }
    checked = facts(command("check", 1, "--json"))
    assert checked == {"id": 1, "revision": 1, "errors": 0, "warnings": 0, "findings": []}


def test_a_file_for_an_issue_is_its_next_revision(command: Command, tmp_path: Path) -> None:
    command("import", EXAMPLE)
    (tmp_path / "next.md").write_text(a_file(a_section(en="[x](javascript:alert)", es="y")), encoding="utf-8")
    lines = command("import", "next.md", "--issue", 1).stdout.splitlines()
    assert lines == [
        "Issue 1 for 2026-12 is saved as revision 2.",
        "1 section in en, es; 1 error and 3 warnings.",
        "Next: newsletter issues check 1",
    ]
    assert "There is no issue 9." in str(command("import", "next.md", "--issue", 9).exception)


def test_all_problems_of_a_file_are_told_and_it_is_not_imported(command: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_text("---\nmonth: x\n---\n:::: section story {#a}\n", encoding="utf-8")
    error = command("import", "bad.md").exception
    assert str(error).splitlines()[1:] == [
        "  line 2: Say which month the issue is for, such as: month: 2026-12",
        "  line 4: This section is not closed. Add a line :::: after its last text.",
    ]
    assert command("list").stdout == "There is no issue yet. Next: newsletter issues new 2027-01\n"


def test_a_file_that_cannot_be_read_or_written_is_one_sentence(command: Command, tmp_path: Path) -> None:
    assert str(command("import", "none.md").exception) == "none.md cannot be read: No such file or directory."
    (tmp_path / "latin.md").write_bytes(b"---\nmonth: 2026-12\nsubject: {es: Peque\xf1o}\n---\n")
    assert "latin.md, line 3: this is not UTF-8." in str(command("import", "latin.md").exception)
    command("import", EXAMPLE)
    assert str(command("export", 1, "no/out.md").exception) == "no/out.md cannot be written: No such file or directory."


def test_check_tells_every_finding_and_its_line(command: Command, tmp_path: Path) -> None:
    head = HEAD.replace("2026-12", "2082-12").replace(
        "\n---\n", "\npreheader: {en: What we read at home this month and why}\n---\n"
    )
    text = a_file(
        a_section("button {#b}", en="Hi {{ reader.nme }} <b>"), head=head.replace(", es: Cinco puentes pequeños", "")
    )
    (tmp_path / "faulty.md").write_text(text, encoding="utf-8")
    command("import", "faulty.md")
    checked = command("check", 1)
    assert checked.exit_code == 1
    assert checked.stdout.splitlines() == [
        "Issue 1: 2 errors and 1 warning.",
        "",
        "section b",
        "  line 6: error: This button leads nowhere. (target)",
        "    Add url=https://...",
        "",
        "section b, en",
        "  line 8: error: There is no merge field reader.nme. There is: reader.first_name, reader.name. (merge-field)",
        "    Correct the merge field.",
        "  line 8: warning: Readers would see <b> as it is typed. (markup)",
        "    Write Markdown: HTML is not read.",
        "",
        "Next: correct it, and newsletter issues import FILE --issue 1",
    ]
    found = json.loads(command("check", 1, "--json").stdout)
    assert (found["errors"], found["warnings"]) == (2, 1)
    assert found["findings"][0] == {
        "level": "error",
        "check": "target",
        "line": 6,
        "place": "section b",
        "sentence": "This button leads nowhere.",
        "remedy": "Add url=https://...",
    }


def test_warnings_alone_do_not_fail_a_check(command: Command, tmp_path: Path) -> None:
    (tmp_path / "soft.md").write_text(a_file(a_section(en="<b>", es="x")), encoding="utf-8")
    command("import", "soft.md")
    checked = command("check", 1)
    assert (checked.exit_code, checked.stdout.splitlines()[-1]) == (0, "Next: newsletter issues preview 1")


def test_a_new_issue_is_an_empty_draft_that_check_leads_through(command: Command) -> None:
    assert command("new", "2027-01").stdout.splitlines() == [
        "Issue 1 for 2027-01 is started, with empty places to fill in.",
        "Next: newsletter issues export 1 2027-01.md",
        "Then write in 2027-01.md, and: newsletter issues import 2027-01.md --issue 1",
    ]
    assert command("check", 1).exit_code == 1
    assert 'timezone="America/Chicago"' in command("export", 1).stdout
    assert facts(command("new", "2027-02", "--json")) == {"id": 2, "month": "2027-02", "revision": 1}
    assert str(command("new", "January").exception) == "A month is written like 2027-01."


def test_a_family_with_children_in_two_bands_sees_both_bands_sections(command: Command) -> None:
    command("import", EXAMPLE)
    shown = facts(command("preview", 1, "--grade", 2, "--grade", 9, "--language", "es-MX", "--json"))
    assert shown["language"] == "es"
    assert {"note-in-the-bag", "teen-writes-first"} <= set(shown["sections"])
    assert not {"better-questions", "first-call"} & set(shown["sections"])
    assert shown["subject"] == "Cinco puentes pequeños entre la casa y la escuela"
    assert '<html lang="es"' in shown["content"]


def test_a_preview_without_a_family_shows_everything_in_the_original(command: Command) -> None:
    command("import", EXAMPLE)
    shown = facts(command("preview", 1, "--json"))
    assert (len(shown["sections"]), shown["language"]) == (18, "en")


def test_a_preview_is_what_a_subscriber_gets(command: Command, database: Database) -> None:
    a_list(database)
    a_family(database, "ana@families.example", "K", "es")
    command("import", EXAMPLE)
    letter = command("preview", 1, "--as", "Ana@families.example", "--format", "text").stdout
    assert "Hola, Ana:" in letter
    assert "Una nota en la mochila" in letter
    assert "Deje que su hijo" not in letter
    assert "There is no subscriber" in str(command("preview", 1, "--as", "no@families.example").exception)


def test_a_preview_goes_to_a_file_as_the_mail_it_would_be(command: Command, database: Database, tmp_path: Path) -> None:
    a_list(database)
    command("import", EXAMPLE)
    done = command("preview", 1, "--grade", 9, "--format", "eml", "--out", "mail.eml", "--list", "families")
    assert done.stdout.splitlines()[0] == "mail.eml holds issue 1 in en: Five small bridges between home and school"
    mail = message_from_bytes((tmp_path / "mail.eml").read_bytes(), policy=policy.default)
    assert mail["Subject"] == "Five small bridges between home and school"
    assert str(mail["List-Id"]).endswith("<families.maple.example>")
    shown = facts(command("preview", 1, "--out", "mail.html", "--json"))
    assert (shown["out"], shown["format"]) == ("mail.html", "html")
    assert (tmp_path / "mail.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_family_is_told_in_one_way(command: Command) -> None:
    command("import", EXAMPLE)
    both = command("preview", 1, "--as", "ana@families.example", "--grade", 3)
    assert (both.exit_code, "not both" in both.stderr) == (2, True)
    assert "'13' is not a grade" in str(command("preview", 1, "--grade", 13).exception)
    assert "There is no list 'none'" in str(command("preview", 1, "--list", "none").exception)


def test_an_issue_that_says_nothing_has_no_preview(command: Command, database: Database, tmp_path: Path) -> None:
    a_list(database)
    (tmp_path / "bare.md").write_text("---\nmonth: 2026-12\n---\n", encoding="utf-8")
    command("import", "bare.md")
    for words in (("preview", 1), ("test", 1, "--to", "me@school.example")):
        assert str(command(*words).exception).startswith("The issue says nothing yet.")


def test_a_test_mail_is_really_sent_to_each_address(command: Command, database: Database, tmp_path: Path) -> None:
    a_list(database)
    a_family(database, "ana@families.example", "2", "es")
    command("import", EXAMPLE)
    to = ("--to", "one@school.example", "--to", "two@school.example")
    sent = command("test", 1, *to, "--as", "ana@families.example")
    assert sent.stdout.splitlines() == ["one@school.example: accepted", "two@school.example: accepted"]
    assert sent.exit_code == 0
    lines = (tmp_path / "var" / "outbox" / "index.jsonl").read_text(encoding="utf-8").splitlines()
    assert sorted(json.loads(line)["to"] for line in lines) == ["one@school.example", "two@school.example"]
    mail = message_from_bytes(next((tmp_path / "var" / "outbox").glob("*.eml")).read_bytes(), policy=policy.default)
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Hola, Ana:" in text.get_content()
    assert [row["state"] for row in facts(command("test", 1, *to, "--json"))] == ["accepted", "accepted"]


def test_a_test_mail_needs_a_list_and_an_address_that_may_be_mailed(command: Command, database: Database) -> None:
    command("import", EXAMPLE)
    assert "Make one first" in str(command("test", 1, "--to", "one@school.example").exception)
    a_list(database)
    with database.writing() as session:
        blocked = EmailAddress.parse("never@school.example")
        suppressions.suppress(session, organizations.the(session), blocked, SuppressionReason.STAFF, now=NOW)
    assert "never@school.example is never mailed." in str(command("test", 1, "--to", "never@school.example").exception)


@pytest.mark.parametrize(
    ("reply", "state", "exit_code"), [("550 5.1.1 No such user", "rejected", 1), ("451 4.7.1 Later", "deferred", 3)]
)
def test_a_test_mail_that_is_not_accepted_says_so(
    command: Command, database: Database, reply: str, state: str, exit_code: int
) -> None:
    a_list(database)
    command("import", EXAMPLE)
    with SmtpServer(fault=lambda verb, _: reply if verb == "RCPT" else None) as server:
        sent = command("test", 1, "--to", "one@school.example", NEWSLETTER_TRANSPORT=server.url)
    assert (sent.exit_code, sent.stdout.startswith(f"one@school.example: {state}, ")) == (exit_code, True)


def test_check_asks_the_links_where_it_is_told_to(command: Command, tmp_path: Path) -> None:
    text = a_file(
        a_section(en="[One](https://no-such-name.invalid/1) [two](https://no-such-name.invalid/2)", es="Nada")
    )
    (tmp_path / "links.md").write_text(text, encoding="utf-8")
    command("import", "links.md")
    assert "(answers)" not in command("check", 1).stdout
    asked = command("check", 1, "--links")
    assert asked.exit_code == 0
    assert "(answers)" in asked.stdout


def test_check_asks_spamassassin_where_it_is_told_to(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("import", EXAMPLE)
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    missing = command("check", 1, "--spam")
    assert missing.exit_code == 0
    assert "SpamAssassin is not installed here, so nobody asked it: apt install spamassassin" in missing.stdout
    program = programs / "spamassassin"
    program.write_text(
        "#!/bin/sh\necho 'details: (4.5 points, 5.0 required)'\necho ' 4.5 LOUD  It shouts'\n", encoding="utf-8"
    )
    program.chmod(0o755)
    told = facts(command("check", 1, "--spam", "--json"))
    assert told["spam"] == {"en": 4.5, "es": 4.5}
    assert [one["sentence"] for one in told["findings"] if one["check"] == "spam"] == [
        "SpamAssassin gives 4.5 points; many servers refuse at 5.",
        "4.5 points: It shouts",
    ] * 2
    assert "SpamAssassin's points: 4.5 in en, 4.5 in es." in command("check", 1, "--spam").stdout
    (tmp_path / "faulty.md").write_text(a_file(a_section("button {#b}", en="x", es="y")), encoding="utf-8")
    command("import", "faulty.md", "--issue", 1)
    assert "SpamAssassin was not asked: correct the errors first." in command("check", 1, "--spam").stdout


def test_an_export_writes_over_no_file_without_being_told(command: Command, tmp_path: Path) -> None:
    command("import", EXAMPLE)
    mine = tmp_path / "mine.md"
    mine.write_text("MY WORK", encoding="utf-8")
    refused = command("export", 1, "mine.md")
    assert refused.exit_code == 1
    assert mine.read_text(encoding="utf-8") == "MY WORK"
    assert command("export", 1, "mine.md", "--force").exit_code == 0
    assert mine.read_text(encoding="utf-8").startswith("---\n")
