"""The only wiring: settings become the collaborators that every floor is handed."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import make_url, select
from sqlalchemy.exc import ArgumentError, OperationalError

from newsletter.errors import NewsletterError
from subscribers.db import Database
from subscribers.tables import Organization

from . import migrations
from .clock import Clock
from .settings import Settings
from .tokens import Signer


class NotSetUp(NewsletterError):
    """There is no database yet. Run `newsletter init` first."""


class DatabaseAway(NewsletterError):
    """The database cannot be reached. Nothing is lost; start it and try again."""


@dataclass(frozen=True, slots=True)
class App:
    """What a command or a page needs, already checked."""

    settings: Settings
    database: Database
    clock: Clock
    signer: Signer
    organization: Organization

    def today(self) -> date:
        """The organization's day, on which grades are read."""
        return self.clock.today(self.settings.timezone)

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()


def build(settings: Settings, clock: Clock | None = None) -> App:
    """Open the installation that the settings describe. Raises a sentence where it is not set up or away."""
    if not _may_exist(settings.database_url):
        raise NotSetUp
    database = Database(settings.database_url)
    try:
        migrations.ensure_current(database)
        with database.reading() as session:
            organization = session.scalars(select(Organization)).one_or_none()
    except OperationalError as error:
        database.close()
        raise DatabaseAway from error
    except NewsletterError:
        database.close()
        raise
    if organization is None:
        database.close()
        raise NotSetUp
    return App(settings, database, clock or Clock(), Signer(settings.secrets), organization)


def _may_exist(url: str) -> bool:
    """Whether opening the database would not make a new, empty SQLite file."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return True
    return parsed.get_backend_name() != "sqlite" or (parsed.database is not None and Path(parsed.database).exists())
