"""The targets of a campaign's links, fixed when it is prepared. A redirect goes only where this table says."""

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


def targets(session: Session, campaign_id: int) -> Mapping[int, str]:
    """Every target of a campaign by its number."""
    found = session.execute(select(Link.no, Link.target).where(Link.campaign_id == campaign_id))
    return {row.no: row.target for row in found}


def get(session: Session, campaign_id: int, no: int) -> Link | None:
    """One link, or None: it is not of this campaign."""
    return session.get(Link, (campaign_id, no))
