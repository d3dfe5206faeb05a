"""How often each link of a campaign was followed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from newsletter.events.tables import Actor, CampaignStat, Event, EventKind
from newsletter.ledger.states import get
from newsletter.ledger.tables import Link
from newsletter.rendering import hidden_links

from .figures import Seen, is_request


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """One link and the clicks on it."""

    no: int
    label: str
    target: str
    clicked: Seen


def link_figures(session: Session, campaign_id: int) -> tuple[LinkFigures, ...]:
    """Every link of a campaign, the most followed first, else in the issue's order. Raises `CampaignNotFound`."""
    get(session, campaign_id)
    requests = _requests(session, campaign_id)
    copies = _copies(session, campaign_id)
    of_readers = Link.campaign_id == campaign_id, Link.target != hidden_links.TARGET
    links = session.scalars(select(Link).where(*of_readers).order_by(Link.no))
    figures = [
        LinkFigures(link.no, link.label, link.target, Seen(*copies.get(link.no, (0, 0)), requests.get(link.no, 0)))
        for link in links
    ]
    return tuple(sorted(figures, key=lambda link: (-link.clicked.human, -link.clicked.total, link.no)))


def _requests(session: Session, campaign_id: int) -> dict[int, int]:
    rows = session.execute(
        select(CampaignStat.link_no, func.sum(CampaignStat.count))
        .where(CampaignStat.campaign_id == campaign_id, CampaignStat.kind == EventKind.CLICK)
        .group_by(CampaignStat.link_no)
    )
    return {no: int(count) for no, count in rows}


def _copies(session: Session, campaign_id: int) -> dict[int | None, tuple[int, int]]:
    """By link: the copies that a person followed it from, and those that a machine did."""
    seen: list[Any] = [
        func.count(distinct(Event.seq)).filter(is_request(EventKind.CLICK, actor))
        for actor in (Actor.HUMAN, Actor.MACHINE)
    ]
    rows = session.execute(
        select(Event.link_no, *seen)
        .where(Event.campaign_id == campaign_id, Event.kind == EventKind.CLICK)
        .group_by(Event.link_no)
    )
    return {no: (human, machine) for no, human, machine in rows}
