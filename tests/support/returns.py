"""A campaign that went out, and what came back of it: rows put in directly, so that a report's figures are known."""

from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from newsletter.events import reach
from newsletter.events.tables import Actor, CampaignStat, Event, EventKind
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Delivery, DeliveryState, Exclusion, Link
from subscribers.tables import Child, Household, List, Subscriber, Told

from .people import LONG_AGO, a_list, a_subscriber, an_organization

SENT_AT = datetime(2026, 12, 2, 12, tzinfo=UTC)
DAY = date(2026, 12, 2)


@dataclass
class Returns:
    """Adds copies to one campaign, and events to the copies."""

    session: Session
    after: InitVar["Returns | None"] = None
    """Another campaign of the same list, to other readers."""
    at: datetime = SENT_AT
    list_: List = field(init=False)
    campaign: Campaign = field(init=False)
    events: int = 0

    def __post_init__(self, after: "Returns | None") -> None:
        self.list_ = after.list_ if after else a_list(self.session, an_organization(self.session))
        self.campaign = Campaign(
            organization_id=self.list_.organization_id,
            kind=CampaignKind.BROADCAST,
            state=CampaignState.SENT,
            list_id=self.list_.id,
            audience=0,
            day=DAY,
            created_at=LONG_AGO,
            started_at=self.at,
            finished_at=self.at,
        )
        self.session.add(self.campaign)
        self.session.flush()

    @property
    def campaign_id(self) -> int:
        return self.campaign.id

    def copy(
        self,
        state: DeliveryState = DeliveryState.ACCEPTED,
        *,
        variant: str = "en-1",
        agreed: bool = False,
        reason: Exclusion | None = None,
        graduating: Iterable[int] = (),
    ) -> int:
        """One more reader's copy; its seq."""
        self.campaign.audience += 1
        seq = self.campaign.audience
        reader = a_subscriber(self.session, self.list_, f"reader{seq}of{self.campaign_id}@school.example")
        reader.tracking = agreed
        self._children(reader, graduating)
        self.session.add(
            Delivery(
                campaign_id=self.campaign_id,
                seq=seq,
                subscriber_id=reader.id,
                to_address=reader.address,
                variant=variant,
                state=state,
                reason=reason,
                updated_at=SENT_AT,
            )
        )
        self.session.flush()
        return seq

    def copies(self, count: int, *, variant: str = "en-1", agreed: bool = False, graduating: Iterable[int] = ()) -> int:
        """So many equal copies; the seq of the first."""
        first, *_ = [self.copy(variant=variant, agreed=agreed, graduating=graduating) for _ in range(count)]
        return first

    def delivery(self, seq: int) -> Delivery:
        """A copy's row."""
        return self.session.get_one(Delivery, (self.campaign_id, seq))

    def event(self, kind: EventKind, seq: int, *, actor: Actor = Actor.HUMAN, link_no: int | None = None) -> None:
        """A kept fact about one copy, and its request counted."""
        self.events += 1
        self.session.add(
            Event(
                provider="web",
                event_id=f"{self.campaign_id}:{self.events}",
                kind=kind,
                campaign_id=self.campaign_id,
                seq=seq,
                link_no=link_no,
                actor=actor,
                occurred_at=SENT_AT,
                received_at=SENT_AT,
            )
        )
        self.session.flush()
        reach.count(self.session, reach.of_request(self.campaign_id, seq, kind, actor, link_no))
        if kind in (EventKind.OPEN, EventKind.CLICK):
            self.requests(kind, 1, actor=actor, link_no=link_no or 0)

    def requests(self, kind: EventKind, count: int, *, actor: Actor = Actor.HUMAN, link_no: int = 0) -> None:
        """Requests of which only the number is kept."""
        key = (self.campaign_id, "", kind, link_no, SENT_AT, actor)
        counter = self.session.get(CampaignStat, key) or CampaignStat(
            campaign_id=key[0], arm=key[1], kind=kind, link_no=link_no, hour=SENT_AT, actor=actor, count=0
        )
        counter.count += count
        self.session.add(counter)
        self.session.flush()

    def link(self, no: int, target: str, label: str = "") -> None:
        """A tracked link."""
        self.session.add(Link(campaign_id=self.campaign_id, no=no, target=target, label=label))
        self.session.flush()

    def _children(self, reader: Subscriber, graduating: Iterable[int]) -> None:
        years = tuple(graduating)
        if not years:
            return
        household = Household(organization_id=reader.organization_id, created_at=LONG_AGO)
        self.session.add(household)
        self.session.flush()
        reader.household_id = household.id
        self.session.add_all(
            Child(
                household_id=household.id,
                subscriber_id=reader.id,
                told_by=Told.FAMILY,
                graduation_year=year,
                created_at=LONG_AGO,
            )
            for year in years
        )
        self.session.flush()
