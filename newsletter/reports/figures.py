"""The counting that every report shares: one row a copy, with what its reader's tracked requests say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from newsletter.events.consents import may_track
from newsletter.events.tables import Actor, CampaignReach, CampaignStat, EventKind, Reached
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.tables import Subscriber

Copies: TypeAlias = Mapping[tuple[EventKind, int, Actor], int]
"""How many copies something happened to: by its kind, the link (0: the copy), and who it was."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Opens or clicks.

    `total` counts requests of everybody. `human`, `machine` and `unknown` count copies of readers whose requests may
    be kept; a copy that both a person and a machine asked for is in both.
    """

    human: int
    machine: int
    unknown: int
    total: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Copies of one group of readers; `opened` and `clicked` are those that a person asked for."""

    accepted: int
    tracked: int
    opened: int
    clicked: int

    def __add__(self, other: "Figures") -> "Figures":
        """Both groups together."""
        return Figures(
            self.accepted + other.accepted,
            self.tracked + other.tracked,
            self.opened + other.opened,
            self.clicked + other.clicked,
        )


NOBODY = Figures(0, 0, 0, 0)


def figures_of(campaign_id: int, tracking: Tracking) -> Select[*tuple[Any, ...]]:
    """SELECT the columns of `Figures` over the campaign's deliveries, left-joined to Subscriber.

    The caller adds conditions and groups. A copy is tracked when it was accepted and its reader's requests may be
    kept today, or when a request was kept: a yes taken back later leaves no copy that was opened but not tracked.
    """
    requests = _requests(campaign_id)
    accepted = Delivery.state == DeliveryState.ACCEPTED
    tracked = or_(and_(accepted, may_track(tracking)), requests.c.seq.is_not(None))
    seen = [func.count().filter(requests.c[name] == 1) for name in _BY_PEOPLE]
    return (
        select(func.count().filter(accepted), func.count().filter(tracked), *seen)
        .select_from(Delivery)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(requests, requests.c.seq == Delivery.seq)
        .where(Delivery.campaign_id == campaign_id)
    )


def copies_of(session: Session, campaign_id: int) -> Copies:
    """What happened to the copies of a campaign, each counted once; it was counted as it happened."""
    counted = select(CampaignReach).where(CampaignReach.campaign_id == campaign_id)
    return {(row.kind, row.link_no, row.actor): row.copies for row in session.scalars(counted)}


def requests_of(session: Session, campaign_id: int) -> Mapping[tuple[EventKind, int], int]:
    """How often something was asked for or done, by anybody: by its kind and the link."""
    rows = session.execute(
        select(CampaignStat.kind, CampaignStat.link_no, func.sum(CampaignStat.count))
        .where(CampaignStat.campaign_id == campaign_id)
        .group_by(CampaignStat.kind, CampaignStat.link_no)
    )
    return {(kind, link_no): int(count) for kind, link_no, count in rows}


def seen_of(kind: EventKind, copies: Copies, requests: int, link_no: int = 0) -> Seen:
    """Opens or clicks of a campaign, or clicks on one of its links."""
    human, machine, unknown = (copies.get((kind, link_no, actor), 0) for actor in _SEEN)
    return Seen(human, machine, unknown, requests)


_SEEN = (Actor.HUMAN, Actor.MACHINE, Actor.UNKNOWN)
_BY_PEOPLE: Mapping[str, ColumnElement[bool]] = {
    name: and_(Reached.kind == kind, Reached.actor == Actor.HUMAN)
    for name, kind in (("opened", EventKind.OPEN), ("clicked", EventKind.CLICK))
}


def _requests(campaign_id: int) -> Any:
    """One row a copy with a kept request: 1 or 0 for each of `_BY_PEOPLE`."""
    return (
        select(Reached.seq, *(func.max(case((is_it, 1), else_=0)).label(name) for name, is_it in _BY_PEOPLE.items()))
        .where(Reached.campaign_id == campaign_id, Reached.link_no == 0)
        .where(Reached.kind.in_((EventKind.OPEN, EventKind.CLICK)))
        .group_by(Reached.seq)
        .subquery("requests")
    )
