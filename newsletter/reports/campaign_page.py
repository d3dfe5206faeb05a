"""One campaign as a page: its funnel, its first days, its groups, and its mail with the clicks on it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale

from newsletter.ledger.tables import DeliveryState

from .arms import verdict
from .campaigns import CampaignReport
from .charts import Bar, Line, bars
from .comparisons import sentence as compared
from .findings import REASONS
from .groups import Group
from .health_page import DOMAINS, named_reasons
from .hours import Hour, first_hours
from .mail_pictures import MailPicture
from .pages import Frame, page
from .rates import percent
from .sums import sentence

_DAY = "%A %-d %B %Y"
_TIME = "%H:%M %Z"
FIRST_HOURS = 72


@dataclass(frozen=True, slots=True)
class Steps:
    """Bars under each other that begin at one edge, each a share of the first."""

    name: str
    bars: tuple[Bar, ...]


def campaign_page(report: CampaignReport, picture: MailPicture | None, frame: Frame) -> str:
    """The page."""
    links = {link.no: link for link in report.links}
    times = picture.times if picture else {}
    totals, first = report.totals, first_days(report, frame.made_at)
    groupings = [(title, groups) for title, groups in _groupings(report) if groups]
    return page(
        "campaign",
        frame,
        report=report,
        picture=picture,
        totals=totals,
        rates=report.rates,
        lead=lead(report, frame.zone),
        compared=compared(report.rates, report.comparison) if report.comparison else "",
        sum=sentence(totals.audience, totals.states, totals.excluded_reasons),
        copies=copies(report),
        reading=reading(report),
        first=first,
        hours=hours(first, frame.zone),
        asked=(sum(hour.opened for hour in report.hours), sum(hour.clicked for hour in report.hours)),
        groupings=groupings,
        returned=returned(report),
        rejected=list(named_reasons(report.refused).items()),
        verdict=verdict(report.test) if report.test else "",
        in_picture=[links[no] for no in times if no in links],
        elsewhere=[link for link in report.links if link.no not in times],
        has_hidden=any(group.tracked is None for _, groups in groupings for _, group in groups),
        language=named_language(picture.sent.variant.language) if picture else "",
        counted=f"{report.as_of.astimezone(frame.zone):{_DAY}, {_TIME}}" if report.as_of else "",
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


def first_days(report: CampaignReport, now: datetime) -> tuple[Hour, ...]:
    """The first three days, hour by hour, as far as they have passed."""
    if report.started_at is None:
        return ()
    passed = (now - report.started_at) // timedelta(hours=1) + 1
    return first_hours(report.hours, report.started_at, max(0, min(FIRST_HOURS, passed)))


def hours(first: Sequence[Hour], zone: ZoneInfo) -> Line:
    """Opens and clicks, hour by hour."""
    names = [f"{hour.at.astimezone(zone):%a %-H:%M}" for hour in first]
    return Line.of(names, [[hour.opened for hour in first], [hour.clicked for hour in first]])


def returned(report: CampaignReport) -> list[tuple[str, int, int]]:
    """Why copies came back: for good, and for now."""
    back = report.returned
    reasons = sorted({*back.hard_reasons, *back.soft_reasons}, key=lambda reason: -back.hard_reasons[reason])
    return [(REASONS[reason], back.hard_reasons[reason], back.soft_reasons[reason]) for reason in reasons]


def _groupings(report: CampaignReport) -> Iterator[tuple[str, list[tuple[str, Group]]]]:
    yield "language", [(named_language(group.name) if group.name else "not known", group) for group in report.languages]
    for title, groups, nameless in (
        ("children's band", report.bands, "no grade known"),
        ("role", report.roles, "not told"),
        ("receiving domain", report.domains, "address forgotten"),
    ):
        yield title, [(DOMAINS.get(group.name, group.name) or nameless, group) for group in groups]


def named_language(code: str) -> str:
    """A language's name in English."""
    return Locale.parse(code, sep="-").get_display_name("en") or code
