"""The life of a campaign as a table. Any step that is not in it is refused with a sentence."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.errors import NewsletterError, NotFound

from .tables import Campaign, CampaignState

_S = CampaignState
STEPS: Mapping[CampaignState, frozenset[CampaignState]] = {
    _S.DRAFT: frozenset({_S.APPROVED, _S.SCHEDULED, _S.CANCELLED}),
    _S.APPROVED: frozenset({_S.DRAFT, _S.SCHEDULED, _S.CANCELLED}),
    _S.SCHEDULED: frozenset({_S.PREPARING, _S.HELD, _S.CANCELLED}),
    _S.HELD: frozenset({_S.SCHEDULED, _S.CANCELLED}),
    _S.PREPARING: frozenset({_S.SENDING, _S.CANCELLED}),
    _S.SENDING: frozenset({_S.PAUSED, _S.STOPPED, _S.SENT, _S.CANCELLED}),
    _S.PAUSED: frozenset({_S.SENDING, _S.CANCELLED}),
    _S.STOPPED: frozenset({_S.SENDING, _S.CANCELLED}),
    _S.SENT: frozenset({_S.SENDING}),
    _S.CANCELLED: frozenset(),
}
"""From each state, where a campaign may go.

`approved -> draft` is choosing another revision; `sent -> sending` is trying once more what was rejected or is unknown.
"""


class CampaignNotFound(NotFound):
    """There is no such campaign. `newsletter campaigns list` shows them."""


class StepRefused(NewsletterError):
    """A campaign cannot take this step from where it stands."""


def get(session: Session, campaign_id: int) -> Campaign:
    """The campaign, or `CampaignNotFound`."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise CampaignNotFound
    return campaign


def locked(session: Session, campaign_id: int) -> Campaign:
    """The campaign as it is now, which stays so until the caller's transaction ends; or `CampaignNotFound`."""
    of_id = select(Campaign).where(Campaign.id == campaign_id).with_for_update()
    campaign = session.scalars(of_id.execution_options(populate_existing=True)).one_or_none()
    if campaign is None:
        raise CampaignNotFound
    return campaign


def move(session: Session, campaign_id: int, to: CampaignState, **values: Any) -> Campaign:
    """Take one step of the table, setting `values` with it. Raises `StepRefused` where it cannot be taken."""
    if not try_move(session, campaign_id, to, **values):
        raise StepRefused(_why_not(get(session, campaign_id), to))
    return session.scalars(
        select(Campaign).where(Campaign.id == campaign_id).execution_options(populate_existing=True)
    ).one()


def try_move(session: Session, campaign_id: int, to: CampaignState, **values: Any) -> bool:
    """Take one step if the campaign stands where it may be taken; whether this call took it.

    The states the step may start from go into the WHERE, so of two people or processes one wins.
    """
    sources = [state for state, targets in STEPS.items() if to in targets]
    moved = session.scalar(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(sources))
        .values(state=to, **values)
        .returning(Campaign.id)
    )
    return moved is not None


def _why_not(campaign: Campaign, to: CampaignState) -> str:
    ways = ", ".join(sorted(STEPS[campaign.state])) or "nothing else: it has ended"
    return f"Campaign {campaign.id} is {campaign.state}; it cannot become {to}. From here it can become {ways}."
