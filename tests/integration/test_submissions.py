"""Sections that others write: asked for by mail, written behind a link, taken into the issue."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.events import persons
from newsletter.issues import issues, submissions
from newsletter.issues.document import Section
from newsletter.issues.submissions import NothingSubmitted, SubmissionClosed, SubmissionSettled
from newsletter.issues.tables import Submission, SubmissionState
from newsletter.sending.sender import Sender
from newsletter.tokens import ReaderPurpose
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import SuppressionReason
from tests.support.commands import CommandLine
from tests.support.issue_files import a_file, a_section
from tests.support.mails import Mail
from tests.support.school import a_school, add_family, step_until_nothing
from tests.support.smtp_server import SmtpServer
from tests.support.web_server import visiting

LEE = "Ms. Lee <lee@school.example>"
DUE = "2026-12-05"
TEXT = "## Bridges of paper\n\nHello {{ reader.first_name }}, we built **twelve** bridges.\n"
MARCH = timedelta(days=100)


@pytest.fixture(scope="module")
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def app(database_url: str, server: SmtpServer, tmp_path: Path, clock: Clock) -> Iterator[App]:
    folder = f"folder://{tmp_path}/media"
    with a_school(database_url, server.url, tmp_path, clock, timezone="America/Chicago", media=folder) as app:
        yield app


@pytest.fixture
def newsletter(
    app: App,
    database_url: str,
    server: SmtpServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    monkeypatch.setattr("newsletter.app.Clock", lambda: app.clock)  # the commands' day is the test's
    return CommandLine(tmp_path, monkeypatch, capsys).of_school(database_url, server.url)


@pytest.fixture
def client(app: App) -> Iterator[httpx.Client]:
    with visiting(app) as client:
        yield client


def ask(newsletter: CommandLine, *more: str, key: str = "teacher") -> Any:
    return newsletter.do("submissions", "ask", "1", "--section", key, "--of", LEE, "--due", DUE, *more, "--json").json()


def path_of(facts: Any) -> str:
    return str(facts["link"]).removeprefix("http://127.0.0.1:8000")


def send(client: httpx.Client, path: str, text: str, action: str = "send", **more: str) -> httpx.Response:
    return client.post(path, files={"text": (None, text), "action": (None, action)}, params=more)


def row(app: App) -> Submission:
    with app.database.reading() as session:
        return session.scalars(select(Submission).order_by(Submission.id.desc()).limit(1)).one()


def test_who_is_asked_gets_a_mail_with_a_link_of_their_own(
    app: App, newsletter: CommandLine, server: SmtpServer
) -> None:
    facts = ask(newsletter, "--note", "Three paragraphs,\nand a <quote>.")
    sender = Sender(app.sending())
    step_until_nothing(sender)
    sender.close()
    mail = Mail(server.record.bodies[-1])
    assert str(mail.parsed["Subject"]) == "Will you write for our December 2026 newsletter?"
    assert "lee@school.example" in str(mail.parsed["To"])
    assert mail.parsed["List-Unsubscribe"] is None
    for told in (facts["link"], "Saturday, December 5, 2026", "> Three paragraphs,\n> and a <quote>."):
        assert told in mail.text
    assert facts["link"] in mail.html
    assert "and a &lt;quote&gt;." in mail.html
    with app.database.reading() as session:
        public_id = submissions.get(session, facts["number"]).public_id
    token = path_of(facts).removeprefix("/submit/")
    assert app.signer.read_reader_token(token, ReaderPurpose.SUBMIT).public_id == public_id


@pytest.mark.parametrize(
    ("language", "subject"), [("es", "¿Escribiría usted"), ("vi", "Quý vị viết bài"), ("ar", "هل")]
)
def test_the_mail_is_in_the_language_of_the_text(
    app: App, newsletter: CommandLine, server: SmtpServer, language: str, subject: str
) -> None:
    ask(newsletter, "--language", language)
    sender = Sender(app.sending())
    step_until_nothing(sender)
    sender.close()
    assert str(Mail(server.record.bodies[-1]).parsed["Subject"]).startswith(subject)


def test_looking_changes_nothing_and_shows_what_is_asked_for(
    app: App, newsletter: CommandLine, client: httpx.Client
) -> None:  # F30
    path = path_of(ask(newsletter, "--note", "A <b>quote</b>"))
    shown = client.get(path)
    assert shown.status_code == 200
    for told in (
        "Your part of the December 2026 newsletter",
        "Saturday, December 5, 2026",
        "A &lt;b&gt;quote&lt;/b&gt;",
    ):
        assert told in shown.text
    assert shown.headers["X-Robots-Tag"] == "noindex"
    assert client.head(path).status_code == 200
    looked = send(client, path, TEXT, "look")
    assert "This is not sent yet" in looked.text
    assert "<strong>twelve</strong>" in looked.text
    assert "Hello {{ reader.first_name }}, we" in looked.text
    assert (row(app).state, row(app).text) == (SubmissionState.OPEN, "")


def test_a_text_is_kept_shown_again_and_may_be_changed_until_the_deadline(
    app: App, newsletter: CommandLine, client: httpx.Client
) -> None:
    path = path_of(ask(newsletter))
    sent = send(client, path, TEXT.replace("\n", "\r\n"))
    assert (sent.status_code, "Thank you. We have your text." in sent.text) == (200, True)
    assert (row(app).state, row(app).text) == (SubmissionState.SUBMITTED, TEXT.rstrip())
    assert "we built **twelve** bridges." in client.get(path).text
    send(client, path, "Shorter.")
    assert row(app).text == "Shorter."
    assert "Gracias" in send(client, path, "Más corto.", lang="es").text


def test_a_page_with_a_problem_keeps_what_was_written_and_says_where_it_is(
    app: App, newsletter: CommandLine, client: httpx.Client
) -> None:  # F20 F25
    path = path_of(ask(newsletter))
    bad = "Fine.\n\n[x](javascript:alert(1)) and {{ ''.__class__ }}\n\n<mj-text>x</mj-text></textarea><script>"
    answer = send(client, path, bad)
    assert answer.status_code == 422
    assert "Line 3: A mail may not link to" in answer.text
    assert "&lt;/textarea&gt;&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert row(app).state is SubmissionState.OPEN
    assert send(client, path, " \n").status_code == 422
    assert "Write your text here first." in send(client, path, "").text
    long = send(client, path, "字" * 5_001)
    assert "This has 5,001 words. Please cut it to 5,000 or fewer." in long.text
    assert "字" * 5_001 in long.text
    assert send(client, path, "字" * 5_000).status_code == 200
    assert send(client, path, "नमस्ते " * 5_000).status_code == 200
    assert send(client, path, "a" * 600_000).status_code == 413


def test_a_picture_that_is_stored_here_is_shown_in_the_preview(newsletter: CommandLine, client: httpx.Client) -> None:
    path = path_of(ask(newsletter))
    newsletter.set("media", f"folder://{newsletter.folder}/media")
    (newsletter.folder / "notes.txt").write_text("x")
    newsletter.do("media", "add", "notes.txt")
    looked = send(client, path, "![Notes](media:notes)", "look")
    assert re.search(r'<img src="/media/[0-9a-f]{64}\.txt" alt="Notes"', looked.text)


def test_after_the_deadline_nothing_is_taken_and_a_kind_sentence_says_so(
    app: App, newsletter: CommandLine, client: httpx.Client, clock: Clock
) -> None:
    path = path_of(ask(newsletter))
    send(client, path, TEXT)
    clock.offset += timedelta(days=3, hours=17)  # in Chicago it is still the fifth
    assert client.get(path).status_code == 200
    clock.offset += timedelta(hours=2)
    late = client.get(path)
    assert late.status_code == 410
    assert re.search(r"We could take texts until (<bdi>)?Saturday, December 5, 2026", late.text)
    assert send(client, path, "Too late").status_code == 410
    assert row(app).text == TEXT.rstrip()


@pytest.mark.parametrize("spoilt", ["", "x", "no"])
def test_a_link_that_was_altered_opens_nothing(
    newsletter: CommandLine, client: httpx.Client, spoilt: str
) -> None:  # F29
    path = path_of(ask(newsletter))
    wrong = {"": path[:-1], "x": path.replace("/submit/s", "/submit/p"), "no": "/submit/nothing"}[spoilt]
    assert client.get(wrong).status_code == 404
    assert send(client, wrong, "x").status_code == 404


def test_a_link_whose_submission_is_gone_opens_nothing(app: App, client: httpx.Client) -> None:
    token = app.signer.reader_token(ReaderPurpose.SUBMIT, "nobody")
    assert client.get(f"/submit/{token}").status_code == 404


def test_the_editor_takes_a_text_in_as_a_new_section(app: App, newsletter: CommandLine, client: httpx.Client) -> None:
    facts = ask(newsletter, "--kind", "quote")
    assert newsletter("submissions", "merge", "1").err == f"Error: {NothingSubmitted()}\n"
    send(client, path_of(facts), TEXT)
    shown = newsletter.do("submissions", "show", "1").out
    assert "Asked of Ms. Lee <lee@school.example>, by Saturday, December 5, 2026" in shown
    assert "Next: newsletter submissions merge 1" in shown
    said = newsletter.do("submissions", "merge", "1", "--by", "Ana Ruiz").out
    assert said.startswith("The text of Ms. Lee is section teacher of issue 1 now, revision 2.")
    with app.database.reading() as session:
        newest = issues.latest(session, issues.get(session, 1))
        section = issues.document_of(newest).sections[-1]
    assert newest.author == "Ms. Lee (merged by Ana Ruiz)"
    assert (section.key, section.kind, section.body("en").text) == ("teacher", "quote", TEXT)  # type: ignore[union-attr]
    merged = client.get(path_of(facts))
    assert (merged.status_code, "Your text is in the newsletter" in merged.text) == (200, True)
    assert "Your text is in the newsletter" in send(client, path_of(facts), "More").text
    for command in ("merge", "decline"):
        assert newsletter("submissions", command, "1").err == f"Error: {SubmissionSettled()}\n"


@pytest.mark.parametrize(("language", "others"), [("es", ("en",)), ("fr", ("en", "es"))])
def test_a_text_for_a_section_that_is_there_takes_the_place_of_its_text_in_that_language(
    app: App, newsletter: CommandLine, client: httpx.Client, language: str, others: tuple[str, ...]
) -> None:
    facts = ask(newsletter, "--language", language, key="everyone")
    send(client, path_of(facts), "## Titre\n\n```\n::::\nunclosed")
    with app.database.reading() as session:
        before = issues.document_of(issues.latest(session, issues.get(session, 1)))
    newsletter.do("submissions", "merge", "1")
    with app.database.reading() as session:
        after = issues.document_of(issues.latest(session, issues.get(session, 1)))
    assert [section.key for section in after.sections] == [section.key for section in before.sections]
    assert (after.sections[1:], after.sections[0].must_know) == (before.sections[1:], True)
    told = {body.language: body.text for body in after.sections[0].bodies}
    was = {body.language: body.text for body in before.sections[0].bodies}
    assert told[language] == "## Titre\n\n```\n::::\nunclosed\n"
    assert {code: told[code] for code in others} == {code: was[code] for code in others}


def save(app: App, *sections: str) -> None:
    with app.database.writing() as session:
        issues.save(session, issues.get(session, 1), a_file(*sections), "Ana", app.clock.now())


def sections_of(app: App) -> tuple[Section, ...]:
    with app.database.reading() as session:
        return issues.document_of(issues.latest(session, issues.get(session, 1))).sections


@pytest.mark.parametrize("kind", ["mjml", "button", "image", "divider"])
def test_nobody_is_asked_for_a_section_that_is_there_and_is_no_text(
    app: App, newsletter: CommandLine, kind: str
) -> None:
    save(app, f":::: section {kind} {{#raw}}\n::::\n")
    said = newsletter("submissions", "ask", "1", "--section", "raw", "--of", LEE, "--due", DUE, "--kind", "story")
    assert (said.code, said.err) == (1, f"Error: Others cannot be asked for a section of kind {kind}.\n")


def test_a_section_that_is_there_is_asked_for_as_what_it_is(app: App, newsletter: CommandLine) -> None:
    save(app, a_section("quote {#said}", en="Old"))
    assert ask(newsletter, key="said")["kind"] == "quote"


def test_a_text_is_not_taken_into_a_section_that_became_another_kind(
    app: App, newsletter: CommandLine, client: httpx.Client
) -> None:
    send(client, path_of(ask(newsletter, key="raw")), "Anything")
    save(app, a_section("mjml {#raw}", en="<mj-text>Ours</mj-text>"))
    assert newsletter("submissions", "merge", "1").err == (
        "Error: Section raw is of kind mjml now, and one of kind story was asked for. "
        "Decline this text, or ask for another one.\n"
    )
    assert (row(app).state, sections_of(app)[0].bodies[0].text) == ("submitted", "<mj-text>Ours</mj-text>\n")


def test_a_translation_that_was_merged_is_stale_once_its_original_changes(
    app: App, newsletter: CommandLine, client: httpx.Client
) -> None:
    save(app, a_section(en="One"))
    send(client, path_of(ask(newsletter, "--language", "es", key="reading")), "Uno")
    newsletter.do("submissions", "merge", "1")
    original, spanish = sections_of(app)[0].bodies
    assert (original.source, spanish.source) == (None, original.digest)
    send(client, path_of(ask(newsletter, "--language", "en", key="reading")), "Two")
    newsletter.do("submissions", "merge", "2")
    original, spanish = sections_of(app)[0].bodies
    assert (original.text, original.source, spanish.text) == ("Two\n", None, "Uno\n")
    assert spanish.source not in (None, original.digest)


def test_a_text_that_has_no_original_names_none(app: App, newsletter: CommandLine, client: httpx.Client) -> None:
    save(app, a_section(es="Uno"))
    send(client, path_of(ask(newsletter, "--language", "fr", key="reading")), "Un")
    newsletter.do("submissions", "merge", "1")
    assert [body.source for body in sections_of(app)[0].bodies] == [None, None]


def test_what_is_declined_takes_no_text_any_more(newsletter: CommandLine, client: httpx.Client) -> None:
    facts = ask(newsletter)
    assert "is declined" in newsletter.do("submissions", "decline", "1").out
    assert (client.get(path_of(facts)).status_code, send(client, path_of(facts), "x").status_code) == (410, 410)
    assert "This text is not needed any more" in client.get(path_of(facts)).text
    assert newsletter.do("submissions", "show", "1").out.endswith("Nothing has come yet.\n")


def test_the_list_says_who_was_asked_for_what_and_what_came(
    newsletter: CommandLine, client: httpx.Client, clock: Clock
) -> None:
    assert newsletter.do("submissions", "list").out.startswith(
        "Nobody was asked yet.\nNext: newsletter submissions ask"
    )
    ask(newsletter, key="late")
    facts = ask(newsletter)
    send(client, path_of(facts), TEXT)
    said = newsletter.do("submissions", "list", "1").out
    assert said.startswith("2 asked for, 1 to look at\n")
    assert "Next: newsletter submissions show 2" in said
    clock.offset += MARCH
    assert re.search(r"late +Ms\. Lee +Saturday, December 5, 2026 +late", newsletter.do("submissions", "list").out)
    assert newsletter.do("submissions", "list", "--json").json()[1]["words"] == 11
    assert newsletter("submissions", "show", "9").err.startswith("Error: There is no submission 9.")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--section", "a b"), "'a b' is no key of a section; use one such as reading."),
        (("--language", "Spanish"), "'Spanish' is not a language; use a code such as en or pt-BR."),
        (("--due", "2026-12-01"), "This deadline has passed already. Choose a later day."),
        (("--note", "x" * 1_001), "The note is longer than 1000 characters. Make it shorter."),
        (("--of", "Ms. Lee"), "Write a name and an address in ASCII"),
        (("--of", "Lee <gone@school.example>"), "gone@school.example is never mailed. Ask by another address."),
    ],
    ids=range(6),
)
def test_what_cannot_be_asked_is_one_sentence_and_asks_nobody(
    app: App, newsletter: CommandLine, arguments: tuple[str, ...], sentence: str
) -> None:
    with app.database.writing() as session:
        gone = EmailAddress.parse("gone@school.example")
        suppressions.suppress(session, app.organization, gone, SuppressionReason.REQUEST, now=app.clock.now())
    said = newsletter("submissions", "ask", "1", "--section", "x", "--of", LEE, "--due", DUE, *arguments)
    assert (said.code, said.err.startswith(f"Error: {sentence}")) == (1, True), said
    assert newsletter.do("submissions", "list", "--json").json() == []
    assert newsletter("submissions", "ask", "1", "--section", "x", "--of", LEE, "--due", "soon").code == 2


def test_of_two_who_settle_a_submission_at_once_one_is_told_so(app: App, newsletter: CommandLine) -> None:
    ask(newsletter)
    now = app.clock.now()
    with app.database.writing() as session:
        submissions.submit(session, submissions.get(session, 1), "Text", now)
    with app.database.reading() as session:
        stale = submissions.get(session, 1)
    newsletter.do("submissions", "decline", "1")
    with app.database.writing() as session:
        session.add(stale)
        with pytest.raises(SubmissionClosed):
            submissions.submit(session, stale, "More", now)
    with app.database.writing() as session, pytest.raises(SubmissionSettled):
        submissions.merge(session, submissions.get(session, 1), "Ana", now)


def test_a_person_is_told_of_what_they_wrote_and_erased_from_it(
    app: App, newsletter: CommandLine, client: httpx.Client
) -> None:
    send(client, path_of(ask(newsletter)), TEXT)
    add_family(app, "Lee@school.example")
    held = newsletter.do("subscribers", "data", "lee@school.example").json()
    assert [(one["section"], one["text"]) for one in held["submissions"]] == [("teacher", TEXT.rstrip())]
    newsletter.do("subscribers", "erase", "lee@school.example", "--yes")
    gone = row(app)
    assert (gone.asked_name, gone.asked_address, gone.text, gone.state) == ("", "", "", SubmissionState.DECLINED)
    assert "Asked of somebody who was erased" in newsletter.do("submissions", "show", "1").out


def test_a_stranger_who_was_asked_can_be_erased_too(app: App, newsletter: CommandLine) -> None:
    ask(newsletter)
    address = EmailAddress.parse("lee@school.example")
    with app.database.reading() as session:
        assert len(persons.held_of_stranger(session, app.organization, address)["submissions"]) == 1
    with app.database.writing() as session:
        persons.erase_stranger(session, app.organization, address, now=app.clock.now(), never_again=False)
    with app.database.reading() as session:
        assert persons.held_of_stranger(session, app.organization, address)["submissions"] == []


def test_without_a_list_nobody_can_be_asked(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = CommandLine(tmp_path, monkeypatch, capsys).of_school(sqlite_url, f"file:{tmp_path}/outbox")
    command.do("init")
    command.do("issues", "new", "2099-01")
    said = command("submissions", "ask", "1", "--section", "x", "--of", LEE, "--due", "2098-12-01")
    assert (
        said.err
        == "Error: A mail goes in the name of a list, and there is none yet. Make one: newsletter lists create.\n"
    )
