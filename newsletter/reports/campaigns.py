"""The report on one campaign: totals, rates, links, and groups of readers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignKind, DeliveryState
from newsletter.settings import Tracking
from subscribers.segments.rules import RuleContext

from .groups import Group, by_band, by_language
from .links import LinkFigures, link_figures
from .status import Totals, totals


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares from 0 to 1; None where there is nothing to divide by.

    `accepted` is of the readers to be mailed; `delivered`, `bounced`, `complained` and `unsubscribed` are of the
    accepted copies; `opened` and `clicked` count people, of the tracked ones. While no provider has told of any copy,
    `delivered`, `bounced` and `complained` are None: silence is no zero.
    """

    accepted: float | None
    delivered: float | None
    bounced: float | None
    complained: float | None
    unsubscribed: float | None
    opened: float | None
    clicked: float | None


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """Everything a report shows. Groups below `minimum_group` are hidden."""

    campaign_id: int
    state: str
    issue_id: int | None
    started_at: datetime | None
    finished_at: datetime | None
    minimum_group: int
    totals: Totals
    rates: Rates
    links: tuple[LinkFigures, ...]
    languages: tuple[Group, ...]
    bands: tuple[Group, ...]


def campaign_report(
    session: Session,
    campaign_id: int,
    minimum_group: int,
    *,
    tracking: Tracking,
    context_of: Callable[[date | None], RuleContext],
) -> CampaignReport:
    """Count one campaign; grades are read on its day. Raises `CampaignNotFound`."""
    campaign = get(session, campaign_id)
    found = totals(session, campaign, tracking)
    is_of_an_issue = campaign.kind is CampaignKind.BROADCAST
    return CampaignReport(
        campaign_id=campaign.id,
        state=campaign.state.value,
        issue_id=campaign.issue_id,
        started_at=campaign.started_at,
        finished_at=campaign.finished_at,
        minimum_group=minimum_group,
        totals=found,
        rates=_rates(found),
        links=link_figures(session, campaign_id),
        languages=by_language(session, campaign_id, tracking, minimum_group) if is_of_an_issue else (),
        bands=by_band(session, campaign_id, tracking, minimum_group, context_of(campaign.day)),
    )


def _rates(found: Totals) -> Rates:
    accepted = found.states[DeliveryState.ACCEPTED]
    told_of = accepted if found.delivered or found.bounced or found.complained else 0
    return Rates(
        accepted=_share(accepted, found.audience - found.states[DeliveryState.EXCLUDED]),
        delivered=_share(found.delivered, told_of),
        bounced=_share(found.bounced, told_of),
        complained=_share(found.complained, told_of),
        unsubscribed=_share(found.unsubscribed, accepted),
        opened=_share(found.opened.human, found.tracked),
        clicked=_share(found.clicked.human, found.tracked),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
