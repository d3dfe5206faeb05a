"""`newsletter db purge`: let go of what was kept long enough, now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from newsletter.events import retention
from newsletter.events.retention import Due, RetentionClock

from .output import json_option, opened, progress, say


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@json_option
def purge(dry_run: bool, as_json: bool) -> None:
    """Let go of what was kept as long as the settings say. A scheduler does it every day."""
    with opened() as app:
        kept, now = app.kept, app.clock.now()
        with app.database.reading() as session:
            due = retention.due(session, kept, now)
        counts: Mapping[str, int] = {name: found.rows for name, found in due.items()}
        if not dry_run:
            app.rollups.make_all_due(app.database)
            with progress("Letting go", sum(counts.values())) as advance:
                counts, _ = retention.purge(app.database, kept, now, progress=advance)
    facts = {"dry_run": dry_run, "clocks": _facts(kept, due, counts)}
    say(facts, lambda console: _purged(console, facts), as_json=as_json)


def _facts(
    kept: Sequence[RetentionClock], due: Mapping[str, Due], counts: Mapping[str, int]
) -> list[dict[str, str | int | datetime | None]]:
    return [
        {"of": clock.name, "days": clock.days, "rows": counts[clock.name], "oldest": due[clock.name].oldest}
        for clock in kept
    ]


def _purged(console: Console, facts: dict[str, Any]) -> None:
    table = Table("what", "kept", "would go" if facts["dry_run"] else "went", "oldest", box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for row in facts["clocks"]:
        oldest = f"{row['oldest']:%-d %B %Y}" if row["oldest"] else ""
        table.add_row(row["of"], _days(row["days"]), f"{row['rows']:,}", oldest)
    console.print(table)
    if facts["dry_run"]:
        console.print("This was a dry run: nothing is gone. Next: newsletter db purge")


def _days(days: int | None) -> str:
    if days is None:
        return "for ever"
    return ("1 day" if days == 1 else f"{days:,} days") if days else "never"
