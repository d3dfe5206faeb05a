"""Lanes: what decides in which chunks a reader's copy travels, and so when and how it goes.

A chunk holds copies of one lane only: one moment to begin, one receiving domain where that has a pace of its own, one
arm of a test, one variant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Label, Subquery, case, cast, func, literal, null, select
from sqlalchemy.orm import Session

from newsletter.ledger.tables import Campaign, ChunkState
from subscribers.tables import Subscriber, Subscription

from .times import TimeZoneInvalid, parse_local

ARM_A, ARM_B = "A", "B"
_BETWEEN = " "
"""Between the parts of a lane, none of which has one."""
_SPREAD, _RANGE = 2_654_435_761, 4_294_967_296
"""Knuth's multiplicative hash: orders readers as if by chance, and the same way in both databases."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """How one campaign's readers are parted, beside their variant."""

    waves: Sequence[datetime]
    """The moments at which somebody's copy may go at the earliest, in order; empty: all go at once."""
    wave_of: Mapping[str, int]
    """The place in `waves` of each time zone that readers have."""
    otherwise: int
    """The place of a reader whose zone is not known."""
    domains: Sequence[str]
    """Receiving domains with a pace of their own."""
    test_percent: int
    """How much of the audience the two arms of a test are together; 0: there is no test."""

    @classmethod
    def of(cls, session: Session, campaign: Campaign, domains: Sequence[str]) -> "Lanes":
        """Read what the campaign asks for; looks up the zones of the list's readers where it is by local time."""
        percent = campaign.test_percent if campaign.subject_b else 0
        if not campaign.local_time or campaign.scheduled_at is None:
            return cls((), {}, 0, domains, percent)
        wall_clock = campaign.scheduled_at.astimezone(ZoneInfo(campaign.time_zone)).strftime("%Y-%m-%d %H:%M")
        zones = session.scalars(
            select(Subscriber.time_zone)
            .join(Subscription, Subscription.subscriber_id == Subscriber.id)
            .where(Subscription.list_id == campaign.list_id)
            .distinct()
        )
        moments = _moments(wall_clock, zones.all())
        waves = sorted({*moments.values(), campaign.scheduled_at})
        wave_of = {zone: waves.index(at) for zone, at in moments.items()}
        return cls(waves, wave_of, waves.index(campaign.scheduled_at), domains, percent)

    def columns(self) -> list[Label[str]]:
        """What parts this campaign's readers and is known of each alone, over `Subscriber`."""
        of_reader = {"wave": self._wave, "domain": self._domain}
        return [of_reader[key]().label(key) for key in self._keys if key in of_reader]

    def lane(self, page: Subquery) -> ColumnElement[str | None]:
        """A row's lane as one text, which sorts faster than its parts; NULL for a reader who is not mailed."""
        parts = [part for key in self._keys for part in (page.c[key], literal(_BETWEEN))][:-1]
        return case((page.c.reason.is_(None), reduce(add, parts)), else_=null())

    def chunk(self, lane: str) -> dict[str, Any]:
        """The columns of a chunk of a lane."""
        of_lane = dict(zip(self._keys, lane.split(_BETWEEN), strict=True))
        arm = of_lane.get("arm", "")
        return {
            "variant": of_lane["variant"],
            "domain": of_lane.get("domain", ""),
            "arm": arm,
            "state": ChunkState.HELD if self.test_percent and not arm else ChunkState.READY,
            "not_before": self.waves[int(of_lane["wave"])] if self.waves else None,
        }

    def arm(self, page: Subquery, campaign_id: int) -> ColumnElement[str]:
        """The arm of a mailed row of a page with `id` and `reason`: the same share of each page, and no arm empty."""
        chance = (cast(page.c.id, BigInteger) + campaign_id * 7_919) * _SPREAD % _RANGE
        is_mailed = page.c.reason.is_(None)
        place = func.row_number().over(partition_by=is_mailed, order_by=(chance, page.c.id))
        mailed = func.count().over(partition_by=is_mailed)
        share = mailed * self.test_percent
        of_a, of_b = (case((half < 1, 1), else_=half) for half in ((share + 100) // 200, share // 200))
        return case((place <= of_a, ARM_A), (place <= of_a + of_b, ARM_B), else_="")

    @property
    def _keys(self) -> tuple[str, ...]:
        """The columns that part this campaign's readers, in the order in which lanes follow each other."""
        parting = {"wave": self.waves, "domain": self.domains, "arm": self.test_percent}
        return (*(name for name, is_used in parting.items() if is_used), "variant")

    def _wave(self) -> ColumnElement[str]:
        """The place in `waves` of a reader."""
        in_zone = [(Subscriber.time_zone == zone, _digits(wave)) for zone, wave in self.wave_of.items()]
        return case(*in_zone, else_=_digits(self.otherwise)) if in_zone else literal(_digits(self.otherwise))

    def _domain(self) -> ColumnElement[str]:
        """The reader's receiving domain where it has a pace of its own, else empty."""
        ends = [(Subscriber.address.endswith(f"@{name}", autoescape=True), literal(name)) for name in self.domains]
        return case(*ends, else_="")


def _digits(wave: int) -> str:
    """A number that sorts as text."""
    return f"{wave:03}"


def _moments(wall_clock: str, zones: Sequence[str]) -> dict[str, datetime]:
    """The moment at which a clock in each zone shows the time; unknown zones are left out."""
    found = {}
    for zone in filter(None, zones):
        try:
            found[zone] = parse_local(wall_clock, zone)
        except TimeZoneInvalid:
            continue
    return found
