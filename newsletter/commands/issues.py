"""`newsletter issues`: start, import, export and check issues."""

from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns.sightings import Sightings, sightings
from newsletter.checks import Finding
from newsletter.issues import bases
from newsletter.issues import issues as store
from newsletter.issues.bases import Base
from newsletter.issues.document import Document
from newsletter.issues.parsing import parse
from newsletter.issues.skeletons import skeleton
from newsletter.issues.tables import Issue
from newsletter.issues.writing import write
from subscribers.segments.rules import Rule
from subscribers.tables import List

from .authors import by_option
from .checking import check, count_words, counts
from .files import FileUnreadable, FileUnwritable, read_text, write_bytes, write_new
from .galleries import gallery
from .issue_pages import page
from .issues_revisions import copy, diff, history, restore
from .issues_translations import sign_off, translations
from .named import list_named, newest
from .output import json_option, opened, say, some
from .previews import preview, test

_id = click.argument("issue_id", type=int, metavar="ID")


@click.group()
def issues() -> None:
    """Start, import, check, preview and test issues."""


for command in (check, preview, gallery, page, test, sign_off, translations, history, diff, restore, copy):
    issues.add_command(command)


@issues.command()
@click.argument("month")
@by_option
@json_option
def new(month: str, author: str, as_json: bool) -> None:
    """Start an empty issue for MONTH, such as 2027-01."""
    with opened() as app, app.database.writing() as session:
        draft = write(skeleton(month, app.settings.language_codes, app.settings.timezone))
        issue = store.import_document(session, app.organization.id, draft, author, app.clock.now())
        facts = {"id": issue.id, "month": issue.month, "revision": store.latest(session, issue).no}
    say(facts, lambda console: _started(console, issue), as_json=as_json)


@issues.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--issue", "issue_id", type=int, help="Save it as the next revision of this issue.")
@click.option("--over", is_flag=True, help="Also where the issue was saved since you took the file.")
@by_option
@json_option
def import_(file: Path, issue_id: int | None, over: bool, author: str, as_json: bool) -> None:
    """Save FILE as a new issue, or as the next revision of one that nobody saved since you took the file."""
    with opened() as app:
        as_it_is = read_text(file)
        document = app.confined(parse, as_it_is)  # problems are told by the lines of the file
        text, base = bases.split(as_it_is)
        with app.database.reading() as session:
            found = app.findings(session, document, list_named(session, app, None))
        with app.database.writing() as session:
            issue = store.get(session, issue_id) if issue_id is not None else None
            if issue is not None and base is not None and not over:
                bases.refuse_older(session, issue, base, text)
            issue = store.import_document(session, app.organization.id, text, author, app.clock.now(), issue=issue)
            facts = _facts(session, issue)
    if base is not None:
        _mark_again(file, as_it_is, bases.marked(text, Base(facts["id"], facts["revision"])))
    say(facts | counts(found), lambda console: _imported(console, facts, found), as_json=as_json)


@issues.command()
@_id
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def export(issue_id: int, file: Path | None, force: bool) -> None:
    """Write the issue to FILE, or to the screen; importing it again changes nothing."""
    with opened() as app, app.database.reading() as session:
        newest = store.latest(session, store.get(session, issue_id))
        text = bases.marked(write(store.document_of(newest)), Base(issue_id, newest.no))
    if file is None:
        click.echo(text.encode(), nl=False)
        return
    (write_bytes if force else write_new)(file, text.encode())
    click.echo(f"Issue {issue_id} is in {file}. Next: newsletter issues import {file} --issue {issue_id}")


@issues.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every issue, the newest month first."""
    with opened() as app, app.database.reading() as session:
        rows = [_facts(session, issue) for issue in store.all_of(session, app.organization.id)]
        say(rows, lambda console: _list(console, app, rows), as_json=as_json)


@issues.command()
@_id
@click.option("--list", "slug", help="Of which list to count who sees what; the first by default.")
@json_option
def show(issue_id: int, slug: str | None, as_json: bool) -> None:
    """Show what an issue holds, whom each section is for, and how many see it."""
    with opened() as app, app.database.reading() as session:
        document = newest(session, app, issue_id)
        list_ = list_named(session, app, slug)
        seen = sightings(session, document, list_.id, Rule.everyone(), app.rule_context()) if list_ else None
        facts = _facts(session, store.get(session, issue_id)) | _audience(seen, list_)
        facts["sections"] = _sections(document, seen)
        say(facts, lambda console: _show(console, app, facts), as_json=as_json)


def _mark_again(file: Path, before: str, after: str) -> None:
    """Have the file name what was saved of it as its base; one that was changed since, or cannot be, stays as it is."""
    with suppress(FileUnreadable, FileUnwritable):
        if after != before == read_text(file):
            write_bytes(file, after.encode())


def _newest(session: Session, issue_id: int) -> Document:
    return store.document_of(store.latest(session, store.get(session, issue_id)))


def _facts(session: Session, issue: Issue) -> dict[str, Any]:
    revision = store.latest(session, issue)
    document = store.document_of(revision)
    return {
        "id": issue.id,
        "month": issue.month,
        "subject": dict(document.subject),
        "languages": list(document.languages),
        "sections": len(document.sections),
        "revision": revision.no,
        "author": revision.author,
        "updated_at": issue.updated_at,
    }


def _audience(seen: Sightings | None, list_: List | None) -> dict[str, Any]:
    """How many there are to see anything; nothing where there is no list yet."""
    if seen is None or list_ is None:
        return {}
    return {
        "list": list_.slug,
        "readers": seen.readers,
        "readers_without_any": seen.without_any,
        "variants": len(seen.readers_of),
    }


def _sections(document: Document, seen: Sightings | None) -> list[dict[str, Any]]:
    return [
        {
            "key": section.key,
            "kind": section.kind,
            "bands": list(section.bands),
            "roles": list(section.roles),
            "for_languages": list(section.languages),
            "rule": section.rule,
            "must_know": section.must_know,
            "languages": [body.language for body in section.bodies],
            "readers": seen.of_section(at) if seen else None,
        }
        for at, section in enumerate(document.sections)
    ]


def _started(console: Console, issue: Issue) -> None:
    file = f"{issue.month}.md"
    console.print(f"Issue {issue.id} for {issue.month} is started, with empty places to fill in.")
    console.print(f"Next: newsletter issues export {issue.id} {file}")
    console.print(f"Then write in {file}, and: newsletter issues import {file} --issue {issue.id}")


def _imported(console: Console, facts: dict[str, Any], found: list[Finding]) -> None:
    languages = ", ".join(facts["languages"])
    console.print(f"Issue {facts['id']} for {facts['month']} is saved as revision {facts['revision']}.")
    console.print(f"{some(facts['sections'], 'section')} in {languages}; {count_words(found)}.")
    console.print(f"Next: newsletter issues {'check' if found else 'preview'} {facts['id']}")


def _list(console: Console, app: App, rows: list[dict[str, Any]]) -> None:
    if not rows:
        console.print("There is no issue yet. Next: newsletter issues new 2027-01")
    else:
        console.print(some(len(rows), "issue"))
        table = Table("id", "month", "subject", "languages", "revision", "updated", box=None, pad_edge=False)
        for row in rows:
            table.add_row(
                str(row["id"]),
                row["month"],
                Text(next(iter(row["subject"].values()), "")),
                " ".join(row["languages"]),
                str(row["revision"]),
                _local(app, row),
            )
        console.print(table)


def _show(console: Console, app: App, facts: dict[str, Any]) -> None:
    console.print(f"Issue {facts['id']} for {facts['month']}, revision {facts['revision']} of {_local(app, facts)}")
    for language, subject in facts["subject"].items():
        console.print(Text(f"{language}: {subject}"))
    if "list" in facts:
        console.print(_seen_in_words(facts), soft_wrap=True)
    table = Table("section", "kind", "for", "must know", "languages", box=None, pad_edge=False)
    table.add_column("who sees it", justify="right")
    for section in facts["sections"]:
        must_know = "yes" if section["must_know"] else ""
        readers = "" if section["readers"] is None else f"{section['readers']:,}"
        cells = (section["key"], section["kind"], _aim(section), must_know, " ".join(section["languages"]), readers)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    console.print(f"Next: newsletter issues check {facts['id']}")


def _seen_in_words(facts: dict[str, Any]) -> str:
    readers, variants = some(facts["readers"], "reader"), some(facts["variants"], "variant")
    said = f"{readers} of {facts['list']} would get {variants} today"
    without = facts["readers_without_any"]
    return f"{said}; {without:,} of them nothing, for no section is for them." if without else f"{said}."


def _aim(section: dict[str, Any]) -> str:
    rule = [f"if {section['rule']}"] if section["rule"] else []
    return " ".join((*section["bands"], *section["roles"], *section["for_languages"], *rule)) or "everybody"


def _local(app: App, row: dict[str, Any]) -> str:
    moment = row["updated_at"].astimezone(ZoneInfo(app.settings.timezone))
    return str(moment.strftime("%Y-%m-%d %H:%M %Z"))
