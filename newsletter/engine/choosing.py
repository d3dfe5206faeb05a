"""Which engine the settings ask for."""

from typing import TYPE_CHECKING

from newsletter.errors import NewsletterError
from newsletter.settings import Engine, Settings
from subscribers.db import Database

if TYPE_CHECKING:
    from .tickets import Tickets


class EngineNeedsPostgresql(NewsletterError):
    """NEWSLETTER_ENGINE=procrastinate needs PostgreSQL; with SQLite use embedded."""


def tickets_of(settings: Settings, database: Database) -> "Tickets | None":
    """What carries work between machines, where the settings ask for it. Raises `EngineNeedsPostgresql`."""
    if settings.engine is Engine.EMBEDDED:
        return None
    if database.is_sqlite:
        raise EngineNeedsPostgresql
    from .tickets import Tickets  # noqa: PLC0415 - loaded only where it is asked for

    return Tickets(settings.database_url)
