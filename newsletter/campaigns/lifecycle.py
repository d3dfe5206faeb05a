"""What people do with a campaign: make it, approve it, schedule it, pause, resume and cancel it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.issues import issues
from newsletter.issues.document import Document
from newsletter.issues.tables import Revision
from newsletter.ledger import balance
from newsletter.ledger.states import StepRefused, get, move, try_move
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Schedule, ScheduleKind
from subscribers.tables import List

Gate = Callable[[Document], None]
"""Raises a sentence where an issue may not be sent."""


class NeedsApproval(NewsletterError):
    """A second person must approve this campaign first: `newsletter campaigns approve ID`."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Whom a campaign is for: a list, and a rule's text with the name of the segment it came from."""

    list_: List
    rule: str = ""
    segment: str = ""


def create(session: Session, clock: Clock, issue_id: int, aim: Aim) -> Campaign:
    """Make a draft campaign of an issue."""
    issue = issues.get(session, issue_id)
    campaign = Campaign(
        organization_id=issue.organization_id,
        kind=CampaignKind.BROADCAST,
        state=CampaignState.DRAFT,
        issue_id=issue.id,
        list_id=aim.list_.id,
        rule=aim.rule,
        segment=aim.segment,
        created_at=clock.now(),
    )
    session.add(campaign)
    session.flush()
    return campaign


def approve(session: Session, clock: Clock, campaign_id: int, gate: Gate) -> Campaign:
    """Bind the issue's newest revision; a later edit does not touch this campaign."""
    revision = _newest_sendable(session, campaign_id, gate)
    return move(session, campaign_id, CampaignState.APPROVED, revision_id=revision.id, approved_at=clock.now())


def choose_newest(session: Session, campaign_id: int) -> Campaign:
    """Take back an approval, so that the newest revision can be approved instead."""
    return move(session, campaign_id, CampaignState.DRAFT, revision_id=None, approved_at=None)


def schedule(
    session: Session, campaign_id: int, at: datetime, zone: str, gate: Gate, *, needs_approval: bool
) -> Campaign:
    """Set the moment of sending. Where no approval is asked for, this binds the newest revision."""
    campaign = get(session, campaign_id)
    binding = {}
    if campaign.state == CampaignState.DRAFT:
        if needs_approval:
            raise NeedsApproval
        binding = {"revision_id": _newest_sendable(session, campaign_id, gate).id}
    scheduled = move(session, campaign_id, CampaignState.SCHEDULED, scheduled_at=at, time_zone=zone, **binding)
    due = _schedule_of(session, campaign_id) or Schedule(
        organization_id=campaign.organization_id, kind=ScheduleKind.CAMPAIGN, subject_id=campaign_id
    )
    due.next_at, due.tz = at, zone
    session.add(due)
    session.flush()
    return scheduled


def pause(session: Session, campaign_id: int) -> Campaign:
    """Stop sending within one group; what is in flight is settled."""
    return move(session, campaign_id, CampaignState.PAUSED)


def resume(session: Session, campaign_id: int) -> Campaign:
    """Go on with a campaign that was paused, or that was stopped and whose cause is mended."""
    if get(session, campaign_id).state == CampaignState.PREPARING:
        raise StepRefused(f"Campaign {campaign_id} is still preparing; there is nothing to resume.")
    return move(session, campaign_id, CampaignState.SENDING, stop_reason="")


def stop(session: Session, campaign_id: int, reason: str) -> None:
    """Stop a campaign that the account refuses, for a person to look at; one that is not sending stays as it is."""
    if get(session, campaign_id).kind == CampaignKind.BROADCAST:  # a stream goes on when the account is mended
        try_move(session, campaign_id, CampaignState.STOPPED, stop_reason=reason)


def cancel(session: Session, clock: Clock, campaign_id: int) -> int:
    """End a campaign early. Returns how many deliveries had not begun and now never will."""
    due = _schedule_of(
        session, campaign_id
    )  # before the campaign's row, as the tick does, so that neither waits in a ring
    if due is not None:
        due.next_at = None
        session.flush()
    move(session, campaign_id, CampaignState.CANCELLED, finished_at=clock.now())
    return balance.cancel_open(session, clock, campaign_id)


def all_of(session: Session, organization_id: int) -> list[Campaign]:
    """Every broadcast, the newest first."""
    return list(
        session.scalars(
            select(Campaign)
            .where(Campaign.organization_id == organization_id, Campaign.kind == CampaignKind.BROADCAST)
            .order_by(Campaign.id.desc())
        )
    )


def _newest_sendable(session: Session, campaign_id: int, gate: Gate) -> Revision:
    campaign = get(session, campaign_id)
    if campaign.issue_id is None:
        raise StepRefused(f"Campaign {campaign_id} is a stream of single mails; it has no issue.")
    revision = issues.latest(session, issues.get(session, campaign.issue_id))
    gate(issues.document_of(revision))
    return revision


def _schedule_of(session: Session, campaign_id: int) -> Schedule | None:
    of_campaign = (Schedule.kind == ScheduleKind.CAMPAIGN, Schedule.subject_id == campaign_id)
    return session.scalars(select(Schedule).where(*of_campaign)).one_or_none()
