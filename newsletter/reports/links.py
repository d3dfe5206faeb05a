"""How often each link of a campaign was followed."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.events.tables import EventKind
from newsletter.ledger.states import get
from newsletter.ledger.tables import Link
from newsletter.rendering import hidden_links

from .figures import Seen, copies_of, requests_of, seen_of


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
    copies, requests = copies_of(session, campaign_id), requests_of(session, campaign_id)
    of_readers = Link.campaign_id == campaign_id, Link.target != hidden_links.TARGET
    figures = []
    for link in session.scalars(select(Link).where(*of_readers).order_by(Link.no)):
        clicked = seen_of(EventKind.CLICK, copies, requests.get((EventKind.CLICK, link.no), 0), link.no)
        figures.append(LinkFigures(link.no, link.label, link.target, clicked))
    return tuple(sorted(figures, key=lambda link: (-link.clicked.human, -link.clicked.total, link.no)))
