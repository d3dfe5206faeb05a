"""`newsletter campaigns copy` and `winner`: one more campaign like another, and the end of a test of two subjects."""

import click
from rich.console import Console

from newsletter.campaigns import arms, lifecycle
from newsletter.ledger.tables import Campaign
from newsletter.reports import unopened
from subscribers import audience
from subscribers.segments.rules import Rule

from .output import json_option, opened, say

_id = click.argument("campaign_id", type=int, metavar="ID")


@click.command()
@_id
@click.option("--issue", "issue_id", type=int, help="Another issue than the campaign's own.")
@json_option
def copy(campaign_id: int, issue_id: int | None, as_json: bool) -> None:
    """Make a draft with the same list and rule as campaign ID."""
    with opened() as app, app.database.writing() as session:
        campaign: Campaign = lifecycle.copy(session, app.clock, campaign_id, issue_id)
        rule, context = Rule.parse(campaign.rule), app.rule_context()
        readers = audience.count(session, campaign.list_id or 0, rule, context)
        facts = {"id": campaign.id, "state": campaign.state, "issue": campaign.issue_id, "audience": readers}
        say(facts, lambda console: made(console, campaign.id, readers), as_json=as_json)


@click.command()
@_id
@json_option
def resend(campaign_id: int, as_json: bool) -> None:
    """Make a draft for those who did not open campaign ID.

    Only readers who agreed to tracking can be chosen so; of all others nobody knows whether they opened it.
    """
    with opened() as app, app.database.writing() as session:
        campaign = lifecycle.resend(session, app.clock, campaign_id)
        found = unopened.count(session, campaign_id)
        facts = {"id": campaign.id, "state": campaign.state, "audience": found.unopened, "not_known": found.not_known}
        say(facts, lambda console: _made_again(console, campaign.id, found), as_json=as_json)


@click.command()
@_id
@click.argument("arm", type=click.Choice(arms.ARMS))
def winner(campaign_id: int, arm: str) -> None:
    """Send the rest of campaign ID with the subject of this arm, without waiting any longer."""
    with opened() as app, app.database.writing() as session:
        arms.choose(session, campaign_id, arm)
    click.echo(f"The rest of campaign {campaign_id} gets subject {arm}. Next: newsletter send {campaign_id}")


def made(console: Console, campaign_id: int, readers: int) -> None:
    """Say that a draft was made, and what comes next."""
    console.print(f"Campaign {campaign_id} is made, a draft for {readers:,} readers today.")
    console.print(f"Next: newsletter campaigns schedule {campaign_id} --now")


def _made_again(console: Console, campaign_id: int, found: unopened.Unopened) -> None:
    console.print(f"Of {found.not_known:,} readers nobody knows whether they opened it: they did not agree to that.")
    made(console, campaign_id, found.unopened)
