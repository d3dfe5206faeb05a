"""The issues that a list was sent, and what came back of each: bounces for good and for now, and complaints."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, distinct, func, select
from sqlalchemy.orm import Session

from newsletter.events.tables import PROVEN, CampaignReach, Event, EventKind
from newsletter.feedback.verdicts import Reason
from newsletter.issues.tables import Issue
from newsletter.ledger.tables import Campaign, CampaignKind, Delivery

from .figures import domain_of_copy

_TOLD = (EventKind.DELIVERED, EventKind.BOUNCE, EventKind.COMPLAINT)


@dataclass(frozen=True, slots=True)
class Mailing:
    """One campaign of an issue."""

    campaign_id: int
    month: str
    started_at: datetime


@dataclass(slots=True)
class CameBack:
    """Copies, each once. A copy that came back for now and then for good is in `hard` and in `soft`.

    Of the copies of which no provider ever told anything, `is_told` is false: then the zeros are silence.
    """

    accepted: int = 0
    hard: int = 0
    soft: int = 0
    complained: int = 0
    is_told: bool = False
    hard_reasons: Counter[Reason] = field(default_factory=Counter)
    soft_reasons: Counter[Reason] = field(default_factory=Counter)

    def as_facts(self) -> dict[str, Any]:
        """For keeping as JSON."""
        return {
            "accepted": self.accepted,
            "hard": self.hard,
            "soft": self.soft,
            "complained": self.complained,
            "is_told": self.is_told,
            "hard_reasons": dict(self.hard_reasons),
            "soft_reasons": dict(self.soft_reasons),
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "CameBack":
        """What was kept."""
        reasons = {
            name: Counter({Reason(word): copies for word, copies in facts[name].items()})
            for name in ("hard_reasons", "soft_reasons")
        }
        return cls(**{**facts, **reasons})

    def share(self, copies: int) -> float | None:
        """Of the accepted copies, from 0 to 1; None where nobody can tell."""
        return copies / self.accepted if self.accepted and self.is_told else None

    @property
    def complaint_share(self) -> float | None:
        """Complaints of the accepted copies."""
        return self.share(self.complained)

    @property
    def hard_share(self) -> float | None:
        """Bounces for good of the accepted copies."""
        return self.share(self.hard)

    def add(self, other: "CameBack") -> None:
        """Count the copies of another campaign too."""
        for name in ("accepted", "hard", "soft", "complained"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.is_told = self.is_told or other.is_told
        self.hard_reasons.update(other.hard_reasons)
        self.soft_reasons.update(other.soft_reasons)


def mailings(
    session: Session,
    organization_id: int,
    list_id: int | None,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
    most: int | None = None,
) -> Sequence[Mailing]:
    """The campaigns that began in a span of time, the newest first."""
    begun = (
        select(Campaign.id, func.coalesce(Issue.month, ""), Campaign.started_at)
        .outerjoin(Issue, Issue.id == Campaign.issue_id)
        .where(Campaign.organization_id == organization_id, Campaign.kind == CampaignKind.BROADCAST)
        .where(Campaign.started_at.is_not(None))
        .order_by(Campaign.started_at.desc(), Campaign.id.desc())
        .limit(most)
    )
    if list_id is not None:
        begun = begun.where(Campaign.list_id == list_id)
    if since is not None:
        begun = begun.where(Campaign.started_at >= since)
    if before is not None:
        begun = begun.where(Campaign.started_at < before)
    return [Mailing(campaign_id, month, at) for campaign_id, month, at in session.execute(begun) if at is not None]


def came_back(session: Session, campaign_id: int, accepted: int) -> CameBack:
    """What came back of the accepted copies of a campaign."""
    found = CameBack(accepted)
    for kind, copies in session.execute(_reached(campaign_id)):
        found.is_told = True
        if kind == EventKind.COMPLAINT:
            found.complained = copies
    for is_hard, copies in session.execute(_bounces(campaign_id)):
        if is_hard:
            found.hard = copies
        else:
            found.soft = copies
    for is_hard, reason, copies in session.execute(_bounces(campaign_id, _REASON)):
        (found.hard_reasons if is_hard else found.soft_reasons)[_reason(reason)] += copies
    return found


def returned_by_domain(session: Session, campaign_id: int) -> Mapping[str, CameBack]:
    """The complaints and bounces for good of one of them, by the receiving domain; no other figure is told."""
    found: dict[str, CameBack] = defaultdict(CameBack)
    domain = domain_of_copy(session).label("domain")
    for name, kind, count in session.execute(_returned_by_domain(domain, campaign_id)):
        of_domain = found[name or ""]
        of_domain.is_told = True
        if kind == EventKind.COMPLAINT:
            of_domain.complained += count
        else:
            of_domain.hard += count
    return found


_REASON = Event.detail["reason"].as_string()
_IS_HARD = func.coalesce(Event.detail["permanent"].as_boolean(), False)


def _reached(campaign_id: int) -> Any:
    counted = select(CampaignReach.kind, func.sum(CampaignReach.copies)).group_by(CampaignReach.kind)
    of_copies = CampaignReach.campaign_id == campaign_id, CampaignReach.link_no == 0
    return counted.where(*of_copies, CampaignReach.kind.in_(_TOLD))


def _bounces(campaign_id: int, *more: ColumnElement[Any]) -> Any:
    keys = (_IS_HARD, *more)
    bounced = select(*keys, func.count(distinct(Event.seq))).group_by(*keys)
    return bounced.where(Event.campaign_id == campaign_id, Event.kind == EventKind.BOUNCE, PROVEN)


def _returned_by_domain(domain: ColumnElement[str], campaign_id: int) -> Any:
    returned = (
        select(Event.campaign_id, Event.seq, Event.kind)
        .where(Event.campaign_id == campaign_id)
        .where((Event.kind == EventKind.COMPLAINT) | ((Event.kind == EventKind.BOUNCE) & _IS_HARD))
        .distinct()
        .subquery("returned")
    )
    of_copy = (Delivery.campaign_id == returned.c.campaign_id) & (Delivery.seq == returned.c.seq)
    return select(domain, returned.c.kind, func.count()).join(Delivery, of_copy).group_by(domain, returned.c.kind)


def _reason(word: str | None) -> Reason:
    return Reason(word) if word in set(Reason) else Reason.OTHER
