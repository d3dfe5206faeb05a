"""`newsletter campaigns`: aim an issue at an audience, schedule it, and follow it."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.campaigns import lifecycle
from newsletter.campaigns.times import first_local, parse_local
from newsletter.ledger import listing
from newsletter.ledger.states import get
from newsletter.ledger.tables import Campaign, DeliveryState
from newsletter.reports.status import status as status_of
from newsletter.reports.sums import sentence
from subscribers import audience, lists
from subscribers.segments import saved

from .campaigns_again import copy, made, resend, show_test, winner
from .campaigns_reclassifying import reclassify
from .campaigns_reconciling import reconcile, retry
from .durations import Duration
from .output import json_option, opened, say

_id = click.argument("campaign_id", type=int, metavar="ID")


@click.group()
def campaigns() -> None:
    """Aim an issue at an audience, schedule it, and follow it."""


for command in (copy, resend, winner, reconcile, retry, reclassify):
    campaigns.add_command(command)


@campaigns.command()
@click.option("--issue", "issue_id", type=int, required=True, help="The issue to send.")
@click.option("--list", "list_slug", required=True, help="The list whose subscribers get it.")
@click.option("--segment", help="Only subscribers in this segment.")
@click.option("--rule", "rule_text", help="Only subscribers this rule chooses, such as: band = high and language = es")
@click.option(
    "--subject-b", "subjects", multiple=True, metavar="TEXT", help="Test another subject; es=TEXT for another language."
)
@click.option("--test-percent", type=click.IntRange(2, 100), default=20, show_default=True, help="Readers in the test.")
@click.option(
    "--decide-after", type=Duration(), default="4h", show_default=True, help="When the better subject goes to the rest."
)
@json_option
def create(
    issue_id: int,
    list_slug: str,
    segment: str | None,
    rule_text: str | None,
    subjects: tuple[str, ...],
    test_percent: int,
    decide_after: timedelta,
    as_json: bool,
) -> None:
    """Make a draft campaign that sends an issue to a list."""
    if segment and rule_text:
        raise click.UsageError("Give --segment or --rule, not both.")
    with opened() as app, app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, list_slug)
        rule = saved.rule_for(session, app.rule_context(), segment, rule_text)
        name = saved.get(session, app.organization.id, segment).name if segment else ""
        aim = lifecycle.Aim(list_, str(rule), name)
        trial = lifecycle.trial_of(session, issue_id, subjects, test_percent, decide_after) if subjects else None
        campaign = lifecycle.create(session, app.clock, issue_id, aim, trial)
        readers = audience.count(session, list_.id, rule, app.rule_context())
        facts = {"id": campaign.id, "state": campaign.state, "issue": issue_id, "audience": readers}
        say(facts, lambda console: made(console, campaign.id, readers), as_json=as_json)


@campaigns.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every campaign, the newest first."""
    with opened() as app, app.database.reading() as session:
        rows = [_row(app, campaign) for campaign in lifecycle.all_of(session, app.organization.id)]
        say(rows, lambda console: _table(console, "campaigns", rows), as_json=as_json)


@campaigns.command()
@_id
def approve(campaign_id: int) -> None:
    """Approve the newest revision of the campaign's issue; later edits do not touch what is sent."""
    with opened() as app, app.database.writing() as session:
        lifecycle.approve(session, app.clock, campaign_id, app.gate())
    click.echo(f"Campaign {campaign_id} is approved. Next: newsletter campaigns schedule {campaign_id} --now")


@campaigns.command()
@_id
@click.option("--now", "is_now", is_flag=True, help="Send as soon as a sender runs.")
@click.option("--at", "at_text", help="When, such as 2026-12-01 09:00.")
@click.option("--timezone", help="The zone of --at; the organization's own by default.")
@click.option("--local-time", is_flag=True, help="At that time on each reader's own clock.")
def schedule(campaign_id: int, is_now: bool, at_text: str | None, timezone: str | None, local_time: bool) -> None:
    """Set when the campaign is sent."""
    if is_now == bool(at_text):
        raise click.UsageError("Give --now, or --at TIME.")
    if local_time and (is_now or timezone):
        raise click.UsageError("With --local-time give --at TIME, and neither --now nor --timezone.")
    with opened() as app, app.database.writing() as session:
        zone, now = timezone or app.settings.timezone, app.clock.now()
        at = parse_local(at_text, zone) if at_text else now
        begin_at = first_local(at_text, zone, now) if at_text and local_time else None
        lifecycle.schedule(
            session, campaign_id, at, zone, app.gate(), needs_approval=app.needs_approval, begin_at=begin_at
        )
    when = at.astimezone(ZoneInfo(zone))
    shown = when.strftime("%A %-d %B %Y, %H:%M") + (" on each reader's own clock" if local_time else f" {when:%Z}")
    next_step = f"newsletter send {campaign_id}" if is_now else "newsletter run, which keeps the schedule"
    click.echo(f"Campaign {campaign_id} is scheduled for {shown}. Next: {next_step}")


@campaigns.command()
@_id
def pause(campaign_id: int) -> None:
    """Stop sending within one group of mails, until it is resumed."""
    with opened() as app, app.database.writing() as session:
        lifecycle.pause(session, campaign_id)
    click.echo(f"Campaign {campaign_id} is paused. Next: newsletter campaigns resume {campaign_id}")


@campaigns.command()
@_id
def resume(campaign_id: int) -> None:
    """Go on with a campaign that was paused or stopped."""
    with opened() as app, app.database.writing() as session:
        lifecycle.resume(session, campaign_id)
    click.echo(f"Campaign {campaign_id} goes on. Next: newsletter send {campaign_id}")


@campaigns.command()
@_id
def cancel(campaign_id: int) -> None:
    """End a campaign early; what was not begun is never sent."""
    with opened() as app, app.database.writing() as session:
        cancelled = lifecycle.cancel(session, app.clock, campaign_id)
    click.echo(f"Campaign {campaign_id} is cancelled; {cancelled:,} copies had not begun and never will.")


@campaigns.command()
@_id
@json_option
def status(campaign_id: int, as_json: bool) -> None:
    """Show where every copy of a campaign is."""
    with opened() as app, app.database.reading() as session:
        facts = status_of(session, campaign_id, app.settings.tracking)
        say(facts, lambda console: _status(console, facts, app.settings.timezone), as_json=as_json)


@campaigns.command()
@_id
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]), help="Only these.")
@json_option
def deliveries(campaign_id: int, state: str | None, as_json: bool) -> None:
    """Show the copies of a campaign one by one."""
    with opened() as app, app.database.reading() as session:
        get(session, campaign_id)
        rows = listing.deliveries(session, campaign_id, DeliveryState(state) if state else None)
        say(rows, lambda console: _table(console, "deliveries", rows), as_json=as_json)


def _row(app: App, campaign: Campaign) -> dict[str, Any]:
    at = (
        campaign.scheduled_at.astimezone(ZoneInfo(campaign.time_zone or app.settings.timezone))
        if campaign.scheduled_at
        else None
    )
    return {
        "id": campaign.id,
        "state": campaign.state,
        "issue": campaign.issue_id,
        "segment": campaign.segment or campaign.rule,
        "audience": campaign.audience,
        "scheduled_at": at.strftime("%Y-%m-%d %H:%M %Z") if at else None,
    }


def _table(console: Console, what: str, rows: list[dict[str, Any]]) -> None:
    console.print(f"{len(rows):,} {what}")
    if rows:
        table = Table(*rows[0], box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
        console.print(table)


def _status(console: Console, facts: dict[str, Any], zone: str) -> None:
    console.print(f"Campaign {facts['id']} is {facts['state']}.")
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for state in ("audience", *(state.value for state in DeliveryState)):
        if facts[state] or state == "audience":
            table.add_row(state, f"{facts[state]:,}")
    console.print(table)
    states = {state: facts[state] for state in DeliveryState}
    console.print(sentence(facts["audience"], states, facts["excluded_reasons"]), soft_wrap=True)
    if facts["test"]:
        show_test(console, facts["test"], ZoneInfo(zone))
    console.print(f"Next: newsletter reports campaign {facts['id']}")
