"""The report on one campaign: totals, shares, links, groups of readers, hours, refusals, and what is usual."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from newsletter.ledger.states import get
from newsletter.ledger.tables import CampaignKind

from . import comparisons
from .answers import QuestionFigures, questions_from
from .arms import TrialFigures, trial_figures
from .comparisons import Comparison
from .figures import counters_of
from .groups import Group, largest, shown
from .hours import Hour, hours_of
from .links import LinkFigures, links_from
from .mailings import CameBack
from .rates import Rates, rates_of
from .refused import Refused
from .rollups import Rollups
from .status import Totals, totals_from

MOST_DOMAINS = 10


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """Everything a report shows. Groups below `minimum_group` are hidden.

    `as_of` is when the copies were counted: their states, the groups and what came back; None: just now. All else is of
    now.
    """

    campaign_id: int
    state: str
    issue_id: int | None
    started_at: datetime | None
    finished_at: datetime | None
    minimum_group: int
    as_of: datetime | None
    totals: Totals
    rates: Rates
    links: tuple[LinkFigures, ...]
    languages: tuple[Group, ...]
    bands: tuple[Group, ...]
    roles: tuple[Group, ...]
    domains: tuple[Group, ...]
    hours: tuple[Hour, ...]
    returned: CameBack
    refused: Refused
    questions: tuple[QuestionFigures, ...]
    test: TrialFigures | None
    comparison: Comparison | None
    """None for a stream: there is nothing like it before it."""


def campaign_report(session: Session, campaign_id: int, minimum_group: int, rollups: Rollups) -> CampaignReport:
    """Count one campaign; grades are read on its day. Raises `CampaignNotFound`."""
    campaign = get(session, campaign_id)
    counted, as_of = rollups.counted(session, campaign)
    counters = counters_of(session, campaign_id)
    totals = totals_from(campaign, counted, counters)
    refused = Refused()
    refused.add(campaign.id, totals.states, counted.refused)
    is_broadcast = campaign.kind is CampaignKind.BROADCAST
    return CampaignReport(
        campaign_id=campaign.id,
        state=campaign.state.value,
        issue_id=campaign.issue_id,
        started_at=campaign.started_at,
        finished_at=campaign.finished_at,
        minimum_group=minimum_group,
        as_of=as_of,
        totals=totals,
        rates=rates_of(totals),
        links=links_from(session, campaign_id, counters),
        languages=shown(counted.languages, minimum_group),
        bands=shown(counted.bands, minimum_group),
        roles=shown(counted.roles, minimum_group),
        domains=shown(largest(counted.domains, MOST_DOMAINS, minimum_group), minimum_group),
        hours=hours_of(session, campaign_id),
        returned=counted.returned,
        refused=refused,
        questions=questions_from(session, campaign_id, counters),
        test=trial_figures(session, campaign, rollups.tracking),
        comparison=comparisons.comparison(session, campaign, rollups) if is_broadcast else None,
    )
