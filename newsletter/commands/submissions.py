"""`newsletter submissions`: sections that others are asked to write."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.campaigns.submission_letters import last_day, send_request
from newsletter.issues import issues
from newsletter.issues import submissions as store
from newsletter.issues.document import SectionKind
from newsletter.issues.submissions import KINDS, Request, RequestInvalid
from newsletter.issues.tables import Submission, SubmissionState
from newsletter.issues.word_differences import count
from newsletter.rendering.headers import Mailbox
from newsletter.tokens import ReaderPurpose
from subscribers.addresses import EmailAddress

from .authors import by_option
from .output import json_option, opened, parse_day, say

_number = click.argument("number", type=int, metavar="N")


@click.group()
def submissions() -> None:
    """Ask others for sections of an issue, and take them in."""


@submissions.command()
@click.argument("issue_id", type=int, metavar="ID")
@click.option("--section", "key", required=True, metavar="KEY", help="The section: one that is there, or a new one.")
@click.option("--kind", type=click.Choice(list(map(str, KINDS))), default="story", help="Its kind, where it is new.")
@click.option("--of", "asked", required=True, metavar="PERSON", help='Whom you ask: "Ms. Lee <lee@school.example>".')
@click.option("--due", required=True, metavar="DAY", callback=parse_day, help="The last day on which it is taken.")
@click.option("--note", default="", help="What you ask for, in your words.")
@click.option("--language", default="", metavar="CODE", help="Of the text and the mail; the issue's first by default.")
@json_option
def ask(issue_id: int, key: str, kind: str, asked: str, due: date, note: str, language: str, as_json: bool) -> None:
    """Ask somebody by mail for a section of issue ID; the link in it works until the end of the day that you name."""
    mailbox = Mailbox.parse(asked)
    with opened() as app, app.database.writing() as session:
        issue = issues.get(session, issue_id)
        original = issues.document_of(issues.latest(session, issue)).original
        request = Request(
            section_key=key,
            kind=SectionKind(kind),
            language=language or original or app.settings.language_codes[0],
            name=mailbox.name,
            address=EmailAddress.parse(mailbox.address).mailed,
            due_at=_end_of(due, app.settings.timezone),
            note=note.strip(),
        )
        made = store.ask(session, issue, request, app.clock.now())
        send_request(session, app.clock, app.organization, made, app.settings.timezone)
        facts = _facts(app, made)
    say(facts, lambda console: _asked(console, facts), as_json=as_json)


@submissions.command("list")
@click.argument("issue_id", type=int, metavar="[ID]", required=False)
@json_option
def list_(issue_id: int | None, as_json: bool) -> None:
    """Show who was asked for what, and what came, of all issues or of one."""
    with opened() as app, app.database.reading() as session:
        issue = issues.get(session, issue_id) if issue_id is not None else None
        rows = [_facts(app, row) for row in store.all_of(session, app.organization.id, issue)]
    say(rows, lambda console: _list(console, rows), as_json=as_json)


@submissions.command()
@_number
@json_option
def show(number: int, as_json: bool) -> None:
    """Show submission N: what was asked, and what was written."""
    with opened() as app, app.database.reading() as session:
        facts = _facts(app, store.get(session, number))
    say(facts, lambda console: _show(console, facts), as_json=as_json)


@submissions.command()
@_number
@by_option
@json_option
def merge(number: int, author: str, as_json: bool) -> None:
    """Take what was written into the issue, as its next revision."""
    with opened() as app, app.database.writing() as session:
        submission = store.get(session, number)
        revision = store.merge(session, submission, author, app.clock.now())
        facts = _facts(app, submission) | {"revision": revision.no}
    say(facts, lambda console: _merged(console, facts), as_json=as_json)


@submissions.command()
@_number
@json_option
def decline(number: int, as_json: bool) -> None:
    """Let submission N go: its link takes no text any more. Nobody is told."""
    with opened() as app, app.database.writing() as session:
        submission = store.get(session, number)
        store.decline(session, submission)
        facts = _facts(app, submission)
    say(facts, lambda console: _declined(console, facts), as_json=as_json)


def _end_of(day: date, time_zone: str) -> datetime:
    """The first moment of the day after, in a place. Raises `RequestInvalid` where the calendar has none."""
    try:
        return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(time_zone)).astimezone(UTC)
    except OverflowError as error:
        raise RequestInvalid(f"{day} is too far away to wait for. Name an earlier day.") from error


def _facts(app: App, submission: Submission) -> dict[str, Any]:
    token = app.signer.reader_token(ReaderPurpose.SUBMIT, submission.public_id)
    return {
        "number": submission.id,
        "issue": submission.issue_id,
        "section": submission.section_key,
        "kind": submission.kind,
        "language": submission.language,
        "name": submission.asked_name,
        "address": submission.asked_address,
        "note": submission.note,
        "due": last_day(submission, app.settings.timezone, "en"),
        "due_at": submission.due_at,
        "state": submission.state,
        "is_late": submission.state is SubmissionState.OPEN and app.clock.now() >= submission.due_at,
        "words": count(submission.text),
        "text": submission.text,
        "submitted_at": submission.submitted_at,
        "link": f"{app.settings.base_url}/submit/{token}",
    }


def _who(facts: dict[str, Any]) -> str:
    return str(facts["name"] or facts["address"] or "somebody who was erased")


def _asked(console: Console, facts: dict[str, Any]) -> None:
    told = f"{_who(facts)} is asked for section {facts['section']} of issue {facts['issue']}, by {facts['due']}."
    console.print(told, markup=False)
    console.print("The mail leaves with the senders (newsletter run). The link in it, should they ask you for it:")
    console.print(facts["link"], markup=False, soft_wrap=True)
    console.print(f"Next: newsletter submissions show {facts['number']}")


def _list(console: Console, rows: list[dict[str, Any]]) -> None:
    if not rows:
        console.print("Nobody was asked yet.")
        console.print(
            'Next: newsletter submissions ask 1 --section reading --of "Ms. Lee <lee@school.example>" --due DAY'
        )
        return
    came = sum(row["state"] == SubmissionState.SUBMITTED for row in rows)
    console.print(f"{len(rows):,} asked for, {came:,} to look at")
    table = Table("no", "issue", "section", "asked of", "due", "state", "words", box=None, pad_edge=False)
    for row in rows:
        state = "late" if row["is_late"] else str(row["state"])
        cells = (str(row["number"]), str(row["issue"]), row["section"], _who(row), row["due"], state)
        table.add_row(*map(Text, cells), f"{row['words']:,}" if row["words"] else "")
    console.print(table)
    waiting = next((row for row in rows if row["state"] == SubmissionState.SUBMITTED), rows[0])
    console.print(f"Next: newsletter submissions show {waiting['number']}")


def _show(console: Console, facts: dict[str, Any]) -> None:
    told = f"Submission {facts['number']}: section {facts['section']} ({facts['kind']}, {facts['language']})"
    console.print(f"{told} of issue {facts['issue']}, {facts['state']}", markup=False)
    whom = f"{facts['name']} <{facts['address']}>" if facts["name"] else facts["address"] or _who(facts)
    console.print(f"Asked of {whom}, by {facts['due']}", markup=False)
    if facts["note"]:
        console.print(f"What was asked for: {facts['note']}", markup=False)
    console.print(f"Link: {facts['link']}", markup=False, soft_wrap=True)
    if not facts["text"]:
        console.print("Nothing has come yet.")
        return
    console.print(f"\n{facts['text']}\n", markup=False)
    if facts["state"] == SubmissionState.SUBMITTED:
        number = facts["number"]
        console.print(f"Next: newsletter submissions merge {number}, or newsletter submissions decline {number}")


def _merged(console: Console, facts: dict[str, Any]) -> None:
    told = f"The text of {_who(facts)} is section {facts['section']} of issue {facts['issue']}"
    console.print(f"{told} now, revision {facts['revision']}.", markup=False)
    console.print(f"Next: newsletter issues diff {facts['issue']}, newsletter issues check {facts['issue']}")


def _declined(console: Console, facts: dict[str, Any]) -> None:
    console.print(f"Submission {facts['number']} is declined; its link takes no text any more. Nobody was told.")
    console.print(f"Next: newsletter submissions list {facts['issue']}")
