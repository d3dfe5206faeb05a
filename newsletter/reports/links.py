"""How often each link of a campaign was followed."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.events.tables import EventKind
from newsletter.ledger.states import get
from newsletter.ledger.tables import Link
from newsletter.rendering import hidden_links

from .figures import Counters, Seen, counters_of


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
    return links_from(session, campaign_id, counters_of(session, campaign_id, (EventKind.CLICK,)))


def links_from(session: Session, campaign_id: int, counters: Counters) -> tuple[LinkFigures, ...]:
    """The same, where its counters are read."""
    of_readers = Link.campaign_id == campaign_id, Link.target != hidden_links.TARGET
    links = session.scalars(select(Link).where(*of_readers).order_by(Link.no))
    figures = (LinkFigures(link.no, link.label, link.target, counters.followed(link.no)) for link in links)
    return tuple(sorted(figures, key=lambda link: (-link.clicked.human, -link.clicked.total, link.no)))
