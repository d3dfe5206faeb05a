"""`newsletter reports growth`, `health` and `engagement`: how a list grows, how well it is, and who reads on."""

from datetime import date
from zoneinfo import ZoneInfo

import click
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.reports import list_exports as exports
from newsletter.reports.engagement import engagement_report
from newsletter.reports.engagement_page import engagement_page
from newsletter.reports.growth import growth_report
from newsletter.reports.growth_page import growth_page
from newsletter.reports.health import health_report
from newsletter.reports.health_page import health_page
from newsletter.reports.periods import By, Periods
from subscribers import lists

from .list_report_tables import show_engagement, show_growth, show_health
from .output import opened, parse_day
from .report_outputs import Output, frame_of, report_options

ALL_LISTS = "All lists"
_list = click.option("--list", "slug", metavar="SLUG", help="Only this list; all of them together without it.")


@click.command()
@_list
@click.option("--from", "first", callback=parse_day, help="The first day, YYYY-MM-DD; twelve periods ago by default.")
@click.option("--to", "last", callback=parse_day, help="The last day, YYYY-MM-DD; today by default.")
@click.option("--by", type=click.Choice([by.value for by in By]), default=By.MONTH.value, help="How long a line is.")
@report_options
def growth(slug: str | None, first: date | None, last: date | None, by: str, output: Output) -> None:
    """Show how a list grows: who signed up, confirmed and left, and how many there were, month by month."""
    with opened() as app, app.database.reading() as session:
        list_id, about = _named(session, app, slug)
        periods = Periods.between(first, last or app.today(), By(by), ZoneInfo(app.settings.timezone))
        report = growth_report(session, app.organization.id, list_id, periods)
        output.put(
            facts=lambda: {"list": slug, **exports.growth_facts(report)},
            rows=lambda: exports.growth_rows(report),
            page=lambda: growth_page(report, frame_of(app, about)),
            human=lambda console: show_growth(console, report, about, slug),
        )


@click.command()
@_list
@report_options
def health(slug: str | None, output: Output) -> None:
    """Say how well a list is: complaints, bounces, suppressions, waiting sign-ups and readers who do not open."""
    with opened() as app, app.database.reading() as session:
        list_id, about = _named(session, app, slug)
        report = health_report(
            session, app.organization.id, list_id, app.clock.now(), app.settings.minimum_group, app.rollups
        )
        output.put(
            facts=lambda: {"list": slug, **exports.health_facts(report)},
            rows=lambda: exports.health_rows(report),
            page=lambda: health_page(report, frame_of(app, about)),
            human=lambda console: show_health(console, report, about, slug),
        )


@click.command()
@_list
@click.option("--months", type=click.IntRange(1, 24), default=13, show_default=True, help="How many months to show.")
@report_options
def engagement(slug: str | None, months: int, output: Output) -> None:
    """Show how those who joined in the same month open, click and stay, month after month."""
    with opened() as app, app.database.reading() as session:
        list_id, about = _named(session, app, slug)
        first = By.MONTH.after(By.MONTH.begin_of(app.today()), 1 - months)
        periods = Periods.between(first, app.today(), By.MONTH, ZoneInfo(app.settings.timezone))
        report = engagement_report(
            session, app.organization.id, list_id, periods, app.settings.minimum_group, app.settings.tracking
        )
        output.put(
            facts=lambda: {"list": slug, **exports.engagement_facts(report)},
            rows=lambda: exports.engagement_rows(report),
            page=lambda: engagement_page(report, frame_of(app, about)),
            human=lambda console: show_engagement(console, report, about, slug),
        )


def _named(session: Session, app: App, slug: str | None) -> tuple[int | None, str]:
    """The list's id and its name. Raises `NotFound`."""
    if slug is None:
        return None, ALL_LISTS
    list_ = lists.get(session, app.organization.id, slug)
    return list_.id, list_.name
