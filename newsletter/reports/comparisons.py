"""A campaign beside the last ones of its list."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.events.tables import EventKind
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState

from .figures import counters_of
from .rates import Rates, percent, rates_of
from .rollups import Rollups
from .status import totals_from

LAST = 6
_ENOUGH = 2
COMPARED = ("opened", "clicked", "unsubscribed", "bounced", "complained")


@dataclass(frozen=True, slots=True)
class Usual:
    """One share in the campaigns before: the middle one, the lowest and the highest."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The campaigns before, the latest first, and what is usual of each share; None where too few could be told."""

    campaign_ids: tuple[int, ...]
    usual: dict[str, Usual | None]


def comparison(session: Session, campaign: Campaign, rollups: Rollups) -> Comparison:
    """Compare with up to six broadcasts of the same list that were sent before this one began."""
    before = (
        select(Campaign)
        .where(Campaign.kind == CampaignKind.BROADCAST, Campaign.list_id == campaign.list_id)
        .where(Campaign.state == CampaignState.SENT, Campaign.id != campaign.id)
        .order_by(Campaign.started_at.desc(), Campaign.id.desc())
        .limit(LAST)
    )
    if campaign.started_at is not None:
        before = before.where(Campaign.started_at < campaign.started_at)
    campaigns = session.scalars(before).all()
    rates = [_rates(session, one, rollups) for one in campaigns]
    return Comparison(tuple(one.id for one in campaigns), {name: _usual(rates, name) for name in COMPARED})


def sentence(rates: Rates, found: Comparison) -> str:
    """Whether more or fewer opened it than usual."""
    usual = found.usual["opened"]
    if usual is None or rates.opened is None:
        return "There are too few issues before it to compare with."
    how = "More" if rates.opened > usual.high else "Fewer" if rates.opened < usual.low else "As many"
    than = "as usual" if how == "As many" else "than in any of"
    issues = f"the last {len(found.campaign_ids)} issues"
    told = f"{percent(rates.opened)}, {issues} {percent(usual.low)} to {percent(usual.high)}"
    return f"{how} readers opened it {than}{'' if how == 'As many' else ' ' + issues}: {told}."


def _rates(session: Session, campaign: Campaign, rollups: Rollups) -> Rates:
    """No share is made of opens and clicks of everybody, so those are not read."""
    counted = rollups.past(session, campaign)
    return rates_of(totals_from(campaign, counted, counters_of(session, campaign.id, (EventKind.UNSUBSCRIBE,))))


def _usual(rates: Sequence[Rates], name: str) -> Usual | None:
    shares = [share for one in rates if (share := getattr(one, name)) is not None]
    return Usual(median(shares), min(shares), max(shares)) if len(shares) >= _ENOUGH else None
