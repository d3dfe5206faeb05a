"""`newsletter lists`: what people subscribe to."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from subscribers import lists as lists_of
from subscribers.tables import List

from .output import json_option, opened, say


@click.group()
def lists() -> None:
    """Make and show the lists that people subscribe to."""


@lists.command()
@click.argument("slug")
@click.option("--name", required=True, help="The name readers see.")
@click.option("--double-opt-in/--single-opt-in", default=True, help="Whether who signs up must confirm by mail.")
@json_option
def create(slug: str, name: str, double_opt_in: bool, as_json: bool) -> None:
    """Make a list; SLUG is its short name, such as families."""
    with opened() as app, app.database.writing() as session:
        made = lists_of.create(
            session, app.organization.id, slug, name, double_opt_in=double_opt_in, now=app.clock.now()
        )
        say(_facts(made), lambda console: _made(console, made), as_json=as_json)


@lists.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every list and how many read it."""
    with opened() as app, app.database.reading() as session:
        counts = lists_of.counts(session, app.organization.id)
        rows = [_facts(one) | counts[one.id] for one in lists_of.all_of(session, app.organization.id)]
        say(rows, lambda console: _table(console, rows), as_json=as_json)


def _facts(made: List) -> dict[str, Any]:
    return {"list": made.slug, "name": made.name, "double_opt_in": made.double_opt_in}


def _made(console: Console, made: List) -> None:
    how = "Who signs up confirms by mail." if made.double_opt_in else "Who signs up is on it at once."
    console.print(f"The list {made.slug} is made: {made.name}. {how}", markup=False)
    console.print(f"Next: newsletter subscribers import FILE --list {made.slug}")


def _table(console: Console, rows: list[dict[str, Any]]) -> None:
    console.print(f"{len(rows):,} lists" if len(rows) != 1 else "1 list")
    if not rows:
        console.print('Next: newsletter lists create families --name "Family newsletter"')
        return
    table = Table("list", "name", "opt-in", box=None, pad_edge=False)
    for state in ("confirmed", "pending", "unsubscribed"):
        table.add_column(state, justify="right")
    for row in rows:
        counted = (f"{row[state]:,}" for state in ("confirmed", "pending", "unsubscribed"))
        table.add_row(row["list"], Text(row["name"]), "double" if row["double_opt_in"] else "single", *counted)
    console.print(table)
