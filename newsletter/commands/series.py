"""`newsletter series`: the issues that come round again."""

from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.campaigns import series as store
from newsletter.campaigns.recurrence import Recurrence
from newsletter.campaigns.tables import Series
from newsletter.schedule import next_time
from subscribers import lists

from .output import json_option, opened, say

_SHOWN = 3


@click.group()
def series() -> None:
    """Open the next issue's draft by itself, and remind the editor."""


@series.command()
@click.argument("name")
@click.option("--cron", "words", required=True, metavar="WHEN", help='When, such as "1st tue 09:00" or "15th 09:00".')
@click.option("--timezone", help="The zone of WHEN; the organization's own by default.")
@click.option("--list", "slug", required=True, help="The list that the issues are for.")
@click.option("--issue", "issue_id", type=int, help="The issue to begin with; the newest by default.")
@click.option("--remind", default="", metavar="ADDRESS", help="Whom to tell that a draft was opened.")
@json_option
def create(
    name: str, words: str, timezone: str | None, slug: str, issue_id: int | None, remind: str, as_json: bool
) -> None:
    """Make a series."""
    rule = Recurrence.parse(words)
    with opened() as app, app.database.writing() as session:
        zone = timezone or app.settings.timezone
        list_ = lists.get(session, app.organization.id, slug)
        next_at = next_time(rule, zone, app.clock.now())
        made = store.create(session, app.clock, name, rule, zone, list_, next_at, issue_id=issue_id, remind=remind)
        facts = _facts(app, made)
        say(facts, lambda console: _made(console, facts), as_json=as_json)


@series.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every series and the next times it opens a draft."""
    with opened() as app, app.database.reading() as session:
        rows = [_facts(app, one) for one in store.all_of(session, app.organization.id)]
        say(rows, lambda console: _table(console, rows), as_json=as_json)


@series.command()
@click.argument("name")
def remove(name: str) -> None:
    """End a series; the drafts it opened stay."""
    with opened() as app, app.database.writing() as session:
        store.remove(session, app.organization.id, name)
    click.echo(f"The series {name} is ended. Next: newsletter series list")


def _facts(app: App, one: Series) -> dict[str, Any]:
    rule, at, times = Recurrence.parse(one.rule), app.clock.now(), []
    for _ in range(_SHOWN):
        at = next_time(rule, one.time_zone, at)
        times.append(at.astimezone(ZoneInfo(one.time_zone)).strftime("%a %-d %b %Y, %H:%M %Z"))
    return {"name": one.name, "when": one.rule, "last_issue": one.issue_id, "remind": one.remind, "next": times}


def _made(console: Console, facts: dict[str, Any]) -> None:
    console.print(f"The series {facts['name']} opens its next draft on {facts['next'][0]}.", markup=False)
    console.print("Next: newsletter run, which keeps the schedule")


def _table(console: Console, rows: list[dict[str, Any]]) -> None:
    console.print(f"{len(rows):,} series")
    if not rows:
        console.print('Next: newsletter series create monthly --cron "1st tue 09:00" --list families')
        return
    table = Table("name", "when", "last issue", "reminds", "opens drafts on", box=None, pad_edge=False)
    for row in rows:
        cells = (row["name"], row["when"], str(row["last_issue"]), row["remind"], "; ".join(row["next"]))
        table.add_row(*map(Text, cells))
    console.print(table)
