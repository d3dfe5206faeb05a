"""Opens and clicks as they come, and what the database says of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from newsletter.events.requests import Fact, Request, clicked, opened
from newsletter.events.tables import CampaignStat, Event
from newsletter.tokens import FIRST_LINK, OPEN_LINK, MailClaim

from .web_world import BROWSER, World


def an_open(world: World, campaign_id: int, seq: int = 1, **request: Any) -> Fact:
    """A browser asked for the pixel."""
    return opened(MailClaim(campaign_id, seq, OPEN_LINK), _request(world, request))


def a_click(world: World, campaign_id: int, seq: int = 1, link_no: int = FIRST_LINK, **request: Any) -> Fact:
    """A browser followed a link."""
    return clicked(MailClaim(campaign_id, seq, link_no), _request(world, request))


def counted(world: World) -> int:
    """How many requests the counters hold."""
    with world.database.reading() as session:
        return int(session.scalar(select(func.coalesce(func.sum(CampaignStat.count), 0))) or 0)


def events(world: World) -> Sequence[Event]:
    """Everything that is kept about readers."""
    with world.database.reading() as session:
        return session.scalars(select(Event).order_by(Event.id)).all()


def _request(world: World, request: dict[str, Any]) -> Request:
    known: dict[str, Any] = {"at": world.app.clock.now(), "method": "GET", "user_agent": BROWSER}
    return Request(**(known | request))
