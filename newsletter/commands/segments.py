"""`newsletter segments`: name rules that choose subscribers, and count them."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from newsletter.app import App
from subscribers import audience, lists
from subscribers.segments import saved
from subscribers.segments.rules import Rule
from subscribers.tables import Segment

from .output import json_option, opened, say


@click.group()
def segments() -> None:
    """Name rules that choose subscribers, and count them.

    A rule compares band, grade, language, role, tag and list with =, != and in (...), joined by and, or, not and
    brackets: band = elementary and (language = es or tag in ("fair 2026", volunteers))
    """


@segments.command()
@click.argument("name")
@click.argument("rule")
@json_option
def create(name: str, rule: str, as_json: bool) -> None:
    """Save RULE under NAME, such as: create "Spanish high school" "band = high and language = es"."""
    with opened() as app, app.database.writing() as session:
        segment = saved.create(session, name, Rule.parse(rule), app.rule_context(), app.clock.now())
        facts = _facts(app, session, segment)
        say(facts, lambda console: _made(console, facts), as_json=as_json)


@segments.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every segment."""
    with opened() as app, app.database.reading() as session:
        rows = [{"name": s.name, "rule": s.rule} for s in saved.all_of(session, app.organization.id)]
        say(rows, lambda console: _table(console, rows), as_json=as_json)


@segments.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the rule of segment NAME and how many subscribers it chooses today."""
    with opened() as app, app.database.reading() as session:
        segment = saved.get(session, app.organization.id, name)
        facts = {**_facts(app, session, segment), "since": segment.created_at}
        say(facts, lambda console: _shown(console, facts), as_json=as_json)


@segments.command()
@click.argument("name", required=False)
@click.option("--rule", "rule_text", help="Count this rule instead of a saved one.")
@click.option("--list", "list_slug", help="Count who of this list would be mailed now.")
@json_option
def count(name: str | None, rule_text: str | None, list_slug: str | None, as_json: bool) -> None:
    """Count whom segment NAME, or a rule, chooses today."""
    if (name is None) == (rule_text is None):
        raise click.UsageError("Give the NAME of a segment, or --rule RULE.")
    with opened() as app, app.database.reading() as session:
        rule = saved.rule_for(session, app.rule_context(), name, rule_text)
        facts = {"rule": str(rule), "list": list_slug, "count": _count(app, session, rule, list_slug)}
        say(facts, lambda console: _counted(console, facts), as_json=as_json)


def _facts(app: App, session: Session, segment: Segment) -> dict[str, Any]:
    chosen = _count(app, session, Rule.parse(segment.rule), None)
    return {"name": segment.name, "rule": segment.rule, "count": chosen}


def _count(app: App, session: Session, rule: Rule, list_slug: str | None) -> int:
    if list_slug is None:
        return audience.count_chosen(session, rule, app.rule_context())
    list_id = lists.get(session, app.organization.id, list_slug).id
    return audience.count(session, list_id, rule, app.rule_context())


def _made(console: Console, facts: dict[str, Any]) -> None:
    console.print(f"Segment {facts['name']} is saved. Subscribers it chooses today: {facts['count']:,}", markup=False)
    console.print(f'Next: newsletter campaigns create --issue ID --list LIST --segment "{facts["name"]}"', markup=False)


def _table(console: Console, rows: list[dict[str, str]]) -> None:
    if not rows:
        console.print('No segments yet. Next: newsletter segments create "High school" "band = high"')
        return
    table = Table("name", "rule", box=None, pad_edge=False)
    for row in rows:
        table.add_row(Text(row["name"]), Text(row["rule"] or "everyone"))
    console.print(table)


def _shown(console: Console, facts: dict[str, Any]) -> None:
    console.print(f"{facts['name']}: {facts['rule'] or 'everyone'}", markup=False)
    console.print(f"Subscribers it chooses today: {facts['count']:,}")


def _counted(console: Console, facts: dict[str, Any]) -> None:
    whom = f"Readers of {facts['list']} who would be mailed now" if facts["list"] else "Subscribers chosen today"
    console.print(f"{whom}: {facts['count']:,}", markup=False)
