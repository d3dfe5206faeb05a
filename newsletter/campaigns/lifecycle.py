"""What people do with a campaign: make it, approve it, schedule it, pause, resume and cancel it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.errors import NewsletterError
from newsletter.issues import issues
from newsletter.issues.tables import Revision
from newsletter.ledger import balance
from newsletter.ledger.states import StepRefused, get, move, try_move
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Schedule, ScheduleKind
from subscribers.tables import List

from . import arms
from .arms import Trial
from .gates import Gate


class NeedsApproval(NewsletterError):
    """A second person must approve this campaign first: `newsletter campaigns approve ID`."""


class NotSentYet(NewsletterError):
    """Only a campaign that is sent has readers who did not open it."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Whom a campaign is for: a list, and a rule's text with the name of the segment it came from."""

    list_: List
    rule: str = ""
    segment: str = ""


def create(
    session: Session,
    clock: Clock,
    issue_id: int,
    aim: Aim,
    trial: Trial | None = None,
    unopened_of_id: int | None = None,
) -> Campaign:
    """Make a draft campaign of an issue: perhaps with a test of two subjects, or as one more try of an earlier one."""
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
        unopened_of_id=unopened_of_id,
        **arms.columns(trial),
    )
    session.add(campaign)
    session.flush()
    return campaign


def trial_of(session: Session, issue_id: int, subjects: Sequence[str], percent: int, decide_after: timedelta) -> Trial:
    """A test of an issue's subject against another. Raises `SubjectInvalid`."""
    document = issues.document_of(issues.latest(session, issues.get(session, issue_id)))
    return Trial.of(document, subjects, percent, decide_after)


def copy(session: Session, clock: Clock, campaign_id: int, issue_id: int | None = None) -> Campaign:
    """Make a draft with the same aim, of the same issue or another.

    A test of two subjects is copied with its issue only: the other subject is written for that one.
    """
    source = get(session, campaign_id)
    own = _issue_of(source)
    trial = Trial.kept(source) if issue_id in (None, own) else None
    return create(session, clock, issue_id or own, _aim_of(session, source), trial, source.unopened_of_id)


def resend(session: Session, clock: Clock, campaign_id: int) -> Campaign:
    """Make a draft for those who have a sent campaign's mail and did not open it, among readers who agreed to tracking.

    Raises `NotSentYet`.
    """
    source = get(session, campaign_id)
    if source.state != CampaignState.SENT:
        raise NotSentYet(
            f"Campaign {campaign_id} is {source.state}. When it is sent, those who did not open it are known."
        )
    return create(session, clock, _issue_of(source), _aim_of(session, source), unopened_of_id=campaign_id)


def approve(session: Session, clock: Clock, campaign_id: int, gate: Gate) -> Campaign:
    """Bind the issue's newest revision; a later edit does not touch this campaign."""
    revision = _bound(session, campaign_id, gate)
    return move(session, campaign_id, CampaignState.APPROVED, revision_id=revision.id, approved_at=clock.now())


def choose_newest(session: Session, campaign_id: int) -> Campaign:
    """Take back an approval, so that the newest revision can be approved instead."""
    return move(session, campaign_id, CampaignState.DRAFT, revision_id=None, approved_at=None)


def schedule(
    session: Session,
    campaign_id: int,
    at: datetime,
    zone: str,
    gate: Gate,
    *,
    needs_approval: bool,
    begin_at: datetime | None = None,
) -> Campaign:
    """Set the moment of sending. Where no approval is asked for, this binds the newest revision.

    With `begin_at` each reader gets it when their own clock shows what a clock in `zone` shows at `at`; the sending
    then begins at that earlier moment, for those who are first.
    """
    _refuse_stream(session, campaign_id)
    campaign = get(session, campaign_id)
    binding: dict[str, Any] = {}
    if campaign.state == CampaignState.DRAFT:
        if needs_approval:
            raise NeedsApproval
        binding = {"revision_id": _bound(session, campaign_id, gate).id}
    binding |= {"scheduled_at": at, "time_zone": zone, "local_time": begin_at is not None}
    scheduled = move(session, campaign_id, CampaignState.SCHEDULED, **binding)
    due = _schedule_of(session, campaign_id) or Schedule(
        organization_id=campaign.organization_id, kind=ScheduleKind.CAMPAIGN, subject_id=campaign_id
    )
    due.next_at, due.tz = begin_at or at, zone
    session.add(due)
    session.flush()
    return scheduled


def pause(session: Session, campaign_id: int) -> Campaign:
    """Stop sending within one group; what is in flight is settled."""
    _refuse_stream(session, campaign_id)
    return move(session, campaign_id, CampaignState.PAUSED)


def resume(session: Session, campaign_id: int) -> Campaign:
    """Go on with a campaign that was paused, or that was stopped and whose cause is mended."""
    state = get(session, campaign_id).state
    if state in (CampaignState.PREPARING, CampaignState.SENT):
        raise StepRefused(f"Campaign {campaign_id} is {state}; there is nothing to resume.")
    return move(session, campaign_id, CampaignState.SENDING, stop_reason="")


def stop(session: Session, campaign_id: int, reason: str) -> None:
    """Stop a campaign that the account refuses, for a person to look at; one that is not sending stays as it is."""
    if get(session, campaign_id).kind == CampaignKind.BROADCAST:  # a stream goes on when the account is mended
        try_move(session, campaign_id, CampaignState.STOPPED, stop_reason=reason)


def cancel(session: Session, clock: Clock, campaign_id: int) -> int:
    """End a campaign early. Returns how many deliveries had not begun and now never will."""
    _refuse_stream(session, campaign_id)
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


def _bound(session: Session, campaign_id: int, gate: Gate) -> Revision:
    campaign = get(session, campaign_id)
    return gate.revision(session, campaign, issues.get(session, _issue_of(campaign)))


def _refuse_stream(session: Session, campaign_id: int) -> None:
    """Raise `StepRefused` for a stream: what confirms sign-ups must not end with somebody's mistaken number."""
    if get(session, campaign_id).kind != CampaignKind.BROADCAST:
        sentence = f"Campaign {campaign_id} is a stream of single mails, such as confirmations, and always goes on."
        raise StepRefused(f"{sentence} `newsletter campaigns list` shows the campaigns of issues.")


def _issue_of(campaign: Campaign) -> int:
    if campaign.issue_id is None:
        raise StepRefused(f"Campaign {campaign.id} is a stream of single mails; it has no issue.")
    return campaign.issue_id


def _aim_of(session: Session, campaign: Campaign) -> Aim:
    return Aim(session.get_one(List, campaign.list_id), campaign.rule, campaign.segment)


def _schedule_of(session: Session, campaign_id: int) -> Schedule | None:
    of_campaign = (Schedule.kind == ScheduleKind.CAMPAIGN, Schedule.subject_id == campaign_id)
    return session.scalars(select(Schedule).where(*of_campaign)).one_or_none()
