"""The counting that every report shares: one row a copy, with what its reader's tracked requests say."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, func, or_, select
from sqlalchemy.orm import Session

from newsletter.events.consents import may_track
from newsletter.events.tables import Actor, CampaignReach, CampaignStat, EventKind, Reached
from newsletter.ledger.tables import Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.db import dialect_of
from subscribers.tables import Subscriber


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
    """Copies of one group of readers; `opened` and `clicked` are those that a person asked for, `bounced` came back."""

    accepted: int
    tracked: int
    opened: int
    clicked: int
    bounced: int

    def __add__(self, other: "Figures") -> "Figures":
        """Both groups together."""
        return Figures(
            self.accepted + other.accepted,
            self.tracked + other.tracked,
            self.opened + other.opened,
            self.clicked + other.clicked,
            self.bounced + other.bounced,
        )


NOBODY = Figures(0, 0, 0, 0, 0)


def figures_of(campaign_id: int, tracking: Tracking) -> Select[*tuple[Any, ...]]:
    """SELECT the columns of `Figures` over the campaign's deliveries, left-joined to Subscriber.

    The caller adds conditions and groups. A copy is tracked when it was accepted and its reader's requests may be
    kept today, or when a request was kept: a yes taken back later leaves no copy that was opened but not tracked.
    """
    reached = _reached(campaign_id)
    accepted = Delivery.state == DeliveryState.ACCEPTED
    tracked = or_(and_(accepted, may_track(tracking)), reached.c.asked == 1)
    seen = [func.count().filter(reached.c[name] == 1) for name in _SHOWN]
    return (
        select(func.count().filter(accepted), func.count().filter(tracked), *seen)
        .select_from(Delivery)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(reached, reached.c.seq == Delivery.seq)
        .where(Delivery.campaign_id == campaign_id)
    )


@dataclass(frozen=True, slots=True)
class Counters:
    """What was counted of a campaign as it came: nothing of a report counts it again."""

    copies: Mapping[tuple[EventKind, int, Actor], int]
    """How many copies something happened to: by its kind, the link (0: the copy), and who it was."""
    requests: Mapping[tuple[EventKind, int, Actor], int]
    """How often something was asked for or done, by anybody."""

    def told(self, kind: EventKind) -> int:
        """How many copies a provider told this of."""
        return self.copies.get((kind, 0, Actor.HUMAN), 0)

    def requests_of(self, kind: EventKind) -> int:
        """How often this was asked for or done, with any link."""
        return sum(count for (asked, _, _), count in self.requests.items() if asked == kind)

    def seen(self, kind: EventKind) -> Seen:
        """Opens or clicks of the campaign."""
        return self._seen(kind, 0, self.requests_of(kind))

    def followed(self, link_no: int) -> Seen:
        """Clicks on one link."""
        click = EventKind.CLICK
        requests = sum(self.requests.get((click, link_no, actor), 0) for actor in _SEEN)
        return self._seen(click, link_no, requests)

    def _seen(self, kind: EventKind, link_no: int, requests: int) -> Seen:
        human, machine, unknown = (self.copies.get((kind, link_no, actor), 0) for actor in _SEEN)
        return Seen(human, machine, unknown, requests)


def counters_of(session: Session, campaign_id: int, kinds: Collection[EventKind] = tuple(EventKind)) -> Counters:
    """Read the counters of a campaign; requests of some kinds only, where no others are needed."""
    copies = session.scalars(select(CampaignReach).where(CampaignReach.campaign_id == campaign_id))
    keys = CampaignStat.kind, CampaignStat.link_no, CampaignStat.actor
    requests = session.execute(
        select(*keys, func.sum(CampaignStat.count))
        .where(CampaignStat.campaign_id == campaign_id, CampaignStat.kind.in_(kinds))
        .group_by(*keys)
    )
    return Counters(
        {(row.kind, row.link_no, row.actor): row.copies for row in copies},
        {(kind, link_no, actor): int(count) for kind, link_no, actor, count in requests},
    )


_SEEN = (Actor.HUMAN, Actor.MACHINE, Actor.UNKNOWN)
_REQUESTS = (EventKind.OPEN, EventKind.CLICK)
_BY_PEOPLE = Reached.actor == Actor.HUMAN
_SHOWN: Mapping[str, ColumnElement[bool]] = {
    "opened": and_(Reached.kind == EventKind.OPEN, _BY_PEOPLE),
    "clicked": and_(Reached.kind == EventKind.CLICK, _BY_PEOPLE),
    "bounced": Reached.kind == EventKind.BOUNCE,
}


def _reached(campaign_id: int) -> Any:
    """One row a copy that was asked for or came back: 1 or 0 for each of `_SHOWN`, and for any request at all."""
    told = {**_SHOWN, "asked": Reached.kind.in_(_REQUESTS)}
    return (
        select(Reached.seq, *(func.max(case((is_it, 1), else_=0)).label(name) for name, is_it in told.items()))
        .where(Reached.campaign_id == campaign_id, Reached.link_no == 0)
        .where(Reached.kind.in_((*_REQUESTS, EventKind.BOUNCE)))
        .group_by(Reached.seq)
        .subquery("reached_copies")
    )


def domain_of_copy(session: Session) -> ColumnElement[str]:
    """The receiving domain of a copy; empty where the address is forgotten."""
    address = Delivery.to_address
    if dialect_of(session) == "sqlite":
        return func.substr(address, func.nullif(func.instr(address, "@"), 0) + 1, type_=String)
    return func.split_part(address, "@", 2, type_=String)
