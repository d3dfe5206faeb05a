"""A report as a person reads it: what happened, the figures in tables, and the next command to try."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from newsletter.app import App
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import DeliveryState
from newsletter.reports import comparisons
from newsletter.reports.answers import QuestionFigures
from newsletter.reports.arms import TrialFigures, verdict
from newsletter.reports.campaigns import CampaignReport
from newsletter.reports.comparisons import Comparison
from newsletter.reports.findings import REASONS
from newsletter.reports.groups import Group as ReaderGroup
from newsletter.reports.health_page import named_reasons
from newsletter.reports.hours import first_hours, hours_of_day
from newsletter.reports.links import LinkFigures
from newsletter.reports.mailings import CameBack
from newsletter.reports.pages import share as percent_of
from newsletter.reports.rates import Rates
from newsletter.reports.refused import Refused
from newsletter.reports.sums import sentence

from .output import some
from .terminal_charts import add_bars, block_bar, figures_table, sparkline

_FIRST_HOURS = 48
_HIDDEN = "hidden"
_UNKNOWN = "-"
_HOUR = "%H:%M %Z"
_MOMENT = f"%A %-d %B %Y, {_HOUR}"


def show_report(console: Console, report: CampaignReport, app: App) -> None:
    """Print a whole report."""
    accepted, mailed = report.totals.states[DeliveryState.ACCEPTED], _to_mail(report)
    zone = ZoneInfo(app.settings.timezone)
    console.print(f"Campaign {report.campaign_id} is {report.state}: {accepted:,} of {mailed:,} copies were accepted.")
    console.print(_times(report, zone))
    totals = report.totals
    console.print(sentence(totals.audience, totals.states, totals.excluded_reasons), soft_wrap=True)
    for part in (_copies(report), _answers(console, report), *_parts(report, zone)):
        console.print()
        console.print(part)
    if report.as_of is not None:
        console.print(f"The copies were counted at {report.as_of.astimezone(zone):{_MOMENT}}.")
    console.print(f"Next: {_next_step(report)}")


def show_rollup(console: Console, campaign_ids: Sequence[int]) -> None:
    """Print which campaigns were counted."""
    if campaign_ids:
        console.print(f"Counted {some(len(campaign_ids), 'campaign')}.")
        console.print(f"Next: newsletter reports campaign {campaign_ids[-1]}")
    else:
        console.print("No campaign is so large that its count is kept: each is counted when its report is asked for.")


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
        times = some(taps, "time")
        console.print(f"The questions of campaign {campaign_id} were answered {times}; who taps twice counts twice.")
    else:
        console.print(f"Campaign {campaign_id} asks no question.")
    for question in questions:
        table = figures_table(question.key, "Taps of people", "Share", "Of machines", "Unknown")
        for answer in question.answers:
            share = answer.people / question.people if question.people else None
            others = (f"{answer.machines:,}", f"{answer.unknown:,}")
            table.add_row(Text(answer.label), f"{answer.people:,}", percent_of(share), *others)
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
    table = figures_table("Copies", "Number", "Share")
    totals = report.totals
    table.add_row("audience", f"{totals.audience:,}", "")
    for state, count in totals.states.items():
        if count or state is DeliveryState.ACCEPTED:
            table.add_row(f"  {state}", f"{count:,}", percent_of(count / totals.audience if totals.audience else None))
    for reason, count in totals.excluded_reasons.items():
        table.add_row(Text(f"    because {reason}", style="dim"), Text(f"{count:,}", style="dim"), "")
    return table


def _parts(report: CampaignReport, zone: ZoneInfo) -> Iterator[RenderableType]:
    """What there is of everything that not every campaign has."""
    yield f"Opens and clicks of people are shares of the {report.totals.tracked:,} readers who agreed to them."
    if report.comparison is not None:
        yield _comparison(report.rates, report.comparison)
    if report.test is not None:
        yield _test(report.test)
    if report.hours and report.started_at is not None:
        yield _hours(report, zone)
    named = [(_groups(title, groups, nameless), groups) for title, groups, nameless in _groupings(report) if groups]
    yield from (table for table, _ in named)
    if any(group.tracked is None for _, groups in named for group in groups):
        few = f"fewer than {report.minimum_group} readers"
        yield f"{_HIDDEN}: groups of {few}, and the next one where a sum would tell."
    if report.returned.hard or report.returned.soft:
        yield _returned(report.returned)
    if report.refused.copies:
        yield _rejected(report.refused)
    if report.links:
        yield _links(report.links, report.totals.tracked)


def _groupings(report: CampaignReport) -> Iterator[tuple[str, Sequence[ReaderGroup], str]]:
    yield "Language", report.languages, "not known"
    yield "Children in", report.bands, "no grade known"
    yield "Role", report.roles, "not told"
    yield "Mail of", report.domains, "address forgotten"


def _answers(console: Console, report: CampaignReport) -> Table:
    """The way of the copies, with a bar for each step on a terminal."""
    table = figures_table("What came back", "People", "Share", "Machines", "Unknown", "Requests")
    add_bars(console, table)
    totals, rates = report.totals, report.rates
    accepted = totals.states[DeliveryState.ACCEPTED]
    told: Sequence[tuple[str, int, float | None]] = (
        ("delivered", totals.delivered, rates.delivered),
        ("unsubscribed", totals.unsubscribed, rates.unsubscribed),
        ("bounced", totals.bounced, rates.bounced),
        ("complained", totals.complained, rates.complained),
    )
    for name, seen, rate in (("opened", totals.opened, rates.opened), ("clicked", totals.clicked, rates.clicked)):
        machines = (f"{seen.machine:,}", f"{seen.unknown:,}", f"{seen.total:,}")
        bar = block_bar(console, seen.human, totals.tracked)
        table.add_row(name, f"{seen.human:,}", percent_of(rate), *machines, *bar)
    for name, count, rate in told:
        shown = _UNKNOWN if rate is None else f"{count:,}"
        table.add_row(name, shown, percent_of(rate), "", "", "", *block_bar(console, count, accepted))
    return table


def _comparison(rates: Rates, found: Comparison) -> RenderableType:
    """The sentence, and under it every share of which something is usual."""
    said = comparisons.sentence(rates, found)
    told = [(name, usual) for name, usual in found.usual.items() if usual is not None]
    if not told:
        return said
    table = figures_table(f"Beside the last {len(found.campaign_ids)}", "This one", "Middle", "Lowest", "Highest")
    for name, usual in told:
        shares = (getattr(rates, name), usual.middle, usual.low, usual.high)
        table.add_row(name, *(percent_of(share) for share in shares))
    return Group(said, table)


def _test(test: TrialFigures) -> Group:
    table = figures_table("Subject", "Copies", "Clicked", "Share", "95 in 100 times between")
    for arm in test.arms:
        share = arm.share
        spread = f"{percent_of(share.low)} and {percent_of(share.high)}" if share else _UNKNOWN
        name = f"{arm.arm} won" if test.winner == arm.arm else arm.arm
        table.add_row(name, f"{arm.of:,}", f"{arm.clicked:,}", percent_of(share.value if share else None), spread)
    return Group(table, verdict(test))


def _hours(report: CampaignReport, zone: ZoneInfo) -> Group:
    """The first two days, and the hours of the day."""
    assert report.started_at is not None  # noqa: S101 - asked for by the caller
    table = figures_table("When people asked")
    first = first_hours(report.hours, report.started_at, _FIRST_HOURS)
    day = hours_of_day(report.hours, zone)
    table.add_column("")
    table.add_row("opened, the first two days", sparkline([hour.opened for hour in first]))
    table.add_row("clicked, the first two days", sparkline([hour.clicked for hour in first]))
    table.add_row("opened, by hour of the day", sparkline([opened for opened, _ in day]))
    opened, clicked = (counts.index(max(counts)) for counts in zip(*day, strict=True))
    if opened == clicked:
        return Group(table, f"Most opened and most clicked in the hour from {opened}:00.")
    return Group(table, f"Most opened in the hour from {opened}:00, and most clicked in that from {clicked}:00.")


def _returned(returned: CameBack) -> Table:
    table = figures_table("Why copies came back", "For good", "For now")
    for reason in Reason:
        hard, soft = returned.hard_reasons[reason], returned.soft_reasons[reason]
        if hard or soft:
            table.add_row(REASONS[reason], f"{hard:,}", f"{soft:,}")
    return table


def _rejected(refused: Refused) -> Table:
    table = figures_table("Why copies were rejected", "Copies", "Share")
    for reason, copies in named_reasons(refused).items():
        table.add_row(reason, f"{copies:,}", percent_of(copies / refused.copies))
    return table


def _groups(title: str, groups: Sequence[ReaderGroup], nameless: str) -> Table:
    table = figures_table(title, "Readers", "Agreed", "Opened", "", "Clicked", "", "Came back")
    for group in groups:
        asked = (cell for count in (group.opened, group.clicked) for cell in (_count(count), _of(count, group.tracked)))
        table.add_row(
            group.name or nameless, _count(group.readers), _count(group.tracked), *asked, _count(group.bounced)
        )
    return table


def _count(count: int | None) -> str:
    return _HIDDEN if count is None else f"{count:,}"


def _of(part: int | None, whole: int | None) -> str:
    return percent_of(part / whole) if part is not None and whole else ""


def _links(links: Sequence[LinkFigures], tracked: int | None = None) -> Table:
    """With the share of people, where it is told how many readers agreed."""
    share = () if tracked is None else ("Share",)
    table = figures_table("Link", "People", *share, "Machines", "Unknown", "Requests")
    table.columns[0].overflow = "fold"
    for link in links:
        clicked = link.clicked
        name = Text(link.label or link.target).append(f"\n{link.target}" if link.label else "", style="dim")
        machines = (f"{clicked.machine:,}", f"{clicked.unknown:,}")
        of_agreed = [_of(clicked.human, tracked) for _ in share]
        table.add_row(name, f"{clicked.human:,}", *of_agreed, *machines, f"{clicked.total:,}")
    return table
