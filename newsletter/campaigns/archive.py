"""The public archive: issues that went to everybody on a public list, each under an address that never changes.

An address belongs to a campaign. It is the month of its issue, for the list that was sent to first of all; any other
list adds its own name, and a second campaign of one month and list a number. What counts is when campaigns began, so no
later one takes an address that another has, and one that is hidden keeps its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from newsletter.errors import NotFound
from newsletter.issues.tables import Issue
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState
from subscribers.tables import List

_MONTH_LENGTH = len("2026-12")


class IssueNotPublished(NotFound):
    """There is no such issue in the archive."""


@dataclass(frozen=True, slots=True)
class Published:
    """An issue of the archive, as it was last sent to a public list."""

    issue_id: int
    slug: str
    """Of the campaign that brought it into the archive."""
    month: str
    revision_id: int
    list_id: int
    published_at: datetime
    """When it was first sent."""
    updated_at: datetime
    """When it was last sent."""


@dataclass(frozen=True, slots=True)
class _Sending:
    """A campaign that went to a whole list, and the address that is its own."""

    campaign: Campaign
    slug: str
    month: str
    is_shown: bool


def all_of(session: Session, organization_id: int) -> list[Published]:
    """Every issue of the archive, the newest month first, and there what was sent last."""
    found = _published(_sendings(session, organization_id))
    return sorted(found, key=lambda issue: (issue.month, issue.published_at, issue.issue_id), reverse=True)


def get(session: Session, organization_id: int, slug: str) -> Published:
    """The issue of an address, whichever of its campaigns that belongs to. Raises `IssueNotPublished`."""
    sendings = _sendings(session, organization_id, Issue.month == slug[:_MONTH_LENGTH])
    named = {sending.slug: sending.campaign.issue_id for sending in sendings if sending.is_shown}
    if slug not in named:
        raise IssueNotPublished
    return next(issue for issue in _published(sendings) if issue.issue_id == named[slug])


def _sendings(session: Session, organization_id: int, *where: ColumnElement[bool]) -> list[_Sending]:
    """Campaigns that began to go to a whole list, in that order."""
    whole_lists = _whole_lists(organization_id)
    first = session.scalar(whole_lists.with_only_columns(Campaign.list_id).limit(1))
    taken: set[str] = set()
    found = []
    for campaign, month, list_ in session.execute(whole_lists.where(*where)):
        slug = _free(month if list_.id == first else f"{month}-{list_.slug}", taken)
        taken.add(slug)
        is_shown = list_.is_public and campaign.state is CampaignState.SENT
        found.append(_Sending(campaign, slug, month, is_shown))
    return found


def _whole_lists(organization_id: int) -> Select[Campaign, str, List]:
    """Broadcasts that no rule and no earlier copy chose readers of, and that have begun, in the order they began."""
    return (
        select(Campaign, Issue.month, List)
        .join(Issue, Issue.id == Campaign.issue_id)
        .join(List, List.id == Campaign.list_id)
        .where(
            Campaign.organization_id == organization_id,
            Campaign.kind == CampaignKind.BROADCAST,
            Campaign.started_at.is_not(None),
            Campaign.revision_id.is_not(None),
            Campaign.rule == "",
            Campaign.unopened_of_id.is_(None),
        )
        .order_by(Campaign.started_at, Campaign.id)
    )


def _free(slug: str, taken: Iterable[str]) -> str:
    """The slug, or with the first number that makes it another."""
    numbered = (f"{slug}-{number}" for number in count(2))
    return slug if slug not in taken else next(other for other in numbered if other not in taken)


def _published(sendings: Sequence[_Sending]) -> list[Published]:
    by_issue: dict[int, list[_Sending]] = {}
    for sending in sendings:
        if sending.is_shown and sending.campaign.issue_id is not None:
            by_issue.setdefault(sending.campaign.issue_id, []).append(sending)
    return [_of(issue_id, shown) for issue_id, shown in by_issue.items()]


def _of(issue_id: int, shown: Sequence[_Sending]) -> Published:
    first, last = shown[0], shown[-1].campaign
    assert last.revision_id and last.list_id and last.started_at and first.campaign.started_at  # noqa: S101, PT018 - as asked for
    return Published(
        issue_id=issue_id,
        slug=first.slug,
        month=first.month,
        revision_id=last.revision_id,
        list_id=last.list_id,
        published_at=first.campaign.started_at,
        updated_at=last.started_at,
    )
