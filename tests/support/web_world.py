"""One organization whose issue has reached its readers: what the tests of events and pages begin with."""

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.clock import Clock
from newsletter.ledger.tables import Campaign, CampaignKind, CampaignState, Delivery, DeliveryState, Link
from newsletter.settings import Settings
from newsletter.tokens import FIRST_LINK, MailClaim, ReaderPurpose, Signer
from subscribers.addresses import EmailAddress, address_hash
from subscribers.db import Database
from subscribers.tables import List, Organization, Subscriber, Subscription, SubscriptionState

SECRET = "the-secret-of-these-tests-is-long-enough"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_STATE = Path(tempfile.mkdtemp(prefix="newsletter-state-"))
atexit.register(shutil.rmtree, _STATE)
ACCEPTED_BEFORE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class World:
    """An application and the names of what is in its database."""

    app: App
    list_ids: Mapping[str, int]

    @property
    def database(self) -> Database:
        return self.app.database

    def mail_token(self, campaign_id: int, seq: int, link_no: int = FIRST_LINK) -> str:
        return self.app.signer.mail_token(MailClaim(campaign_id, seq, link_no))

    def reader_token(self, purpose: ReaderPurpose, reader: Subscriber, list_slug: str = "") -> str:
        return self.app.signer.reader_token(purpose, reader.public_id, self.list_ids.get(list_slug, 0))

    def list_(self, session: Session, slug: str = "monthly") -> List:
        return session.get_one(List, self.list_ids[slug])

    def reader(
        self,
        address: str,
        *,
        state: SubscriptionState = SubscriptionState.CONFIRMED,
        lists: tuple[str, ...] = ("monthly",),
        **facts: Any,
    ) -> Subscriber:
        """A subscriber of lists."""
        now = self.app.clock.now()
        with self.database.writing() as session:
            reader = new_reader(self.app.organization, address, self.app.clock, **facts)
            session.add(reader)
            session.flush()
            session.add_all(
                Subscription(
                    subscriber_id=reader.id,
                    list_id=self.list_ids[slug],
                    state=state,
                    created_at=now,
                    confirmed_at=now if state is SubscriptionState.CONFIRMED else None,
                )
                for slug in lists
            )
        return reader

    def sent_to(self, *readers: Subscriber, slug: str = "monthly", targets: tuple[str, ...] = ()) -> int:
        """The id of a broadcast that every reader got an hour ago, seq 1 for the first of them."""
        now = self.app.clock.now()
        with self.database.writing() as session:
            campaign = Campaign(
                organization_id=self.app.organization.id,
                kind=CampaignKind.BROADCAST,
                state=CampaignState.SENT,
                list_id=self.list_ids[slug],
                audience=len(readers),
                created_at=now,
                finished_at=now,
            )
            session.add(campaign)
            session.flush()
            for no, target in enumerate(targets, FIRST_LINK):
                session.add(Link(campaign_id=campaign.id, no=no, target=target))
            for seq, reader in enumerate(readers, 1):
                session.add(
                    Delivery(
                        campaign_id=campaign.id,
                        seq=seq,
                        subscriber_id=reader.id,
                        to_address=reader.address,
                        state=DeliveryState.ACCEPTED,
                        updated_at=now - ACCEPTED_BEFORE,
                    )
                )
        return campaign.id


def new_world(database: Database, clock: Clock, lists: tuple[str, ...] = ("monthly",), **settings: Any) -> World:
    """An organization with lists, each with double opt-in, named for its slug; the sign-up asks no work."""
    with database.writing() as session:
        organization = Organization(name="Five Bridges", salt="salt", created_at=clock.now())
        session.add(organization)
        session.flush()
        rows = [
            List(organization_id=organization.id, slug=slug, name=slug.capitalize(), created_at=clock.now())
            for slug in lists
        ]
        session.add_all(rows)
        session.flush()
    usual: dict[str, Any] = {"signup_work": 0, "state_folder": _STATE}
    known = Settings(secret_key=SecretStr(SECRET), **(usual | settings))
    app = App(known, database, clock, Signer(known.secrets), organization)
    return World(app, {row.slug: row.id for row in rows})


def new_reader(organization: Organization, address: str, clock: Clock, **facts: Any) -> Subscriber:
    """A subscriber that is not in the session yet."""
    parsed = EmailAddress.parse(address)
    return Subscriber(
        organization_id=organization.id,
        address=parsed.mailed,
        address_key=parsed.key,
        address_hash=address_hash(parsed.key, organization.salt),
        created_at=clock.now(),
        updated_at=clock.now(),
        **facts,
    )
