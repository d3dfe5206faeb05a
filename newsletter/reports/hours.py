"""When people asked: the requests of each hour. They hold nobody, so no group of them is too small."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.events.tables import Actor, CampaignStat, EventKind

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """Requests that were not a machine's, in the hour that begins at `at` (UTC)."""

    at: datetime
    opened: int
    clicked: int


def hours_of(session: Session, campaign_id: int) -> tuple[Hour, ...]:
    """Every hour in which somebody asked, the first one first; what nobody asked in is left out."""
    counts = Counter[tuple[datetime, EventKind]]()
    rows = session.execute(
        select(CampaignStat.hour, CampaignStat.kind, func.sum(CampaignStat.count))
        .where(CampaignStat.campaign_id == campaign_id, CampaignStat.actor != Actor.MACHINE)
        .where(CampaignStat.kind.in_((EventKind.OPEN, EventKind.CLICK)))
        .group_by(CampaignStat.hour, CampaignStat.kind)
    )
    for at, kind, count in rows:
        counts[at, kind] = int(count)
    moments = sorted({at for at, _ in counts})
    return tuple(Hour(at, counts[at, EventKind.OPEN], counts[at, EventKind.CLICK]) for at in moments)


def first_hours(hours: Iterable[Hour], begin: datetime, count: int) -> tuple[Hour, ...]:
    """The first hours after a moment, one after the other, those in which nobody asked too."""
    known = {hour.at: hour for hour in hours}
    first = begin.replace(minute=0, second=0, microsecond=0)
    moments = (first + no * _HOUR for no in range(count))
    return tuple(known.get(at, Hour(at, 0, 0)) for at in moments)


def hours_of_day(hours: Iterable[Hour], zone: ZoneInfo) -> tuple[tuple[int, int], ...]:
    """Opens and clicks by the hour of the day, 0 to 23, on clocks of a zone."""
    opened, clicked = [0] * 24, [0] * 24
    for hour in hours:
        local = hour.at.astimezone(zone).hour
        opened[local] += hour.opened
        clicked[local] += hour.clicked
    return tuple(zip(opened, clicked, strict=True))
