"""One campaign as a page: its funnel, its first days, its groups, and its mail with the clicks on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from babel import Locale

from newsletter.ledger.tables import DeliveryState

from .answers import QuestionFigures
from .campaigns import CampaignReport
from .charts import Bar, Line, bars
from .first_days import FirstDays
from .groups import Group
from .mail_pictures import MailPicture
from .pages import Frame, page
from .sums import sentence
from .verdicts import percent

_DAY = "%A %-d %B %Y"
_TIME = "%H:%M %Z"


@dataclass(frozen=True, slots=True)
class Steps:
    """Bars under each other that begin at one edge, each a share of the first."""

    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class CampaignView:
    """What a page shows of a campaign beside its report."""

    subject: str
    days: FirstDays | None
    questions: Sequence[QuestionFigures]
    picture: MailPicture | None


def campaign_page(report: CampaignReport, view: CampaignView, frame: Frame) -> str:
    """The page."""
    links = {link.no: link for link in report.links}
    times = view.picture.times if view.picture else {}
    totals = report.totals
    return page(
        "campaign",
        frame,
        report=report,
        view=view,
        totals=totals,
        rates=report.rates,
        lead=lead(report, frame.zone),
        sum=sentence(totals.audience, totals.states, totals.excluded_reasons),
        copies=copies(report),
        reading=reading(report),
        hours=hours(view.days, frame.zone) if view.days else None,
        languages=named(report.languages, "not known"),
        bands=[(group.name or "no grade known", group) for group in report.bands],
        in_picture=[links[no] for no in times if no in links],
        elsewhere=[link for link in report.links if link.no not in times],
        has_hidden=any(group.tracked is None for group in (*report.languages, *report.bands)),
        language=view.picture and named_language(view.picture.sent.variant.language),
    )


def lead(report: CampaignReport, zone: ZoneInfo) -> str:
    """What happened, in one sentence or two."""
    accepted = report.totals.states[DeliveryState.ACCEPTED]
    to_mail = report.totals.audience - report.totals.states[DeliveryState.EXCLUDED]
    if report.started_at is None:
        return "Sending has not begun."
    begun = report.started_at.astimezone(zone)
    sent = f"{accepted:,} of {to_mail:,} copies were accepted, from {begun:{_DAY}}, {begun:{_TIME}}."
    if report.rates.opened is None or report.rates.clicked is None:
        return sent
    opened, clicked = percent(report.rates.opened), percent(report.rates.clicked)
    return f"{sent} People opened {opened} and clicked in {clicked} of the copies of readers who agreed."


def copies(report: CampaignReport) -> Steps:
    """From the audience to the servers of readers: of everybody."""
    totals = report.totals
    steps = {
        "in the audience": totals.audience,
        "to be mailed": totals.audience - totals.states[DeliveryState.EXCLUDED],
        "accepted": totals.states[DeliveryState.ACCEPTED],
    }
    if report.rates.delivered is not None:
        steps["delivered"] = totals.delivered
    return Steps("Copies", bars(steps, totals.audience))


def reading(report: CampaignReport) -> Steps:
    """What people did with the copies of readers who agreed."""
    totals = report.totals
    steps = {"copies of who agreed": totals.tracked, "opened": totals.opened.human, "clicked": totals.clicked.human}
    return Steps("Reading", bars(steps, totals.tracked))


def hours(days: FirstDays, zone: ZoneInfo) -> Line:
    """Opens and clicks, hour by hour."""
    names = [f"{(days.begin + timedelta(hours=at)).astimezone(zone):%a %-H:%M}" for at in range(len(days.opened))]
    return Line.of(names, [days.opened, days.clicked])


def named(groups: Sequence[Group], nameless: str) -> list[tuple[str, Group]]:
    """Groups by the names of their languages in English."""
    return [(named_language(group.name) if group.name else nameless, group) for group in groups]


def named_language(code: str) -> str:
    """A language's name in English."""
    return Locale.parse(code, sep="-").get_display_name("en") or code
