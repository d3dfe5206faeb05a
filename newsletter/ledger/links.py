"""The targets of a campaign's links, fixed when it is prepared. A redirect goes only where this table says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from .tables import Link


def fix(session: Session, campaign_id: int, links: Iterable[tuple[int, str, str]]) -> None:
    """Write (number, target, label) of every link, once: a campaign that has its links keeps them."""
    if session.scalar(select(Link.no).where(Link.campaign_id == campaign_id).limit(1)) is not None:
        return
    rows = [{"campaign_id": campaign_id, "no": no, "target": target, "label": label} for no, target, label in links]
    if rows:
        session.execute(insert(Link), rows)


def targets(session: Session, campaign_ids: Iterable[int]) -> Mapping[int, Mapping[int, str]]:
    """Every target of some campaigns, by campaign and number; what has no links is not there."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    columns = Link.campaign_id, Link.no, Link.target
    for campaign_id, no, target in session.execute(select(*columns).where(Link.campaign_id.in_(campaign_ids))):
        found[campaign_id][no] = target
    return found


def get(session: Session, campaign_id: int, no: int) -> Link | None:
    """One link, or None: it is not of this campaign."""
    return session.get(Link, (campaign_id, no))
