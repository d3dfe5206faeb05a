"""Every report on a made-up school's year, as the pages that the commands write."""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from newsletter import migrations
from newsletter.app import App, build
from newsletter.clock import Clock
from newsletter.commands.report_outputs import frame_of
from newsletter.commands.report_pages import campaign_html
from newsletter.commands.reports import report_on
from newsletter.reports.engagement import engagement_report
from newsletter.reports.engagement_page import engagement_page
from newsletter.reports.growth import growth_report
from newsletter.reports.growth_page import growth_page
from newsletter.reports.health import health_report
from newsletter.reports.health_page import health_page
from newsletter.reports.periods import By, Periods
from newsletter.settings import Settings
from subscribers.db import Database

from .school_year import FIRST, NOW, SchoolYear

LAST_CAMPAIGN = 12


def a_school_year(folder: Path) -> App:
    """A new installation in a folder, filled; its clock stands at the year's end."""
    url = f"sqlite:///{folder / 'newsletter.db'}"
    settings = Settings(
        database_url=url,
        secret_key=SecretStr("k" * 40),
        timezone="America/Chicago",
        media=f"folder:{folder / 'media'}",
        state_folder=folder,
    )
    clock = Clock(NOW - datetime.now(UTC))
    database = Database(url)
    migrations.upgrade(database)
    with database.writing() as session:
        SchoolYear(session)
    database.close()
    return build(settings, clock)


def report_pages(app: App) -> dict[str, str]:
    """The HTML of each report, by its name."""
    settings, organization_id = app.settings, app.organization.id
    frame = frame_of(app, "Family newsletter")
    months = Periods.between(FIRST, app.today(), By.MONTH, frame.zone)
    minimum = settings.minimum_group
    with app.database.reading() as session:
        growth = growth_report(session, organization_id, None, months)
        health = health_report(session, organization_id, None, app.clock.now(), minimum, app.rollups)
        engagement = engagement_report(session, organization_id, None, months, minimum, settings.tracking)
    return {
        "growth": growth_page(growth, frame),
        "health": health_page(health, frame),
        "engagement": engagement_page(engagement, frame),
        "campaign": campaign_html(app, report_on(app, LAST_CAMPAIGN), ""),
    }
