"""How those who joined in the same month read and stay, as a page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from .charts import heat
from .engagement import EngagementReport, Month
from .pages import Frame, page


@dataclass(frozen=True, slots=True)
class Cell:
    """A share and how warm it is; None for nothing was sent, it is hidden, or it is to come."""

    share: float | None
    warmth: int
    why_not: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One cohort."""

    joined: date
    readers: int | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class HeatTable:
    """A share of every cohort, month after month."""

    name: str
    title: str
    note: str
    rows: tuple[HeatRow, ...]


_Share: TypeAlias = Callable[[Month], float | None]
_TABLES: tuple[tuple[str, str, str, _Share], ...] = (
    ("opened", "Opened", "Copies that a person opened, of those of readers who agreed", lambda m: m.opened_share),
    ("clicked", "Clicked", "Copies in which a person followed a link, of the same", lambda m: m.clicked_share),
    ("stayed", "Stayed", "Readers of the month's cohort who were still on the list then", lambda m: m.stayed),
)
_FROM_LEAST = 0.5
"""Where every share is above it, and they differ, the coldest colour is the lowest share and not zero."""


def engagement_page(report: EngagementReport, frame: Frame) -> str:
    """The page."""
    return page(
        "engagement",
        frame,
        report=report,
        sentence=sentence(report),
        tables=tables(report),
        months=range(len(report.begun)),
        has_hidden=any(cohort.readers is None for cohort in report.cohorts),
    )


def tables(report: EngagementReport) -> tuple[HeatTable, ...]:
    """One a figure; none where nobody joined in all these months."""
    if not report.begun:
        return ()
    return tuple(HeatTable(name, title, note, _rows(report, of)) for name, title, note, of in _TABLES)


def sentence(report: EngagementReport) -> str:
    """What there is to see, in one sentence."""
    months = [month for cohort in report.cohorts for month in cohort.months]
    copies = sum(month.copies or 0 for month in months)
    if not copies:
        return "No readers who agreed to opens being kept were sent anything in these months, or too few to show."
    opened, clicked = (sum(getattr(month, name) or 0 for month in months) for name in ("opened", "clicked"))
    first = [month for month in months if month.months_since <= 1]
    at_first = sum(month.opened or 0 for month in first) / (sum(month.copies or 0 for month in first) or 1)
    told = f"People opened {opened / copies:.1%} and clicked in {clicked / copies:.1%}".replace("%", " %")
    begun = f"{at_first:.1%}".replace("%", " %")
    return f"{told} of the {copies:,} copies of readers who agreed; in their first two months they opened {begun}."


def _rows(report: EngagementReport, of: _Share) -> tuple[HeatRow, ...]:
    shares = [value for cohort in report.cohorts for value in map(of, cohort.months) if value is not None]
    least, most = min(shares, default=0), max(shares, default=0)
    least = least if _FROM_LEAST < least < most else 0
    return tuple(
        HeatRow(
            cohort.joined,
            cohort.readers,
            tuple(_cell(month, of(month), least, most) for month in cohort.months),
        )
        for cohort in report.begun
    )


def _cell(month: Month, value: float | None, least: float, most: float) -> Cell:
    if value is None:
        return Cell(None, 0, "hidden" if month.copies is None else "nothing sent")
    return Cell(value, heat(value - least, most - least), "")
