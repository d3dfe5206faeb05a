"""`newsletter reports`: what came back, for a person, a program or a spreadsheet."""

from dataclasses import asdict

import click

from newsletter.app import App
from newsletter.reports.answers import question_figures
from newsletter.reports.campaigns import CampaignReport, campaign_report
from newsletter.reports.exports import COLUMNS, link_facts, report_facts, report_rows
from newsletter.reports.links import link_figures

from .output import json_option, opened, progress, say
from .report_outputs import Output, report_options
from .report_pages import campaign_html
from .report_tables import show_answers, show_links, show_report, show_rollup
from .reports_lists import engagement, growth, health

_id = click.argument("campaign_id", type=int, metavar="ID")


@click.group()
def reports() -> None:
    """Show what came back."""


for command in (growth, health, engagement):
    reports.add_command(command)


@reports.command()
@_id
@click.option("--language", default="", help="Of the mail that --html shows; that of most readers by default.")
@report_options
def campaign(campaign_id: int, language: str, output: Output) -> None:
    """Show how campaign ID went: totals, rates, links, languages and bands."""
    with opened() as app:
        report = report_on(app, campaign_id)
        output.put(
            facts=lambda: report_facts(report),
            rows=lambda: (COLUMNS, *report_rows(report)),
            page=lambda: campaign_html(app, report, language),
            human=lambda console: show_report(console, report, app),
        )


@reports.command()
@click.argument("campaign_ids", type=int, nargs=-1, metavar="[ID]...")
@json_option
def rollup(campaign_ids: tuple[int, ...], as_json: bool) -> None:
    """Count the copies of large campaigns now, or of campaigns ID.

    Schedulers do that by themselves. A report on a large campaign shows what was counted last.
    """
    with opened() as app:
        with app.database.reading() as session:
            chosen = campaign_ids or app.rollups.large(session)
        with progress("Counting", len(chosen)) as advance:
            for campaign_id in chosen:
                app.rollups.make(app.database, campaign_id)
                advance(1)
        say(
            [{"id": campaign_id} for campaign_id in chosen],
            lambda console: show_rollup(console, chosen),
            as_json=as_json,
        )


@reports.command()
@_id
@json_option
def links(campaign_id: int, as_json: bool) -> None:
    """Show how often each link of campaign ID was followed."""
    with opened() as app, app.database.reading() as session:
        figures = link_figures(session, campaign_id)
        say(link_facts(figures), lambda console: show_links(console, campaign_id, figures), as_json=as_json)


@reports.command()
@_id
@json_option
def answers(campaign_id: int, as_json: bool) -> None:
    """Show how the questions of campaign ID were answered."""
    with opened() as app, app.database.reading() as session:
        figures = question_figures(session, campaign_id)
    facts = [asdict(question) for question in figures]
    say(facts, lambda console: show_answers(console, campaign_id, figures), as_json=as_json)


def report_on(app: App, campaign_id: int) -> CampaignReport:
    """Count one campaign in one snapshot of the database."""
    with app.database.reading() as session:
        return campaign_report(session, campaign_id, app.settings.minimum_group, app.rollups)
