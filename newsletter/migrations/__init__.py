"""The database's shape, brought up to date by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from newsletter.errors import NewsletterError
from subscribers.db import Database


class DatabaseNotReady(NewsletterError):
    """The database has not been set up for this version. Run `newsletter db upgrade`."""


def upgrade(database: Database) -> None:
    """Bring the database to this version's shape; run again, it does nothing."""
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def ensure_current(database: Database) -> None:
    """Raise `DatabaseNotReady` where the shape is not this version's."""
    with database.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present != ScriptDirectory.from_config(_config()).get_current_head():
        raise DatabaseNotReady


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
