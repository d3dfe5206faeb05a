"""When a campaign is opened and its links are followed: requests of people in each hour of its first days."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.events.tables import Actor, CampaignStat, EventKind
from newsletter.ledger.states import get

HOURS = 72
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FirstDays:
    """Requests of people, of everybody: by the hour since `begin`, hours without any too, and all `later` ones."""

    begin: datetime
    opened: tuple[int, ...]
    clicked: tuple[int, ...]
    later_opened: int
    later_clicked: int


def first_days(session: Session, campaign_id: int, now: datetime) -> FirstDays | None:
    """The hours that have passed, 72 at most; None where sending has not begun. Raises `CampaignNotFound`."""
    campaign = get(session, campaign_id)
    if campaign.started_at is None:
        return None
    begin = campaign.started_at.replace(minute=0, second=0, microsecond=0)
    hours = max(1, min(HOURS, (now - begin) // _HOUR + 1))
    found: Counter[tuple[EventKind, int]] = Counter()
    for kind, hour, count in session.execute(
        select(CampaignStat.kind, CampaignStat.hour, func.sum(CampaignStat.count))
        .where(CampaignStat.campaign_id == campaign_id, CampaignStat.actor == Actor.HUMAN)
        .where(CampaignStat.kind.in_((EventKind.OPEN, EventKind.CLICK)))
        .group_by(CampaignStat.kind, CampaignStat.hour)
    ):
        found[kind, min(max((hour - begin) // _HOUR, 0), hours)] += int(count)
    opened, clicked = (tuple(found[kind, at] for at in range(hours)) for kind in (EventKind.OPEN, EventKind.CLICK))
    return FirstDays(begin, opened, clicked, found[EventKind.OPEN, hours], found[EventKind.CLICK, hours])
