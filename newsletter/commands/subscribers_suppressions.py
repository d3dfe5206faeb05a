"""`newsletter subscribers suppressions`: who is never mailed, and why."""

from collections import Counter
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from subscribers import suppressions as store
from subscribers.tables import Suppression, SuppressionReason

from . import subscribers_output as shown
from .output import json_option, opened, say


@click.command()
@click.option("--reason", type=click.Choice([reason.value for reason in SuppressionReason]), help="Only these.")
@json_option
def suppressions(reason: str | None, as_json: bool) -> None:
    """List every address that is never mailed: since when, why, and what the server said."""
    with opened() as app, app.database.reading() as session:
        wanted = SuppressionReason(reason) if reason else None
        rows = [_row(one, address) for one, address in store.listing(session, app.organization.id, wanted)]
    say(rows, lambda console: _show(console, rows), as_json=as_json)


def _row(suppression: Suppression, address: str | None) -> dict[str, Any]:
    return {"address": address, **shown.suppression_facts(suppression)}


def _show(console: Console, rows: list[dict[str, Any]]) -> None:
    counted = Counter(row["reason"] for row in rows)
    by_reason = ", ".join(f"{n:,} by {reason}" for reason, n in counted.most_common())
    many = "address is" if len(rows) == 1 else "addresses are"
    console.print(f"{len(rows):,} {many} never mailed{f': {by_reason}' if rows else ''}.", markup=False)
    if rows:
        console.print(_table(rows))
    known = next((row["address"] for row in rows if row["address"]), None)
    console.print(f"Next: newsletter subscribers {f'show {known}' if known else 'suppress ADDRESS --reason R'}")


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("address", "since", "reason", "copies", "the server's words"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        copies = str(len(row["copies"]) or "")
        cells = (row["address"] or "nobody on file", f"{row['since']:%Y-%m-%d}", row["reason"], copies, row["detail"])
        table.add_row(*map(Text, cells))
    return table
