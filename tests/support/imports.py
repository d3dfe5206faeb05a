"""An organization with a list, and CSV texts imported to it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from subscribers import importing, lists, organizations, subscribers
from subscribers.addresses import EmailAddress
from subscribers.db import Database
from subscribers.grades import Bands, RollOver
from subscribers.tables import List, Organization, Subscriber, Subscription, SubscriptionState

NOW = datetime(2026, 12, 2, 12, tzinfo=UTC)
TODAY = date(2026, 12, 2)
ROLL_OVER = RollOver.parse("07-01")
BANDS = Bands.parse("elementary=PK-5 middle=6-8 high=9-12")
MARIA = EmailAddress.parse("Maria@school.example")
JOSE = EmailAddress.parse("jose@school.example")
OPTIONS = importing.ImportOptions("families", importing.School(TODAY, ROLL_OVER, BANDS), NOW)
HEADER = "email,name,language,timezone,grades,roles,tags,household,tracking"


@dataclass(frozen=True, slots=True)
class Community:
    """An organization with the list `families`, and a folder for its files."""

    database: Database
    organization: Organization
    list_id: int
    folder: Path

    def list_(self, session: Session) -> List:
        return session.get_one(List, self.list_id)

    def write(self, text: str | bytes) -> Path:
        """A file of that text."""
        file = self.folder / "people.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def load(
        self, text: str | bytes, *, day: date = TODAY, list_slug: str = "families", **options: Any
    ) -> importing.ImportResult:
        """Import a text, as confirmed people where nothing else is said."""
        school = importing.School(day, ROLL_OVER, BANDS)
        options = {"state": SubscriptionState.CONFIRMED} | options
        chosen = importing.ImportOptions(list_slug, school, NOW, **options)
        return importing.import_file(self.database, self.organization, self.write(text), chosen)

    def known(self, address: str, day: date = TODAY) -> dict[str, Any]:
        """What `show` says of a person; empty where there is none."""
        with self.database.reading() as session:
            reader = subscribers.find(session, self.organization.id, EmailAddress.parse(address))
            return subscribers.describe(session, reader, day, ROLL_OVER, BANDS) if reader else {}

    def state(self, address: str) -> str | None:
        """Where a person's subscription stands."""
        of_address = select(Subscription.state).join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        with self.database.reading() as session:
            return session.scalar(of_address.where(Subscriber.address == address))


def a_community(database: Database, folder: Path) -> Community:
    """A new one."""
    with database.writing() as session:
        organization = organizations.create(session, "Maple Families", NOW)
        list_ = lists.create(session, organization.id, "families", "Family newsletter", now=NOW)
    return Community(database, organization, list_.id, folder)


def add(session: Session, community: Community, address: EmailAddress = MARIA, **facts: Any) -> Subscriber:
    """A reader on no list."""
    return subscribers.add(session, community.organization, address, now=NOW, **facts)


def counts(result: importing.ImportResult) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: count for name, count in result.facts().items() if isinstance(count, int) and count}


def told(known: dict[str, Any]) -> list[str]:
    """A person's children: grades, or bands where only those are known."""
    return sorted(child["grade"] or child["band"] for child in known["children"])
