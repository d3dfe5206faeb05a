"""The counting that every report shares: one row a copy, with what its reader's tracked requests say."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select
from sqlalchemy.orm import Session

from newsletter.events.consents import may_track
from newsletter.events.tables import Actor, CampaignStat, Event, EventKind
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.tables import Subscriber


@dataclass(frozen=True, slots=True)
class Seen:
    """Opens or clicks.

    `total` counts requests of everybody. `human` and `machine` count copies of readers whose requests may be kept; a
    copy that both a person and a machine asked for is in both.
    """

    human: int
    machine: int
    total: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Copies of one group of readers."""

    accepted: int
    tracked: int
    opened_human: int
    opened_machine: int
    clicked_human: int
    clicked_machine: int


def figures_of(campaign_id: int, tracking: Tracking) -> Select[*tuple[Any, ...]]:
    """SELECT the columns of `Figures` over the campaign's deliveries, left-joined to Subscriber.

    The caller adds conditions and groups. A copy is tracked when it was accepted and its reader's requests may be
    kept today, or when a request was kept: a yes taken back later leaves no copy that was opened but not tracked.
    """
    requests = _requests(campaign_id)
    accepted = Delivery.state == DeliveryState.ACCEPTED
    tracked = or_(and_(accepted, may_track(tracking)), requests.c.seq.is_not(None))
    seen = [func.count().filter(requests.c[name] == 1) for name in _REQUESTS]
    return (
        select(func.count().filter(accepted), func.count().filter(tracked), *seen)
        .select_from(Delivery)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(requests, requests.c.seq == Delivery.seq)
        .where(Delivery.campaign_id == campaign_id)
    )


def requests_of(session: Session, campaign_id: int, kind: EventKind) -> int:
    """How often something of one kind was asked for or done, by anybody."""
    counted = select(func.coalesce(func.sum(CampaignStat.count), 0))
    return int(session.scalars(counted.where(CampaignStat.campaign_id == campaign_id, CampaignStat.kind == kind)).one())


def copies_of(session: Session, campaign_id: int, kind: EventKind) -> int:
    """How many copies have an event of one kind."""
    counted = select(func.count(distinct(Event.seq)))
    return session.scalars(counted.where(Event.campaign_id == campaign_id, Event.kind == kind)).one()


def is_request(kind: EventKind, actor: Actor) -> ColumnElement[bool]:
    """Whether an event is of this kind, by this sort of actor."""
    return and_(Event.kind == kind, Event.actor == actor)


_REQUESTS = {
    "opened_human": is_request(EventKind.OPEN, Actor.HUMAN),
    "opened_machine": is_request(EventKind.OPEN, Actor.MACHINE),
    "clicked_human": is_request(EventKind.CLICK, Actor.HUMAN),
    "clicked_machine": is_request(EventKind.CLICK, Actor.MACHINE),
}


def _requests(campaign_id: int) -> Any:
    """One row a copy with a kept request: 1 or 0 for each of `_REQUESTS`."""
    return (
        select(Event.seq, *(func.max(case((is_it, 1), else_=0)).label(name) for name, is_it in _REQUESTS.items()))
        .where(Event.campaign_id == campaign_id, Event.kind.in_((EventKind.OPEN, EventKind.CLICK)))
        .group_by(Event.seq)
        .subquery("requests")
    )
