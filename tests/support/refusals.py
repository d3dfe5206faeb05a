"""A reader, the copies that they got one after the other, and what is told of each."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from newsletter.events import persons
from newsletter.events.notices import Notice, take
from newsletter.events.refusals import Patience
from newsletter.events.tables import Actor, Event, EventKind
from newsletter.feedback.verdicts import Reason
from newsletter.ledger.tables import Delivery
from newsletter.tokens import DeliveryKey
from subscribers import suppressions
from subscribers.addresses import EmailAddress
from subscribers.tables import Subscriber, Suppression, SuppressionReason

from .web_world import World

ADDRESS = "ana@school.example"


@dataclass
class Refusals:
    """Copy n went out on day n, and what is told of it happened then."""

    world: World
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        self.reader: Subscriber = self.world.reader(ADDRESS)
        self.now: datetime = self.world.app.clock.now()
        self._campaigns: dict[float, int] = {}

    def day(self, day: float) -> datetime:
        return self.now - timedelta(days=100) + timedelta(days=day)

    def copy(self, day: float) -> int:
        """The campaign of a day, sent the first time it is asked for."""
        if day not in self._campaigns:
            campaign_id = self.world.sent_to(self.reader)
            with self.world.database.writing() as session:
                of_campaign = Delivery.campaign_id == campaign_id
                session.execute(update(Delivery).where(of_campaign).values(updated_at=self.day(day), attempt=1))
            self._campaigns[day] = campaign_id
        return self._campaigns[day]

    def notice(self, day: float, kind: EventKind = EventKind.BOUNCE, *, hours: float = 1, **more: Any) -> Notice:
        given = {"reason": Reason.MAILBOX_FULL, "status": "4.2.2", "text": "452 Mailbox full"} | more
        return Notice(
            "mail",
            f"{kind}-{day}-{hours}-{given.get('reason')}",
            kind,
            DeliveryKey(self.copy(day), 1, 1),
            self.day(day) + timedelta(hours=hours),
            **given,
        )

    def ask(self, day: float, kind: EventKind, *, hours: float) -> None:
        """Keep an open or a click of a day's copy."""
        campaign_id, at = self.copy(day), self.day(day) + timedelta(hours=hours)
        event = Event(provider="web", event_id=f"{kind}-{day}-{hours}", kind=kind, campaign_id=campaign_id, seq=1)
        event.actor, event.detail, event.occurred_at, event.received_at = Actor.HUMAN, {}, at, at
        with self.world.database.writing() as session:
            session.add(event)

    def tell(self, *notices: Notice) -> None:
        with self.world.database.writing() as session:
            take(session, self.world.app.clock, notices, self.patience)

    def bounce(self, *days: float, **more: Any) -> None:
        """Tell of refusals, one call each."""
        for day in days:
            self.tell(self.notice(day, **more))

    def lift(self, day: float) -> None:
        with self.world.database.writing() as session:
            address = EmailAddress.parse(ADDRESS)
            assert suppressions.lift(session, self.world.app.organization, address, now=self.day(day))

    def suppress(self, reason: SuppressionReason, detail: str) -> None:
        with self.world.database.writing() as session:
            organization, address = self.world.app.organization, EmailAddress.parse(ADDRESS)
            suppressions.suppress(session, organization, address, reason, now=self.now, detail=detail)

    def erase_reader(self) -> None:
        """As one who asks never to be mailed again."""
        with self.world.database.writing() as session:
            reader = session.get_one(Subscriber, self.reader.id)
            persons.erase(session, self.world.app.organization, reader, now=self.now, never_again=True)

    @property
    def in_force(self) -> Suppression | None:
        with self.world.database.reading() as session:
            address = EmailAddress.parse(ADDRESS)
            return suppressions.in_force_everywhere(session, self.world.app.organization, address)

    @property
    def rows(self) -> int:
        with self.world.database.reading() as session:
            return len(session.scalars(select(Suppression)).all())
