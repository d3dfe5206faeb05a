"""The health of a list as a page."""

from typing import NamedTuple

from newsletter.rendering import dates
from subscribers.tables import SuppressionReason

from .charts import bars
from .findings import COMPLAINTS_ASKED, COMPLAINTS_REFUSED, REASONS, findings, summary
from .groups import OTHERS
from .health import DAYS, HealthReport
from .mailings import Mailing
from .pages import Frame, page
from .providers import FORGOTTEN
from .refused import Refused

_AS_FAR = 0.005
"""The gauge reaches to half a percent, or to what is above."""
SUPPRESSED = {
    SuppressionReason.BOUNCE: "mail to it was refused",
    SuppressionReason.COMPLAINT: "reported as spam",
    SuppressionReason.REQUEST: "asked never to be mailed",
    SuppressionReason.IMPORT: "told by an import",
    SuppressionReason.STAFF: "by staff",
}
NOT_KNOWN = "not known any more"
DOMAINS = {OTHERS: "all others", FORGOTTEN: "erased readers"}


class Needle(NamedTuple):
    """One line of the gauge: `width` in percent of its room; None where nobody can tell."""

    label: str
    share: float | None
    width: float
    level: str


class Gauge(NamedTuple):
    """Complaints beside the lines that Gmail and Yahoo draw, each at a place in percent of the room."""

    needles: tuple[Needle, ...]
    asked: float
    refused: float


def health_page(report: HealthReport, frame: Frame) -> str:
    """The page."""
    found = findings(report)
    soft = {REASONS[reason]: count for reason, count in report.recent.soft_reasons.most_common()}
    hard = {REASONS[reason]: count for reason, count in report.recent.hard_reasons.most_common()}
    refused = named_reasons(report.refused)
    suppressed = {SUPPRESSED[reason]: count for reason, count in report.suppressed.most_common()}
    return page(
        "health",
        frame,
        report=report,
        summary=summary(found),
        findings=found,
        gauge=gauge(report),
        last=[(named(one.mailing), one.back) for one in report.last],
        days=DAYS,
        domains=[(DOMAINS.get(domain.name, domain.name), domain) for domain in report.domains],
        soft=bars(soft),
        hard=bars(hard),
        refused=bars(refused, report.refused.copies),
        suppressed=bars(suppressed, report.suppressed.total()),
        has_hidden=any(domain.accepted is None for domain in report.domains),
    )


def named_reasons(refused: Refused) -> dict[str, int]:
    """Why copies were refused at hand-over, in words, the most frequent reason first; last what is not known."""
    known = {REASONS[reason]: copies for reason, copies in refused.reasons.most_common()}
    return known | ({NOT_KNOWN: refused.unknown} if refused.unknown else {})


def named(mailing: Mailing) -> str:
    """An issue by its month."""
    return dates.month(mailing.month, "en") if mailing.month else f"campaign {mailing.campaign_id}"


def gauge(report: HealthReport) -> Gauge:
    """Where each issue's complaints stand, and those of all together."""
    told = [(f"last {DAYS} days", report.recent.complaint_share)]
    told += [(named(one.mailing), one.back.complaint_share) for one in report.last]
    longest = max(_AS_FAR, *(value or 0 for _, value in told))
    needles = (Needle(label, value, round(100 * (value or 0) / longest, 2), level_of(value)) for label, value in told)
    return Gauge(tuple(needles), 100 * COMPLAINTS_ASKED / longest, 100 * COMPLAINTS_REFUSED / longest)


def level_of(value: float | None) -> str:
    """How a share of complaints is to be taken."""
    if value is None:
        return "not known"
    return "good" if value < COMPLAINTS_ASKED else "watch" if value < COMPLAINTS_REFUSED else "act"
