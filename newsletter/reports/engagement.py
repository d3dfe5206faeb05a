"""How those who joined in the same month read and stay, month after month."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import dropwhile
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, distinct, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from newsletter.events.consents import may_track
from newsletter.events.tables import Actor, EventKind, Reached
from newsletter.ledger.tables import Campaign, CampaignKind, Delivery, DeliveryState
from newsletter.settings import Tracking
from subscribers.tables import Subscriber, Subscription, SubscriptionState, Suppression

from .groups import too_small
from .periods import Periods

_Read: TypeAlias = Mapping[tuple[int, int], Sequence[int]]
_Figures: TypeAlias = tuple[int | None, int | None, int | None]
_NOTHING: _Figures = (0, 0, 0)
_HIDDEN: _Figures = (None, None, None)


@dataclass(frozen=True, slots=True)
class Month:
    """One cohort so many months after it joined; 0 is the month in which it joined.

    `copies` are those accepted for readers who agreed, `opened` and `clicked` those of them that a person did that to;
    all three are None where they are hidden. `stayed` is the share of the cohort that was still there when the month
    ended, or today.
    """

    months_since: int
    copies: int | None
    opened: int | None
    clicked: int | None
    stayed: float | None

    @property
    def opened_share(self) -> float | None:
        """From 0 to 1; None where nobody can tell, or it is hidden."""
        return self.opened / self.copies if self.copies and self.opened is not None else None

    @property
    def clicked_share(self) -> float | None:
        """The same of clicks."""
        return self.clicked / self.copies if self.copies and self.clicked is not None else None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Readers who joined in one month; `readers` is None where they are so few that they are hidden."""

    joined: date
    readers: int | None
    months: tuple[Month, ...]


@dataclass(frozen=True, slots=True)
class EngagementReport:
    """Every month's cohort, the oldest first."""

    minimum_group: int
    cohorts: tuple[Cohort, ...]

    @property
    def begun(self) -> tuple[Cohort, ...]:
        """The same from the first cohort that has readers: a young list has nothing to show before it."""
        return tuple(dropwhile(lambda cohort: cohort.readers == 0, self.cohorts))


def engagement_report(
    session: Session,
    organization_id: int,
    list_id: int | None,
    months: Periods,
    minimum_group: int,
    tracking: Tracking,
) -> EngagementReport:
    """Follow those who joined in each of the months, over the months. Who is forgotten since is in no cohort."""
    read = _read(session, organization_id, list_id, months, tracking)
    gone = _gone(session, organization_id, list_id, months)
    sizes = {at: sum(gone[at].values()) for at in range(len(months.begins))}
    hidden = too_small(sizes, minimum_group)
    told = _told(read, minimum_group, hidden)
    cohorts = (
        Cohort(joined, None, ())
        if at in hidden
        else Cohort(joined, sizes[at], _months(at, len(sizes), told, gone[at]) if sizes[at] else ())
        for at, joined in enumerate(months.begins)
    )
    return EngagementReport(minimum_group, tuple(cohorts))


def _told(read: _Read, minimum: int, hidden: Collection[int]) -> Mapping[tuple[int, int], _Figures]:
    """What may be told of the months of the cohorts; some of these are hidden anyway.

    The report on a campaign tells of all cohorts together, so those that are hidden in a month are no few readers.
    """
    readers: dict[int, dict[int, int]] = defaultdict(dict)
    for (cohort, month), counts in read.items():
        readers[month][cohort] = counts[0]
    untold = {month: too_small(of_cohorts, minimum, hidden) for month, of_cohorts in readers.items()}
    return {
        (cohort, month): _HIDDEN if cohort in untold[month] else (copies, opened, clicked)
        for (cohort, month), (_, copies, opened, clicked) in read.items()
    }


def _months(
    at: int, count: int, told: Mapping[tuple[int, int], _Figures], gone: Mapping[int, int]
) -> tuple[Month, ...]:
    size = left = sum(gone.values())
    found = []
    for month in range(at, count):
        left -= gone.get(month, 0)
        found.append(Month(month - at, *told.get((at, month), _NOTHING), left / size))
    return tuple(found)


def _joined_at() -> ColumnElement[Any]:
    return func.coalesce(Subscription.confirmed_at, Subscription.created_at)


def _read(session: Session, organization_id: int, list_id: int | None, months: Periods, tracking: Tracking) -> _Read:
    """By the months of joining and of sending: readers who agreed, their copies, the opened and the clicked ones."""
    opened, clicked = aliased(Reached), aliased(Reached)
    joined, sent = months.column(_joined_at()), months.column(Campaign.started_at)
    copies = (
        select(joined, sent, func.count(distinct(Delivery.subscriber_id)))
        .add_columns(func.count(), func.count(opened.seq), func.count(clicked.seq))
        .select_from(Delivery)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .join(Subscription, _is_theirs())
        .outerjoin(opened, _of_copy(opened, EventKind.OPEN))
        .outerjoin(clicked, _of_copy(clicked, EventKind.CLICK))
        .where(Campaign.organization_id == organization_id, Campaign.kind == CampaignKind.BROADCAST)
        .where(Campaign.started_at >= months.moments[0], Campaign.started_at < months.moments[-1])
        .where(Delivery.state == DeliveryState.ACCEPTED, may_track(tracking))
        .where(_joined_at() >= months.moments[0])
        .group_by(joined, sent)
    )
    if list_id is not None:
        copies = copies.where(Campaign.list_id == list_id)
    return {(cohort, month): counts for cohort, month, *counts in session.execute(copies)}


def _gone(
    session: Session, organization_id: int, list_id: int | None, months: Periods
) -> Mapping[int, Mapping[int, int]]:
    """By the month of joining: how many left in which month; who has not left is in the one after the last."""
    ways_out = (Subscription.off_roster_at.expression, _suppressed_at(), Subscription.unsubscribed_at.expression)
    people = (
        select(months.column(_joined_at()).label("joined"))
        .add_columns(*(months.column(way).label(f"way{no}") for no, way in enumerate(ways_out)))
        .join_from(Subscription, Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.organization_id == organization_id)
        .where(Subscription.confirmed_at.is_not(None) | (Subscription.state == SubscriptionState.CONFIRMED))
        .where(_joined_at() >= months.moments[0], _joined_at() < months.moments[-1])
    )
    if list_id is not None:
        people = people.where(Subscription.list_id == list_id)
    found: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    r = people.subquery("people").c
    keys = (r.joined, r.way0, r.way1, r.way2)
    for cohort, *ways, count in session.execute(select(*keys, func.count(literal(1))).group_by(*keys)):
        found[cohort][max(cohort, min(ways))] += count
    return found


def _suppressed_at() -> ColumnElement[Any]:
    """When a reader's address was suppressed, first of all, for a list of theirs."""
    return (
        select(func.min(Suppression.created_at))
        .where(Suppression.organization_id == Subscriber.organization_id, Suppression.lifted_at.is_(None))
        .where(Suppression.address_hash == Subscriber.address_hash)
        .where(or_(Suppression.list_id.is_(None), Suppression.list_id == Subscription.list_id))
        .correlate(Subscriber, Subscription)
        .scalar_subquery()
    )


def _is_theirs() -> ColumnElement[bool]:
    return and_(Subscription.subscriber_id == Subscriber.id, Subscription.list_id == Campaign.list_id)


def _of_copy(reached: Any, kind: EventKind) -> ColumnElement[bool]:
    return and_(
        reached.campaign_id == Delivery.campaign_id,
        reached.seq == Delivery.seq,
        reached.kind == kind,
        reached.link_no == 0,
        reached.actor == Actor.HUMAN,
    )
