"""`newsletter campaigns reclassify`: who opened and clicked, judged again by what is known today."""

from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from newsletter.app import App
from newsletter.events import rejudging
from newsletter.events.networks import NetworkLists, Networks
from newsletter.events.rejudging import EventsGone

from .output import json_option, opened, progress, say


@click.command()
@click.argument("campaign_ids", type=int, nargs=-1, metavar="[ID]...")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@json_option
def reclassify(campaign_ids: tuple[int, ...], dry_run: bool, as_json: bool) -> None:
    """Judge the kept opens and clicks of campaigns again, by the lists of today: person, machine, or unknown.

    Without ID, those of every campaign. Counted requests stay as they were: they hold nobody.
    """
    with opened() as app:
        networks = NetworkLists.named(app.settings.machine_networks).read()
        facts = {"dry_run": dry_run, "campaigns": _all(app, campaign_ids, networks, dry_run=dry_run)}
    say(facts, lambda console: _show(console, facts), as_json=as_json)


def _all(app: App, campaign_ids: Sequence[int], networks: Networks, *, dry_run: bool) -> list[dict[str, Any]]:
    with app.database.reading() as session:
        chosen = campaign_ids or rejudging.campaigns(session)
        total = sum(rejudging.copies_of(session, campaign_id) for campaign_id in chosen)
    found = []
    with progress("Judging", total) as advance:
        for campaign_id in chosen:
            try:
                moved = rejudging.reclassify(app.database, campaign_id, networks, dry_run=dry_run, progress=advance)
            except EventsGone as gone:
                if campaign_ids:
                    raise
                found.append({"id": campaign_id, "judged": 0, "changed": [], "left_alone": str(gone)})
            else:
                found.append(_facts(campaign_id, moved))
    return found


def _facts(campaign_id: int, moved: rejudging.Moved) -> dict[str, Any]:
    changed = [
        {"from": before.value, "to": now.value, "events": events}
        for (before, now), events in sorted(moved.items())
        if before is not now
    ]
    return {"id": campaign_id, "judged": moved.total(), "changed": changed, "left_alone": None}


def _show(console: Console, facts: dict[str, Any]) -> None:
    campaigns = facts["campaigns"]
    judged = sum(each["judged"] for each in campaigns)
    changes = [(each["id"], change) for each in campaigns for change in each["changed"]]
    moved = sum(change["events"] for _, change in changes)
    are = "would be" if facts["dry_run"] else "are"
    console.print(f"{judged:,} opens and clicks were judged again; {moved:,} {are} another's.")
    for each in campaigns:
        if each["left_alone"]:
            console.print(each["left_alone"], soft_wrap=True)
    if changes:
        table = Table("Campaign", "Was", "Is", "Events", box=None, pad_edge=False)
        table.columns[3].justify = "right"
        for campaign_id, change in changes:
            table.add_row(str(campaign_id), change["from"], change["to"], f"{change['events']:,}")
        console.print(table)
    if facts["dry_run"]:
        console.print("This was a dry run: nothing is changed. Next: newsletter campaigns reclassify")
    elif changes:
        console.print(f"Next: newsletter reports campaign {changes[0][0]}")
