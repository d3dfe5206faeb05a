"""Lanes: what decides in which chunks a reader's copy travels, and so when and how it goes.

A chunk holds copies of one lane only: one moment to begin, one receiving domain where that has a pace of its own, one
arm of a test, one variant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Integer, Subquery, case, cast, func, literal, null, select
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Campaign
from subscribers.db import UtcDateTime
from subscribers.tables import Subscriber, Subscription

from .times import TimeZoneInvalid, parse_local

ARM_A, ARM_B = "A", "B"
_SPREAD, _RANGE = 2_654_435_761, 4_294_967_296
"""Knuth's multiplicative hash: orders readers as if by chance, and the same way in both databases."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """How one campaign's readers are parted, beside their variant."""

    moments: Mapping[str, datetime]
    """When to begin, by the reader's time zone; empty: all at once."""
    otherwise: datetime | None
    """When to begin where the reader's zone is not known."""
    domains: Sequence[str]
    """Receiving domains with a pace of their own."""
    test_percent: int
    """How much of the audience the two arms of a test are together; 0: there is no test."""

    @classmethod
    def of(cls, session: Session, campaign: Campaign, domains: Sequence[str]) -> "Lanes":
        """Read what the campaign asks for; looks up the zones of the list's readers where it is by local time."""
        percent = campaign.test_percent if campaign.subject_b else 0
        if not campaign.local_time or campaign.scheduled_at is None:
            return cls({}, None, domains, percent)
        wall_clock = campaign.scheduled_at.astimezone(ZoneInfo(campaign.time_zone)).strftime("%Y-%m-%d %H:%M")
        zones = session.scalars(
            select(Subscriber.time_zone)
            .join(Subscription, Subscription.subscriber_id == Subscriber.id)
            .where(Subscription.list_id == campaign.list_id)
            .distinct()
        )
        return cls(_moments(wall_clock, zones.all()), campaign.scheduled_at, domains, percent)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that part this campaign's readers, in the order in which lanes follow each other."""
        parting = {"not_before": self.otherwise, "domain": self.domains, "arm": self.test_percent}
        return (*(name for name, is_used in parting.items() if is_used), "variant")

    def not_before(self) -> ColumnElement[Any]:
        """When a reader's copy may go at the earliest, over `Subscriber`."""
        if self.otherwise is None:
            return cast(null(), UtcDateTime())
        moments = [(Subscriber.time_zone == zone, literal(at, UtcDateTime())) for zone, at in self.moments.items()]
        otherwise = literal(self.otherwise, UtcDateTime())
        return case(*moments, else_=otherwise) if moments else otherwise

    def domain(self) -> ColumnElement[str]:
        """The reader's receiving domain where it has a pace of its own, else empty; over `Subscriber`."""
        if not self.domains:
            return literal("")
        ends = [(Subscriber.address.endswith(f"@{name}", autoescape=True), literal(name)) for name in self.domains]
        return case(*ends, else_="")

    def arm(self, page: Subquery, campaign_id: int) -> ColumnElement[str]:
        """The arm of a row of a page with `id` and `reason`: the same share of each page's mailed readers."""
        if not self.test_percent:
            return literal("")
        chance = (cast(page.c.id, BigInteger) + campaign_id * 7_919) * _SPREAD % _RANGE
        is_mailed = page.c.reason.is_(None)
        place = func.row_number().over(partition_by=is_mailed, order_by=(chance, page.c.id))
        mailed = func.count().over(partition_by=is_mailed)
        half = func.coalesce(cast(mailed * self.test_percent / 200, Integer), 0)
        size = case((half < 1, 1), else_=half)
        return case(
            (page.c.reason.is_not(None), ""),
            (place <= size, ARM_A),
            (place <= size * 2, ARM_B),
            else_="",
        )


def _moments(wall_clock: str, zones: Sequence[str]) -> dict[str, datetime]:
    """The moment at which a clock in each zone shows the time; unknown zones are left out."""
    found = {}
    for zone in filter(None, zones):
        try:
            found[zone] = parse_local(wall_clock, zone)
        except TimeZoneInvalid:
            continue
    return found
