"""One person of whom every table holds something, each word of it found nowhere else; and a search for such words."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import MetaData, make_url, select, update
from sqlalchemy.orm import Session

from newsletter.app import App
from newsletter.campaigns import streams
from newsletter.campaigns.streams import TestIssue
from newsletter.events import requests
from newsletter.events.notices import Notice, take
from newsletter.events.tables import EventKind
from newsletter.events.writing import write
from newsletter.ledger.tables import Delivery
from newsletter.rendering.variants import Variant
from newsletter.tokens import FIRST_LINK, OPEN_LINK, DeliveryKey, MailClaim
from subscribers import consent, households, lists, subscribers, subscriptions, suppressions
from subscribers.addresses import EmailAddress
from subscribers.consent import Evidence
from subscribers.db import Database
from subscribers.tables import (
    Household,
    List,
    Part,
    Participation,
    Purpose,
    Role,
    School,
    Subscriber,
    SubscriptionState,
    SuppressionReason,
    Told,
)

ADDRESS = EmailAddress.parse("Quillon.Zebrine@persons.example")
NETWORK = "203.0.113.77"
AGENT = "Zebrowser/5.0"
WORDS = ("quillon", "zebrine", "persons.example", NETWORK, "zebrowser", "zebraville", "zebrahouse")
"""Names of this person alone, in small letters."""
EVIDENCE = Evidence("form", "I agree.", "2026-11", "en", NETWORK, AGENT)


def a_known_person(app: App) -> int:
    """Confirmed on the list, with tracking agreed; their id."""
    now, settings = app.clock.now(), app.settings
    with app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, "families")
        reader = subscribers.add(
            session, app.organization, ADDRESS, now=now, name="Quillon Zebrine", language="en",
            time_zone="America/Chicago", roles=(Role.FAMILY, Role.EDUCATOR), tags=("volunteers",),
        )  # fmt: skip
        home = Household(organization_id=app.organization.id, key="zebrahouse", created_at=now)
        school = School(organization_id=app.organization.id, name="Lincoln")
        session.add_all((home, school))
        session.flush()
        reader.place, reader.attributes, reader.household_id = "Zebraville", {"shirt": "zebrine"}, home.id
        reader.school_id = school.id
        told = households.parse_children("3;high", app.today(), settings.roll_over, settings.grade_bands)
        households.set_children(session, reader, told, Told.FAMILY, now)
        session.add(Participation(subscriber_id=reader.id, kind=Part.ATTENDED, subject="Homework", on_day=app.today()))
        subscriptions.subscribe(session, reader, list_, SubscriptionState.PENDING, now, evidence=EVIDENCE)
        subscriptions.confirm(session, reader, list_, now, evidence=EVIDENCE)
        consent.record(session, reader, Purpose.TRACKING, True, evidence=EVIDENCE, now=now)
        suppressions.suppress(session, app.organization, ADDRESS, SuppressionReason.STAFF, now=now)
        suppressions.lift(session, app.organization, ADDRESS, now=now)
        _write_to(session, app, list_, reader)
        return reader.id


def hear_of(app: App, campaign_id: int) -> None:
    """The person opens and follows their copy, and the provider tells of it, naming them."""
    with app.database.writing() as session:
        seq = session.scalars(
            select(Delivery.seq).where(Delivery.campaign_id == campaign_id, Delivery.to_address == ADDRESS.mailed)
        ).one()
        at = app.clock.now()
        seen = requests.Request(at=at, method="GET", user_agent=AGENT, prefetched=False)
        opened = requests.opened(MailClaim(campaign_id, seq, OPEN_LINK), seen)
        clicked = requests.clicked(MailClaim(campaign_id, seq, FIRST_LINK), seen)
        write(session, [opened, clicked], app.settings.tracking)
        key = DeliveryKey(campaign_id, seq, 1)
        said = f"450 <{ADDRESS.mailed}> is over quota"
        take(session, app.clock, [Notice("sendgrid", "later", EventKind.DEFERRED, key, at, text=said)])
        copy = update(Delivery).where(Delivery.campaign_id == campaign_id, Delivery.seq == seq)
        session.execute(copy.values(error=said, provider_id="zebrine-1"))


def traces(database: Database, folder: Path) -> set[str]:
    """Where one of the `WORDS` stands: a table and its column, or the database's files."""
    with database.reading() as session:
        tables = MetaData()
        tables.reflect(session.connection())
        found = {
            f"{table.name}.{column.name}"
            for table in tables.tables.values()
            for row in session.execute(select(table)).all()
            for column, value in zip(table.columns, row, strict=True)
            if any(word in f"{value}".lower() for word in WORDS)
        }
    return found | _in_files(database, folder)


def _in_files(database: Database, folder: Path) -> set[str]:
    if not database.is_sqlite:
        return set()
    name = Path(str(make_url(str(database.engine.url)).database)).name
    files = {file.name: file.read_bytes().lower() for file in folder.glob(f"{name}*")}
    return {file for file, content in files.items() if any(word.encode() in content for word in WORDS)}


def _write_to(session: Session, app: App, list_: List, reader: Subscriber) -> None:
    """A confirmation, and a test mail typed in other letters."""
    streams.ask_confirmation(session, app.clock, reader, list_, language="en", window=timedelta(hours=1))
    to, shown = EmailAddress.parse(ADDRESS.mailed.upper()), TestIssue(list_.id, 1, Variant("en", 1))
    streams.send_test(session, app.clock, app.organization, to, shown, "Quillon")
