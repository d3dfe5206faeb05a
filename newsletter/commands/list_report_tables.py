"""The reports on lists as a person reads them: what happened, the figures in tables, and the next command to try."""

from collections.abc import Callable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from newsletter.reports.engagement import EngagementReport, Month
from newsletter.reports.engagement_page import sentence as engagement_sentence
from newsletter.reports.findings import Level, findings, summary
from newsletter.reports.growth import GrowthReport
from newsletter.reports.growth_page import LEAVES, SOURCES, name_of, sentence, told
from newsletter.reports.health import DAYS, HealthReport
from newsletter.reports.health_page import DOMAINS, SUPPRESSED, named, named_reasons
from newsletter.reports.mailings import CameBack
from newsletter.reports.pages import share

from .terminal_charts import WIDE, add_bars, block_bar, figures_table

_HIDDEN = "hidden"
_STYLES = {Level.GOOD: "green", Level.WATCH: "yellow", Level.ACT: "bold red", Level.UNKNOWN: "dim"}
_HALF_A_YEAR = 6
"""Cohorts show a year where the window is wide, else half of it."""


def show_growth(console: Console, report: GrowthReport, about: str, slug: str | None) -> None:
    """Print how a list grows."""
    _say(console, f"{about}: {sentence(report)}")
    most = max(step.standing for step in report.steps)
    table = figures_table(report.by.value.capitalize(), "Signed up", "Confirmed", "Joined", "Left", "Net", "Readers")
    add_bars(console, table)
    for step in report.steps:
        asked = (f"{step.signed_up.total():,}", share(step.confirmed_share))
        moves = (f"{step.joined:,}", f"{step.left.total():,}", f"{step.net:+,}" if step.net else "0")
        bar = block_bar(console, step.standing, most)
        table.add_row(name_of(step, report.by), *asked, *moves, f"{step.standing:,}", *bar)
    console.print()
    console.print(table)
    for title, counts in (
        ("How they signed up", told(SOURCES, report.total.signed_up)),
        ("Why they left", told(LEAVES, report.total.left)),
    ):
        if counts:
            console.print()
            console.print(_bars(console, title, counts))
    _say(console, f"Next: newsletter reports growth{_of(slug)} --html growth.html", above=True)


def show_health(console: Console, report: HealthReport, about: str, slug: str | None) -> None:
    """Print how well a list is."""
    found = findings(report)
    _say(console, f"{about}: {summary(found)}")
    console.print()
    for finding in found:
        console.print(Text(f"{finding.level:<9} ", _STYLES[finding.level]).append(finding.about, "bold"))
        console.print(Padding(Text(finding.sentence), (0, 0, 0, 10), expand=False))
    for table in _health_tables(console, report):
        console.print()
        console.print(table)
    if any(domain.accepted is None for domain in report.domains):
        _say(console, f"{_HIDDEN}: fewer than {report.minimum_group} copies, and the next one where a sum would tell.")
    _say(console, f"Next: newsletter reports health{_of(slug)} --html health.html", above=True)


def show_engagement(console: Console, report: EngagementReport, about: str, slug: str | None) -> None:
    """Print how cohorts read and stay."""
    _say(console, f"{about}: {engagement_sentence(report)}")
    if report.begun:
        _show_cohorts(console, report)
    if any(cohort.readers is None for cohort in report.cohorts):
        _say(console, f"{_HIDDEN}: fewer than {report.minimum_group} readers.")
    _say(console, f"Next: newsletter reports engagement{_of(slug)} --html engagement.html", above=True)


def _show_cohorts(console: Console, report: EngagementReport) -> None:
    wide = not console.is_terminal or console.width >= WIDE
    shown = len(report.begun) if wide else min(len(report.begun), _HALF_A_YEAR + 1)
    for title, of in (
        ("Opened, of the copies of who agreed (%)", _opened),
        ("Clicked, of the same (%)", _clicked),
        ("Still on the list (%)", _stayed),
    ):
        console.print()
        console.print(Text(title, "bold"))
        console.print(_cohorts(report, of, shown))
    columns = "Rows: the month of joining. Columns: months since then."
    more = "" if shown >= len(report.begun) else f" More than {_HALF_A_YEAR} need a window of {WIDE} columns."
    _say(console, f"{columns}{more}")


def _health_tables(console: Console, report: HealthReport) -> Iterator[Table]:
    if report.last:
        table = figures_table("Issue", "Accepted", "For good", "For now", "Complained", "Share")
        for one in report.last:
            table.add_row(named(one.mailing), *_returned(one.back))
        table.add_row(f"last {DAYS} days", *_returned(report.recent), style="bold")
        yield table
    if report.domains:
        table = figures_table("Provider", "Accepted", "For good", "Complained", "Share")
        for domain in report.domains:
            accepted = _HIDDEN if domain.accepted is None else f"{domain.accepted:,}"
            returned = (_count(domain.hard), _count(domain.complained), share(domain.complaint_share, 2))
            table.add_row(DOMAINS.get(domain.name, domain.name), accepted, *returned)
        yield table
    if report.refused.copies:
        yield _bars(console, f"Refused at hand-over, {DAYS} days", named_reasons(report.refused))
    if report.suppressed:
        yield _bars(console, "Never mailed again", {SUPPRESSED[key]: n for key, n in report.suppressed.most_common()})


def _returned(back: CameBack) -> tuple[str, ...]:
    counts = (back.hard, back.soft, back.complained) if back.is_told else (None, None, None)
    return (f"{back.accepted:,}", *map(_count, counts), share(back.complaint_share, 2))


def _cohorts(report: EngagementReport, of: Callable[[Month], float | None], shown: int) -> Table:
    table = figures_table("Joined", "Readers", *map(str, range(shown)))
    for cohort in report.begun:
        figures = [of(month) for month in cohort.months[:shown]]
        cells = ["-" if figure is None else f"{figure * 100:.1f}" for figure in figures]
        table.add_row(f"{cohort.joined:%b %Y}", _HIDDEN if cohort.readers is None else f"{cohort.readers:,}", *cells)
    return table


def _opened(month: Month) -> float | None:
    return month.opened_share


def _clicked(month: Month) -> float | None:
    return month.clicked_share


def _stayed(month: Month) -> float | None:
    return month.stayed


def _bars(console: Console, title: str, counts: dict[str, int]) -> Table:
    total, most = sum(counts.values()), max(counts.values())
    table = figures_table(title, "Number", "Share")
    add_bars(console, table)
    for label, count in counts.items():
        table.add_row(label, f"{count:,}", share(count / total), *block_bar(console, count, most))
    return table


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _say(console: Console, text: str, *, above: bool = False) -> None:
    if above:
        console.print()
    console.print(Text(text))


def _of(slug: str | None) -> str:
    return f" --list {slug}" if slug else ""
