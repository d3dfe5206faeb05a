"""Where a campaign stands, as one flat set of facts: the totals of every report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from newsletter.campaigns import arms
from newsletter.events.tables import EventKind
from newsletter.ledger import balance
from newsletter.ledger.states import get
from newsletter.ledger.tables import Campaign, DeliveryState, Exclusion
from newsletter.settings import Tracking

from .counting import Counted
from .figures import Counters, Figures, Seen, counters_of, figures_of


@dataclass(frozen=True, slots=True)
class Totals:
    """One campaign in figures. `states` has every state; `tracked` is how many readers' requests may be kept."""

    audience: int
    states: dict[DeliveryState, int]
    excluded_reasons: dict[Exclusion, int]
    delivered: int
    bounced: int
    complained: int
    unsubscribed: int
    opened: Seen
    clicked: Seen
    tracked: int

    @property
    def is_told(self) -> bool:
        """Whether anybody told what became of accepted copies; as long as not, these three zeros are silence."""
        return bool(self.delivered or self.bounced or self.complained)


def status(session: Session, campaign_id: int, tracking: Tracking = Tracking.CONSENT) -> dict[str, Any]:
    """The facts of `campaigns status --json`. Raises `CampaignNotFound`."""
    campaign = get(session, campaign_id)
    found = totals(session, campaign, tracking)
    return {
        "id": campaign.id,
        "state": campaign.state.value,
        "issue": campaign.issue_id,
        **as_facts(found),
        "test": arms.facts(session, campaign, tracking),
        "started_at": _moment(campaign.started_at),
        "finished_at": _moment(campaign.finished_at),
    }


def totals(session: Session, campaign: Campaign, tracking: Tracking) -> Totals:
    """Count everything about one campaign, as it stands now."""
    states, reasons = balance.balance(session, campaign.id).counts, balance.exclusions(session, campaign.id)
    tracked = Figures(*session.execute(figures_of(campaign.id, tracking)).one()).tracked
    return _totals(campaign, states, reasons, tracked, counters_of(session, campaign.id))


def totals_from(campaign: Campaign, counted: Counted, counters: Counters) -> Totals:
    """The same, where its copies are counted and its counters read."""
    return _totals(campaign, counted.states, counted.excluded_reasons, counted.tracked, counters)


def _totals(
    campaign: Campaign,
    states: Mapping[DeliveryState, int],
    reasons: Mapping[Exclusion, int],
    tracked: int,
    counters: Counters,
) -> Totals:
    return Totals(
        audience=campaign.audience,
        states=dict.fromkeys(DeliveryState, 0) | dict(states),
        excluded_reasons=dict(reasons),
        delivered=counters.told(EventKind.DELIVERED),
        bounced=counters.told(EventKind.BOUNCE),
        complained=counters.told(EventKind.COMPLAINT),
        unsubscribed=counters.requests_of(EventKind.UNSUBSCRIBE),
        opened=counters.seen(EventKind.OPEN),
        clicked=counters.seen(EventKind.CLICK),
        tracked=tracked,
    )


def as_facts(found: Totals) -> dict[str, Any]:
    """Totals as flat JSON facts, in the order of their life."""
    return {
        "audience": found.audience,
        **{state.value: count for state, count in found.states.items()},
        "excluded_reasons": {reason.value: count for reason, count in found.excluded_reasons.items()},
        "delivered": found.delivered,
        "bounced": found.bounced,
        "complained": found.complained,
        "unsubscribed": found.unsubscribed,
        "opened": seen_facts(found.opened),
        "clicked": seen_facts(found.clicked),
        "tracked": found.tracked,
    }


def seen_facts(seen: Seen) -> dict[str, int]:
    """Opens or clicks as JSON facts."""
    return {"human": seen.human, "machine": seen.machine, "unknown": seen.unknown, "total": seen.total}


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
