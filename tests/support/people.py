"""Factories with sensible defaults for the people and campaigns of a test."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from newsletter.ledger.tables import (
    Campaign,
    CampaignKind,
    CampaignState,
    Chunk,
    Delivery,
)
from subscribers.addresses import address_hash
from subscribers.db import Database
from subscribers.tables import List, Organization, Subscriber, Subscription, SubscriptionState

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def an_organization(session: Session) -> Organization:
    """The one organization."""
    organization = Organization(name="Maple Families", salt="pepper", created_at=LONG_AGO)
    session.add(organization)
    session.flush()
    return organization


def a_list(session: Session, organization: Organization, slug: str = "families") -> List:
    """A list."""
    list_ = List(organization_id=organization.id, slug=slug, name=slug.title(), created_at=LONG_AGO)
    session.add(list_)
    session.flush()
    return list_


def a_subscriber(session: Session, list_: List, address: str, *, state: str = "confirmed") -> Subscriber:
    """A subscriber of the list."""
    (subscriber,) = subscribers_of(session, list_, [address], state=state)
    return subscriber


def subscribers_of(
    session: Session, list_: List, addresses: Iterable[str], *, state: str = "confirmed"
) -> list[Subscriber]:
    """A subscriber of the list for each address."""
    salt = session.get_one(Organization, list_.organization_id).salt
    subscribers = [
        Subscriber(
            organization_id=list_.organization_id,
            address=address,
            address_key=address,
            address_hash=address_hash(address, salt),
            created_at=LONG_AGO,
            updated_at=LONG_AGO,
        )
        for address in addresses
    ]
    session.add_all(subscribers)
    session.flush()
    session.add_all(
        Subscription(subscriber_id=one.id, list_id=list_.id, state=SubscriptionState(state), created_at=LONG_AGO)
        for one in subscribers
    )
    session.flush()
    return subscribers


def a_sending_campaign(database: Database, readers: int, *, chunk: int = 10) -> int:
    """A campaign that is sending to so many confirmed readers, in chunks of one variant; its id."""
    with database.writing() as session:
        list_ = a_list(session, an_organization(session))
        people = subscribers_of(session, list_, (f"reader{n}@school.example" for n in range(1, readers + 1)))
        starts = range(1, readers + 1, chunk)
        campaign = Campaign(
            organization_id=list_.organization_id,
            kind=CampaignKind.BROADCAST,
            state=CampaignState.SENDING,
            list_id=list_.id,
            audience=readers,
            chunks=len(starts),
            created_at=LONG_AGO,
        )
        session.add(campaign)
        session.flush()
        session.execute(
            insert(Delivery),
            [
                {
                    "campaign_id": campaign.id,
                    "seq": seq,
                    "subscriber_id": person.id,
                    "to_address": person.address,
                    "variant": "en-1",
                    "updated_at": LONG_AGO,
                }
                for seq, person in enumerate(people, 1)
            ],
        )
        session.execute(
            insert(Chunk),
            [
                {
                    "campaign_id": campaign.id,
                    "no": no,
                    "lo": lo,
                    "hi": min(lo + chunk - 1, readers),
                    "variant": "en-1",
                }
                for no, lo in enumerate(starts, 1)
            ],
        )
        return campaign.id
