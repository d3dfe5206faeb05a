"""A report as a person reads it: what happened, the figures in tables, and the next command to try."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.ledger.tables import DeliveryState
from newsletter.reports.answers import QuestionFigures
from newsletter.reports.campaigns import CampaignReport
from newsletter.reports.groups import Group
from newsletter.reports.links import LinkFigures
from newsletter.reports.sums import sentence

_HIDDEN = "hidden"
_UNKNOWN = "-"
_HOUR = "%H:%M %Z"
_MOMENT = f"%A %-d %B %Y, {_HOUR}"


def show_report(console: Console, report: CampaignReport, app: App) -> None:
    """Print a whole report."""
    accepted, mailed = report.totals.states[DeliveryState.ACCEPTED], _to_mail(report)
    console.print(f"Campaign {report.campaign_id} is {report.state}: {accepted:,} of {mailed:,} copies were accepted.")
    console.print(_times(report, ZoneInfo(app.settings.timezone)))
    totals = report.totals
    console.print(sentence(totals.audience, totals.states, totals.excluded_reasons), soft_wrap=True)
    for table in (_copies(report), _answers(report)):
        console.print()
        console.print(table)
    console.print(f"Opens and clicks of people are shares of the {report.totals.tracked:,} readers who agreed to them.")
    for title, groups, nameless in (
        ("Language", report.languages, "not known"),
        ("Children in", report.bands, "no grade known"),
    ):
        if groups:
            console.print()
            console.print(_groups(title, groups, nameless))
    if any(group.tracked is None for group in (*report.languages, *report.bands)):
        console.print(
            f"{_HIDDEN}: groups of fewer than {report.minimum_group} readers, and the next one where a sum would tell."
        )
    if report.links:
        console.print()
        console.print(_links(report.links))
    console.print(f"Next: {_next_step(report)}")


def show_links(console: Console, campaign_id: int, links: Sequence[LinkFigures]) -> None:
    """Print the links of a campaign."""
    followed = sum(link.clicked.total > 0 for link in links)
    if links:
        console.print(f"Of the links of campaign {campaign_id}, {followed:,} of {len(links):,} were followed.")
        console.print(_links(links))
    else:
        console.print(f"Campaign {campaign_id} has no links.")
    console.print(f"Next: newsletter reports campaign {campaign_id}")


def show_answers(console: Console, campaign_id: int, questions: Sequence[QuestionFigures]) -> None:
    """Print how each question was answered."""
    if questions:
        taps = sum(question.people for question in questions)
        times = f"{taps:,} time{'' if taps == 1 else 's'}"
        console.print(f"The questions of campaign {campaign_id} were answered {times}; who taps twice counts twice.")
    else:
        console.print(f"Campaign {campaign_id} asks no question.")
    for question in questions:
        table = _table(question.key, "Taps of people", "Share", "Of machines")
        for answer in question.answers:
            share = answer.people / question.people if question.people else None
            table.add_row(Text(answer.label), f"{answer.people:,}", _percent(share), f"{answer.machines:,}")
        console.print()
        console.print(table)
    console.print(f"Next: newsletter reports campaign {campaign_id}")


def _next_step(report: CampaignReport) -> str:
    for state in (DeliveryState.REJECTED, DeliveryState.UNKNOWN):
        if report.totals.states[state]:
            return f"newsletter campaigns deliveries {report.campaign_id} --state {state}"
    return f"newsletter reports campaign {report.campaign_id} --csv report.csv"


def _to_mail(report: CampaignReport) -> int:
    return report.totals.audience - report.totals.states[DeliveryState.EXCLUDED]


def _times(report: CampaignReport, zone: ZoneInfo) -> str:
    if report.started_at is None:
        return "Sending has not begun."
    begun = report.started_at.astimezone(zone)
    if report.finished_at is None:
        return f"Being sent since {begun:{_MOMENT}}."
    ended = report.finished_at.astimezone(zone)
    return f"Sent from {begun:{_MOMENT}} to {ended:{_HOUR if ended.date() == begun.date() else _MOMENT}}."


def _copies(report: CampaignReport) -> Table:
    table = _table("Copies", "Number", "Share")
    totals = report.totals
    table.add_row("audience", f"{totals.audience:,}", "")
    for state, count in totals.states.items():
        if count or state is DeliveryState.ACCEPTED:
            table.add_row(f"  {state}", f"{count:,}", _percent(count / totals.audience if totals.audience else None))
    for reason, count in totals.excluded_reasons.items():
        table.add_row(Text(f"    because {reason}", style="dim"), Text(f"{count:,}", style="dim"), "")
    return table


def _answers(report: CampaignReport) -> Table:
    table = _table("What came back", "People", "Share", "Machines", "Requests")
    totals, rates = report.totals, report.rates
    for name, seen, rate in (("opened", totals.opened, rates.opened), ("clicked", totals.clicked, rates.clicked)):
        table.add_row(name, f"{seen.human:,}", _percent(rate), f"{seen.machine:,}", f"{seen.total:,}")
    for name, count, rate in (
        ("delivered", totals.delivered, rates.delivered),
        ("unsubscribed", totals.unsubscribed, rates.unsubscribed),
        ("bounced", totals.bounced, rates.bounced),
        ("complained", totals.complained, rates.complained),
    ):
        table.add_row(name, _UNKNOWN if rate is None else f"{count:,}", _percent(rate), "", "")
    return table


def _groups(title: str, groups: Sequence[Group], nameless: str) -> Table:
    table = _table(title, "Readers", "Agreed", "Opened", "Clicked")
    for group in groups:
        figures = (group.readers, group.tracked, group.opened, group.clicked)
        table.add_row(group.name or nameless, *(_HIDDEN if count is None else f"{count:,}" for count in figures))
    return table


def _links(links: Sequence[LinkFigures]) -> Table:
    table = _table("Link", "People", "Machines", "Requests")
    table.columns[0].overflow = "fold"
    for link in links:
        clicked = link.clicked
        name = Text(link.label or link.target).append(f"\n{link.target}" if link.label else "", style="dim")
        table.add_row(name, f"{clicked.human:,}", f"{clicked.machine:,}", f"{clicked.total:,}")
    return table


def _percent(share: float | None) -> str:
    return _UNKNOWN if share is None else f"{share:.1%}".replace("%", " %")


def _table(first: str, *figures: str) -> Table:
    """Names on the left, figures on the right."""
    table = Table(first, box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for figure in figures:
        table.add_column(figure, justify="right")
    return table
