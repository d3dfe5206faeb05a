"""The SQL that docs/figures.md gives for the figures of lists says what the reports say."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from newsletter.reports.engagement import engagement_report
from newsletter.reports.growth import growth_report
from newsletter.reports.health import health_report
from newsletter.reports.periods import By, Periods
from newsletter.settings import Tracking
from subscribers.db import Database
from tests.support.counting import rollups
from tests.support.school_year import FIRST, NOW, SchoolYear

_ROOT = Path(__file__).parents[2]
_STATEMENT = re.compile(r"^([A-Z][^\n]*):\n\n```sql\n(.*?)```", re.MULTILINE | re.DOTALL)
MONTHS = Periods.between(FIRST, date(2026, 12, 10), By.MONTH, ZoneInfo("America/Chicago"))


@pytest.fixture
def year(sqlite_url: str) -> Iterator[tuple[Session, SchoolYear]]:
    database = Database(sqlite_url)
    with database.writing() as session:
        yield session, SchoolYear(session, scale=0.5)
    database.close()


def told() -> dict[str, str]:
    """Each statement by the first words before it."""
    found = _STATEMENT.findall((_ROOT / "docs" / "figures.md").read_text(encoding="utf-8"))
    return {re.split(r"[,(]", name)[0].strip(): statement for name, statement in found}


def asked(session: Session, name: str, **given: Any) -> Any:
    moments = {
        key: f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value for key, value in given.items()
    }
    return session.execute(text(told()[name]), moments).scalar_one()


def test_growth(year: tuple[Session, SchoolYear]) -> None:
    session, school = year
    report = growth_report(session, school.organization.id, school.list_.id, MONTHS)
    for at, step in enumerate(report.steps):
        begin, end = MONTHS.moments[at], MONTHS.moments[at + 1]
        assert asked(session, "Signed up", list=school.list_.id, begin=begin, end=end) == step.signed_up.total()
    assert asked(session, "Readers", list=school.list_.id) == report.steps[-1].standing


def test_health(year: tuple[Session, SchoolYear]) -> None:
    session, school = year
    report = health_report(session, school.organization.id, school.list_.id, NOW, 5, rollups())
    for one in report.last:
        campaign = one.mailing.campaign_id
        assert asked(session, "Complained", campaign=campaign) == one.back.complained
        assert asked(session, "Came back for good", campaign=campaign) == one.back.hard
    assert sum(one.back.complained for one in report.last) > 0
    days = {"month_ago": NOW - timedelta(days=30), "now": NOW}
    for state, copies in (("rejected", report.refused.copies), ("accepted", report.recent.accepted)):
        assert asked(session, "Copies of 30 days", list=school.list_.id, state=state, **days) == copies
    week_ago = NOW - timedelta(days=7)
    assert asked(session, "Sign-ups that wait", list=school.list_.id, week_ago=week_ago) == report.waiting > 0


def test_engagement(year: tuple[Session, SchoolYear]) -> None:
    session, school = year
    report = engagement_report(session, school.organization.id, school.list_.id, MONTHS, 1, Tracking.CONSENT)
    joined = {"list": school.list_.id, "joined_begin": MONTHS.moments[0], "joined_end": MONTHS.moments[1]}
    for month in report.cohorts[0].months[1:]:
        begin, end = MONTHS.moments[month.months_since], MONTHS.moments[month.months_since + 1]
        assert asked(session, "Opened", **joined, begin=begin, end=end) == pytest.approx(month.opened_share)
        assert asked(session, "Stayed", **joined, end=end) == pytest.approx(month.stayed)
