"""`newsletter campaigns reconcile` and `retry`: what is not settled, and sending it once more."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.ledger import reconciling
from newsletter.ledger.reconciling import Unsettled
from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignState, DeliveryState
from newsletter.reports.sums import sum_of

from .output import ask, json_option, opened, say

EVENTS_COME_FOR = timedelta(days=3)
"""SendGrid tries a receiving server for 72 hours, and tells of each copy by then."""
_id = click.argument("campaign_id", type=int, metavar="ID")
_IN_THE_AIR = (DeliveryState.ATTEMPTING, DeliveryState.UNKNOWN)
_WARNING = {
    DeliveryState.UNKNOWN: "Some of them may have arrived, and those readers would get it twice. ",
    DeliveryState.REJECTED: "",
}


@click.command()
@_id
@json_option
def reconcile(campaign_id: int, as_json: bool) -> None:
    """Show what of campaign ID is open or unknown: why, since when, and what can be done."""
    with opened() as app, app.database.reading() as session:
        state, total = get(session, campaign_id).state, sum_of(session, campaign_id)
        groups = [_facts(app, group) for group in reconciling.unsettled(session, campaign_id)]
        rejected = reconciling.count(session, campaign_id, DeliveryState.REJECTED)
        facts = {
            "id": campaign_id,
            "state": state.value,
            "sum": total,
            "unsettled": groups,
            "next": _next_step(campaign_id, state, groups, rejected),
        }
        say(facts, lambda console: _show(console, facts, ZoneInfo(app.settings.timezone)), as_json=as_json)


@click.command()
@_id
@click.option(
    "--state",
    "state_name",
    type=click.Choice([state.value for state in reconciling.RETRYABLE]),
    default=DeliveryState.REJECTED.value,
    show_default=True,
    help="Which copies.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def retry(campaign_id: int, state_name: str, yes: bool) -> None:
    """Send the rejected or the unknown copies of campaign ID once more.

    Of an unknown copy nobody can say whether it arrived: its reader may get it twice.
    """
    state = DeliveryState(state_name)
    with opened() as app:
        with app.database.reading() as session:
            reconciling.ensure_retryable(session, campaign_id)
            found = reconciling.count(session, campaign_id, state)
        if found and not yes:
            _ask(found, state)
        with app.database.writing() as session:
            again = reconciling.retry(session, app.clock, campaign_id, state)
            held = reconciling.count(session, campaign_id, state)
    click.echo(_said(campaign_id, state, again, held))


def _ask(found: int, state: DeliveryState) -> None:
    told = f"{_copies(found)} {state}. {_WARNING[state]}"
    ask(f"{told}Send again?", f"{told}Nobody is here to be asked: add --yes to send again.")


def _said(campaign_id: int, state: DeliveryState, again: int, held: int) -> str:
    if not again and not held:
        return f"No copy of campaign {campaign_id} is {state}; there is nothing to send again."
    said = f"{again:,} copies of campaign {campaign_id} go once more."
    if held:
        return f"{said} A sender has {held:,} {state} ones in hand just now: run this again in a moment."
    return f"{said} Next: newsletter send {campaign_id}"


def _copies(count: int) -> str:
    return f"{count:,} {'copy is' if count == 1 else 'copies are'}"


def _facts(app: App, group: Unsettled) -> dict[str, Any]:
    settings = app.settings
    listens = settings.transport.startswith("sendgrid:") and bool(settings.sendgrid_webhook_key)
    may_come = listens and app.clock.now() - group.since < EVENTS_COME_FOR
    return {
        "state": group.state.value,
        "count": group.count,
        "why": group.why,
        "since": group.since,
        "next_at": group.next_at,
        "event_may_settle": may_come and group.state in _IN_THE_AIR,
    }


def _next_step(campaign_id: int, state: CampaignState, groups: list[dict[str, Any]], rejected: int) -> str:
    if state in (CampaignState.PAUSED, CampaignState.STOPPED):
        return f"newsletter campaigns resume {campaign_id}"
    if state not in (CampaignState.SENDING, CampaignState.SENT):
        return f"newsletter campaigns status {campaign_id}"
    unknown = [group for group in groups if group["state"] == DeliveryState.UNKNOWN]
    if len(unknown) < len(groups):
        return f"newsletter send {campaign_id}"
    if any(group["event_may_settle"] for group in unknown):
        return f"newsletter campaigns reconcile {campaign_id}, when events have come"
    if unknown:
        return f"newsletter campaigns retry {campaign_id} --state unknown"
    return f"newsletter campaigns {'retry' if rejected else 'status'} {campaign_id}"


def _show(console: Console, facts: dict[str, Any], zone: ZoneInfo) -> None:
    groups = facts["unsettled"]
    said = (
        f"{sum(group['count'] for group in groups):,} copies are not settled." if groups else "Everything is settled."
    )
    console.print(f"Campaign {facts['id']} is {facts['state']}. {said}")
    console.print(facts["sum"], soft_wrap=True)
    if groups:
        table = Table("State", "Copies", "Since", "Why", "What may come", box=None, pad_edge=False)
        table.columns[1].justify = "right"
        for group in groups:
            since = f"{group['since'].astimezone(zone):%Y-%m-%d %H:%M}"
            table.add_row(group["state"], f"{group['count']:,}", since, Text(group["why"]), _to_come(group, zone))
        console.print(table)
    console.print(f"Next: {facts['next']}")


def _to_come(group: dict[str, Any], zone: ZoneInfo) -> str:
    if group["event_may_settle"]:
        return "an event may still settle it"
    next_at: datetime | None = group["next_at"]
    if next_at is not None:
        return f"next try {next_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return "no event will settle it" if group["state"] == DeliveryState.UNKNOWN else "a sender goes on with it"
