"""`newsletter issues history`, `diff`, `restore` and `copy`: what was saved, by whom, and how it differs."""

from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.issues import issues as store
from newsletter.issues.differences import Differences, differences
from newsletter.issues.tables import Issue, Revision
from newsletter.ledger import listing

from .authors import by_option
from .differences_output import facts_of, show
from .output import json_option, opened, say, some

_id = click.argument("issue_id", type=int, metavar="ID")


@click.command()
@_id
@json_option
def history(issue_id: int, as_json: bool) -> None:
    """Show every revision of an issue: when, by whom, what changed, and which campaigns it went out in."""
    with opened() as app, app.database.reading() as session:
        rows = _history(session, store.get(session, issue_id))
    say(rows, lambda console: _table(console, app, issue_id, rows), as_json=as_json)


@click.command()
@_id
@click.argument("from_no", type=int, metavar="[FROM]", required=False)
@click.argument("to_no", type=int, metavar="[TO]", required=False)
@click.option("--last-issue", is_flag=True, help="What changed since the issue before this one.")
@json_option
def diff(issue_id: int, from_no: int | None, to_no: int | None, last_issue: bool, as_json: bool) -> None:
    """Show in words what changed from one revision to another: by default, from the last but one to the newest."""
    if last_issue and from_no is not None:
        raise click.UsageError("Give --last-issue, or numbers of revisions, not both.")
    with opened() as app, app.database.reading() as session:
        issue = store.get(session, issue_id)
        after = store.latest(session, issue) if to_no is None else store.numbered(session, issue, to_no)
        if last_issue:
            before = store.latest(session, store.before(session, issue))
        else:
            before = _before(session, issue, after, from_no)
        found = differences(store.document_of(before), store.document_of(after))
    facts = {"id": issue_id, "from_issue": before.issue_id, "from": before.no, "to": after.no, **facts_of(found)}
    say(facts, lambda console: _differ(console, issue_id, before, after, found), as_json=as_json)


@click.command()
@_id
@click.argument("no", type=int)
@by_option
@json_option
def restore(issue_id: int, no: int, author: str, as_json: bool) -> None:
    """Save the text of revision NO as the newest one; nothing is taken away."""
    with opened() as app, app.database.writing() as session:
        issue = store.get(session, issue_id)
        before = store.latest(session, issue).no
        newest = store.restore(session, issue, no, author, app.clock.now()).no
    facts = {"id": issue_id, "restored": no, "revision": newest, "is_new": newest != before}
    say(facts, lambda console: _restored(console, facts), as_json=as_json)


@click.command()
@_id
@click.argument("month")
@by_option
@json_option
def copy(issue_id: int, month: str, author: str, as_json: bool) -> None:
    """Begin an issue for MONTH, such as 2027-01, as this one is now."""
    with opened() as app, app.database.writing() as session:
        made = store.copy(session, store.get(session, issue_id), month, author, app.clock.now())
        facts = {"id": made.id, "month": made.month, "revision": 1, "copied_from": issue_id}
    say(facts, lambda console: _copied(console, facts), as_json=as_json)


def _before(session: Session, issue: Issue, after: Revision, from_no: int | None) -> Revision:
    return store.earlier(session, issue, after) if from_no is None else store.numbered(session, issue, from_no)


def _history(session: Session, issue: Issue) -> list[dict[str, Any]]:
    saved = store.revisions(session, issue)
    campaigns = listing.bound(session, [revision.id for revision in saved])
    before: dict[int | None, Revision | None] = {None: None, **{revision.id: revision for revision in saved}}
    rows = []
    for revision in saved:
        rows.append(
            {
                "no": revision.no,
                "saved_at": revision.created_at,
                "author": revision.author,
                "changed": _changed(before[revision.bound_from_id], revision),
                "campaigns": [
                    {"id": campaign.id, "state": campaign.state} for campaign in campaigns.get(revision.id, ())
                ],
            }
        )
        if revision.bound_from_id is None:
            before[None] = revision
    return rows


def _changed(before: Revision | None, revision: Revision) -> str:
    document = store.document_of(revision)
    if before is None:
        return f"begun with {some(len(document.sections), 'section')}"
    return differences(store.document_of(before), document).words or "how the file is written"


def _table(console: Console, app: App, issue_id: int, rows: list[dict[str, Any]]) -> None:
    zone = ZoneInfo(app.settings.timezone)
    console.print(f"Issue {issue_id}: {some(len(rows), 'revision')}, the newest last")
    table = Table("no", "saved", "by", "what changed", "campaigns", box=None, pad_edge=False)
    for row in rows:
        saved = row["saved_at"].astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
        sent = ", ".join(f"{campaign['id']} ({campaign['state']})" for campaign in row["campaigns"])
        table.add_row(str(row["no"]), saved, Text(row["author"]), Text(row["changed"]), sent)
    console.print(table)
    if len(rows) > 1:
        console.print(f"Next: newsletter issues diff {issue_id}, or newsletter issues restore {issue_id} 1")


def _differ(console: Console, issue_id: int, before: Revision, after: Revision, found: Differences) -> None:
    if not found:
        console.print(f"Issue {issue_id}: revisions {before.no} and {after.no} say the same.")
        return
    is_another = before.issue_id != after.issue_id
    since = f"issue {before.issue_id} to revision" if is_another else f"revision {before.no} to"
    console.print(f"Issue {issue_id}, from {since} {after.no}, which {after.author} saved", markup=False)
    show(console, found)
    again = f"newsletter issues restore {issue_id} {before.no}, to have the earlier text again"
    console.print(f"Next: {f'newsletter issues check {issue_id}' if is_another else again}")


def _restored(console: Console, facts: dict[str, Any]) -> None:
    issue_id, newest = facts["id"], facts["revision"]
    if facts["is_new"]:
        console.print(f"Issue {issue_id} is as it was in revision {facts['restored']}: that is revision {newest} now.")
    else:
        console.print(f"Issue {issue_id} is like that already, in revision {newest}. Nothing is changed.")
    console.print(f"Next: newsletter issues check {issue_id}")


def _copied(console: Console, facts: dict[str, Any]) -> None:
    console.print(f"Issue {facts['id']} for {facts['month']} begins as issue {facts['copied_from']} is.")
    console.print("Dates of events are the old ones; the check names those that are past.")
    file = f"{facts['month']}.md"
    console.print(f"Next: newsletter issues check {facts['id']}, newsletter issues export {facts['id']} {file}")
