"""`newsletter segments`: name rules that choose subscribers, and count them."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns import segments as campaign_segments
from subscribers import audience, lists
from subscribers.db import dialect_of
from subscribers.segments import saved
from subscribers.segments.builder import to_json
from subscribers.segments.rules import Rule
from subscribers.segments.shown import sql_of
from subscribers.tables import Segment

from .output import json_option, opened, say


@click.group()
def segments() -> None:
    """Name rules that choose subscribers, and count them.

    A rule compares what is known of a subscriber, and joins comparisons by and, or, not and brackets, such as: band =
    elementary and (language = es or tag in ("fair 2026", volunteers)) and not clicked within 90 days

    The fields are list, band, grade, school, role, language, timezone, tag, place, joined, consent, segment, interest,
    attended, received, opened, clicked and attribute.NAME. All that each can be asked: docs/commands.md
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


@segments.command()
@click.argument("name")
@click.argument("rule")
@json_option
def edit(name: str, rule: str, as_json: bool) -> None:
    """Give segment NAME another RULE; campaigns that are made already keep the rule they have."""
    with opened() as app, app.database.writing() as session:
        segment = saved.get(session, app.organization.id, name)
        saved.edit(session, segment, Rule.parse(rule), app.rule_context(), app.clock.now())
        facts = _facts(app, session, segment)
        say(facts, lambda console: _made(console, facts), as_json=as_json)


@segments.command()
@click.argument("name")
@click.argument("new")
@json_option
def rename(name: str, new: str, as_json: bool) -> None:
    """Call segment NAME something else, also in the rules of segments that name it."""
    with opened() as app, app.database.writing() as session:
        segment = saved.get(session, app.organization.id, name)
        campaign_segments.rename(session, segment, new, app.clock.now())
        facts = _facts(app, session, segment)
        say(facts, lambda console: _made(console, facts), as_json=as_json)


@segments.command()
@click.argument("name")
@json_option
def delete(name: str, as_json: bool) -> None:
    """Delete segment NAME, which nothing names any more."""
    with opened() as app, app.database.writing() as session:
        segment = saved.get(session, app.organization.id, name)
        campaign_segments.delete(session, segment)
    facts = {"deleted": segment.name}
    say(facts, lambda console: console.print(f"Segment {segment.name} is deleted.", markup=False), as_json=as_json)


@segments.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every segment."""
    with opened() as app, app.database.reading() as session:
        rows = [{"name": s.name, "rule": s.rule} for s in saved.all_of(session, app.organization.id)]
        say(rows, lambda console: _table(console, rows), as_json=as_json)


@segments.command()
@click.argument("name", required=False)
@click.option("--rule", "rule_text", help="Show this rule instead of a saved one.")
@json_option
def show(name: str | None, rule_text: str | None, as_json: bool) -> None:
    """Show segment NAME, or a rule: how it reads, how many it chooses today, and the SELECT that it becomes."""
    _one_of(name, rule_text)
    with opened() as app, app.database.reading() as session:
        segment = None if name is None else saved.get(session, app.organization.id, name)
        facts = _shown_facts(app, session, segment, rule_text or "")
        say(facts, lambda console: _shown(console, facts), as_json=as_json)


@segments.command()
@click.argument("name", required=False)
@click.option("--rule", "rule_text", help="Count this rule instead of a saved one.")
@click.option("--list", "list_slug", help="Count who of this list would be mailed now.")
@json_option
def count(name: str | None, rule_text: str | None, list_slug: str | None, as_json: bool) -> None:
    """Count whom segment NAME, or a rule, chooses today."""
    _one_of(name, rule_text)
    with opened() as app, app.database.reading() as session:
        rule = saved.rule_for(session, app.rule_context(), name, rule_text)
        facts = {"rule": str(rule), "list": list_slug, "count": _count(app, session, rule, list_slug)}
        say(facts, lambda console: _counted(console, facts), as_json=as_json)


def _one_of(name: str | None, rule_text: str | None) -> None:
    if (name is None) == (rule_text is None):
        raise click.UsageError("Give the NAME of a segment, or --rule RULE.")


def _facts(app: App, session: Session, segment: Segment) -> dict[str, Any]:
    rule = saved.rule_for(session, app.rule_context(), segment.name, None)
    return {"name": segment.name, "rule": segment.rule, "count": _count(app, session, rule, None)}


def _shown_facts(app: App, session: Session, segment: Segment | None, rule_text: str) -> dict[str, Any]:
    context = app.rule_context()
    rule = saved.rule_for(session, context, segment.name if segment else None, rule_text)
    written = Rule.parse(segment.rule if segment else rule_text)
    return {
        "name": segment.name if segment else None,
        "rule": str(written),
        "resolved": str(rule),
        "count": _count(app, session, rule, None),
        "since": segment.created_at if segment else None,
        "tree": to_json(written),
        "sql": sql_of(audience.chosen(rule, context), dialect_of(session)),
    }


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
    name = f"{facts['name']}: " if facts["name"] else ""
    _line(console, f"{name}{facts['rule'] or 'everyone'}")
    console.print(f"Subscribers it chooses today: {facts['count']:,}")
    if facts["resolved"] != facts["rule"]:
        _line(console, f"With the segments that it names: {facts['resolved']}")
    console.print()
    _line(console, facts["sql"])


def _line(console: Console, text: str) -> None:
    """What somebody may copy: not folded, and no brackets taken for markup."""
    console.print(text, markup=False, soft_wrap=True)


def _counted(console: Console, facts: dict[str, Any]) -> None:
    whom = f"Readers of {facts['list']} who would be mailed now" if facts["list"] else "Subscribers chosen today"
    console.print(f"{whom}: {facts['count']:,}", markup=False)
