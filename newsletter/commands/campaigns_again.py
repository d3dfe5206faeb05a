"""`newsletter campaigns copy`, `resend` and `winner`: one more campaign like another, and the end of a test."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.campaigns import arms, lifecycle
from newsletter.reports import unopened

from .output import json_option, opened, say

_id = click.argument("campaign_id", type=int, metavar="ID")
_OF = {"readers": "Agreed", "requests": "Copies"}


@click.command()
@_id
@click.option("--issue", "issue_id", type=int, help="Another issue than the campaign's own.")
@json_option
def copy(campaign_id: int, issue_id: int | None, as_json: bool) -> None:
    """Make a draft with the same list, rule and test as campaign ID.

    With another issue, without the test: the other subject was written for the first one.
    """
    with opened() as app, app.database.writing() as session:
        campaign = lifecycle.copy(session, app.clock, campaign_id, issue_id)
        readers = unopened.readers(session, campaign, app.rule_context())
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
        not_known = unopened.not_known(session, campaign_id, app.settings.tracking)
        readers = unopened.readers(session, campaign, app.rule_context())
        facts = {"id": campaign.id, "state": campaign.state, "audience": readers, "not_known": not_known}
        say(facts, lambda console: _made_again(console, campaign.id, readers, not_known), as_json=as_json)


@click.command()
@_id
@click.argument("arm", type=click.Choice(arms.ARMS))
def winner(campaign_id: int, arm: str) -> None:
    """Send the rest of campaign ID with the subject of this arm, without waiting any longer."""
    with opened() as app, app.database.writing() as session:
        arms.choose(session, app.clock, campaign_id, arm, app.settings.tracking)
    click.echo(f"The rest of campaign {campaign_id} gets subject {arm}. Next: newsletter send {campaign_id}")


def made(console: Console, campaign_id: int, readers: int) -> None:
    """Say that a draft was made, and what comes next."""
    console.print(f"Campaign {campaign_id} is made, a draft for {readers:,} readers today.")
    console.print(f"Next: newsletter campaigns schedule {campaign_id} --now")


def show_test(console: Console, facts: dict[str, Any], zone: ZoneInfo) -> None:
    """Print how a test of two subjects stands."""
    names = {"B": f"B: {next(iter(facts['subject_b'].values()))}"}
    table = Table("Subject", "Accepted", _OF[facts["counts"]], "Clicked", "Share", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for arm, found in facts["arms"].items():
        figures = (f"{found[name]:,}" for name in ("accepted", "of", "clicked"))
        table.add_row(Text(names.get(arm, arm)), *figures, f"{found['rate']:.1%}".replace("%", " %"))
    console.print()
    console.print(table)
    console.print(_decision(facts, zone), soft_wrap=True)
    console.print()


def _decision(facts: dict[str, Any], zone: ZoneInfo) -> str:
    if facts["winner"]:
        who = "by clicks" if facts["decided_by"] == arms.Decider.CLICKS else "by a person"
        return f"The rest gets subject {facts['winner']}: decided {who}, {_shown(facts['decided_at'], zone)}."
    if facts["decide_at"]:
        return f"The rest waits; the subject that more people followed goes to it {_shown(facts['decide_at'], zone)}."
    return "Nothing waits for a winner."


def _shown(moment: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(zone):%A %-d %B %Y, %H:%M %Z}"


def _made_again(console: Console, campaign_id: int, readers: int, not_known: int) -> None:
    console.print(f"Of {not_known:,} more nobody knows whether they opened it: they did not agree to tracking.")
    made(console, campaign_id, readers)
