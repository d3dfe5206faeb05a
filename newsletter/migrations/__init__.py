"""The database's shape, brought up to date by Alembic."""

from pathlib import Path

from sqlalchemy import column, inspect, select, table

from newsletter.errors import NewsletterError
from subscribers.db import Database

_FOLDER = Path(__file__).parent


class DatabaseNotReady(NewsletterError):
    """The database has not been set up for this version. Run `newsletter db upgrade`."""


def upgrade(database: Database) -> None:
    """Bring the database to this version's shape; run again, it does nothing."""
    from alembic import command  # noqa: PLC0415 - 11 MB that only this needs
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def ensure_current(database: Database) -> None:
    """Raise `DatabaseNotReady` where the shape is not this version's."""
    if not is_current(database):
        raise DatabaseNotReady


def is_current(database: Database) -> bool:
    """Whether the shape is this version's."""
    kept = table("alembic_version", column("version_num"))
    with database.engine.connect() as connection:
        is_set_up = inspect(connection).has_table(kept.name)
        present = connection.scalar(select(kept.c.version_num)) if is_set_up else None
    return bool(present == _newest())


def _newest() -> str:
    """The number that the last file of `versions` begins with."""
    return max(file.name for file in (_FOLDER / "versions").glob("[0-9]*.py")).partition("_")[0]
