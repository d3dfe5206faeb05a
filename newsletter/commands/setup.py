"""`newsletter init`, `db` and `version`: setting an installation up."""

import secrets
from contextlib import closing
from importlib.metadata import version as installed_version
from pathlib import Path

import click

from newsletter import migrations
from newsletter.app import build
from newsletter.clock import Clock
from newsletter.engine.choosing import tickets_of
from newsletter.errors import NewsletterError
from newsletter.settings import CONFIG_FILE, Settings, load
from newsletter.webhooks import gathering
from subscribers import organizations
from subscribers.db import Database

from .db_purge import purge

_CONFIG = """\
# Settings of this installation; the environment overrides them.
# Keep this file private: it holds the key that signs links.
secret_key = "{key}"
organization = {organization}

# What your readers see and where links lead:
# base_url = "https://newsletter.example.org"
# from = "Our school <newsletter@example.org>"
# reply_to = "office@example.org"
# postal_address = "Our school, 1 Main Street, Springfield"
# logo = "https://example.org/logo.png"
# colour = "#14532D"
# timezone = "America/Chicago"

# How mail leaves. Until you set it, every message becomes a file in var/outbox.
# transport = "smtp://user:password@mail.example.org:587?tls=starttls"
"""


class AlreadySetUp(NewsletterError):
    """This folder is set up already. To begin again, move newsletter.toml and the database away first."""


@click.command()
@click.option("--organization", default="Our school community", help="The name readers know you by.")
def init(organization: str) -> None:
    """Write newsletter.toml with a new secret key, and make the database."""
    config = Path(CONFIG_FILE)
    fresh = not config.exists()
    if fresh:
        _write_config(config, organization)
    settings = load()
    with closing(Database(settings.database_url)) as database:
        _bring_up_to_date(settings, database)
        with database.writing() as session:
            made = organizations.ensure(session, organization if fresh else settings.organization, Clock().now())
    if not fresh and not made:
        raise AlreadySetUp
    settled = "holds your settings and a new secret key" if fresh else "is as it was"
    stored = "is made, new and empty" if made else "was there and is kept"
    click.echo(f"Ready. {CONFIG_FILE} {settled}; the database {stored}.")
    click.echo('Next: newsletter lists create families --name "Family newsletter"')


@click.group()
def db() -> None:
    """Bring the database up to date, check it, or let go of what was kept long enough."""


db.add_command(purge)


@db.command()
def upgrade() -> None:
    """Bring the database to this version's shape; safe to run again."""
    settings = load()
    with closing(Database(settings.database_url)) as database:
        _bring_up_to_date(settings, database)
    click.echo("The database has this version's shape.")


@db.command()
def check() -> None:
    """Say whether the database can be reached and has this version's shape."""
    build(load()).close()
    click.echo("The database answers and has this version's shape.")


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"newsletter {installed_version('newsletter')}")


def _bring_up_to_date(settings: Settings, database: Database) -> None:
    tickets = tickets_of(settings, database)
    if not migrations.is_current(database):
        gathering.lift(database)
        migrations.upgrade(database)
    gathering.lay(database)
    if tickets is not None:
        tickets.set_up(database)


def _write_config(config: Path, organization: str) -> None:
    quoted = '"' + organization.replace("\\", "\\\\").replace('"', '\\"') + '"'
    config.touch(mode=0o600)
    config.write_text(_CONFIG.format(key=secrets.token_urlsafe(32), organization=quoted), encoding="utf-8")
