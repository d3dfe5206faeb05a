"""`newsletter segments`: name rules that choose subscribers, and count them."""

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.app import App
from subscribers import audience, lists
from subscribers.segments import saved
from subscribers.segments.rules import Rule
from subscribers.tables import Subscriber

from .output import json_option, opened, say


@click.group()
def segments() -> None:
    """Name rules that choose subscribers, and count them."""


@segments.command()
@click.argument("name")
@click.argument("rule")
@json_option
def create(name: str, rule: str, as_json: bool) -> None:
    """Save RULE under NAME, such as: create "Spanish high school" "band = high and language = es"."""
    with opened() as app, app.database.writing() as session:
        segment = saved.create(session, name, Rule.parse(rule), app.rule_context(), app.clock.now())
        chosen = _count(app, session, Rule.parse(segment.rule), None)
        facts = {"name": segment.name, "rule": segment.rule, "count": chosen}
        say(facts, lambda console: _made(console, segment.name, chosen), as_json=as_json)


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
    """Show the rule of segment NAME, whom it chooses today, and the SELECT it becomes."""
    with opened() as app, app.database.reading() as session:
        segment = saved.get(session, app.organization.id, name)
        rule = Rule.parse(segment.rule)
        statement = select(Subscriber.id).where(rule.where(app.rule_context()))
        facts = {
            "name": segment.name,
            "rule": segment.rule,
            "count": _count(app, session, rule, None),
            "select": str(statement.compile(app.database.engine, compile_kwargs={"literal_binds": True})),
        }
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
        rule = Rule.parse(rule_text or "") if name is None else saved.rule_of(session, app.organization.id, name)
        facts = {"rule": str(rule), "list": list_slug, "count": _count(app, session, rule, list_slug)}
        what = f"mailable readers of {list_slug}" if list_slug else "subscribers"
        say(facts, lambda console: console.print(f"{facts['count']:,} {what}", soft_wrap=True), as_json=as_json)


def _count(app: App, session: Session, rule: Rule, list_slug: str | None) -> int:
    if list_slug is None:
        return audience.count_chosen(session, rule, app.rule_context())
    list_id = lists.get(session, app.organization.id, list_slug).id
    return audience.count(session, list_id, rule, app.rule_context())


def _made(console: Console, name: str, chosen: int) -> None:
    console.print(f"Segment {name} is saved; today it chooses {chosen:,} subscribers.")
    console.print(f'Next: newsletter campaigns create --issue 1 --list LIST --segment "{name}"')


def _table(console: Console, rows: list[dict[str, str]]) -> None:
    console.print(f"{len(rows):,} segments")
    table = Table("name", "rule", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["name"], row["rule"])
    if rows:
        console.print(table)


def _shown(console: Console, facts: dict[str, object]) -> None:
    console.print(f"{facts['name']}: {facts['rule']}", markup=False)
    console.print(f"Today it chooses {facts['count']:,} subscribers.")
    console.print(facts["select"], markup=False, soft_wrap=True)
