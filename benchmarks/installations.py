"""Installations full of made-up families, for the command line and for work inside this process."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import SecretStr

from newsletter import app as wiring
from newsletter.app import App
from newsletter.campaigns import lifecycle
from newsletter.settings import Settings
from subscribers import lists
from subscribers.db import Database
from tests.support.installation import ROOT, Installation

from .seeding import seed

_EXAMPLE = ROOT / "examples" / "2026-12.md"
_SECTIONS = ("welcome", "note-in-the-bag", "better-questions", "teen-writes-first", "early")
"""Of the example: a mail with these, those of other bands left out, has about 28,000 bytes."""


def fill(
    installation: Installation, database_url: str, families: int, *, excluded: bool = False, shortened: bool = False
) -> None:
    """Make the database, one list with so many families on it, and the example as issue 1.

    With `shortened`, the issue has some of its sections only: a mail of it has about 28,000 bytes.
    """
    installation.do("init")
    installation.do("lists", "create", "families", "--name", "Family newsletter")
    with closing(Database(database_url)) as database:
        seed(database, families, excluded=excluded)
    issue = installation.folder / "issue.md"
    issue.write_text(_shortened() if shortened else _EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    installation.do("issues", "import", str(issue))


def _shortened() -> str:
    head, *sections = re.split(r"(?m)^(?=:::: section )", _EXAMPLE.read_text(encoding="utf-8"))
    return head + "".join(one for one in sections if any(f"{{#{name}" in one for name in _SECTIONS))


@contextmanager
def opened(database_url: str, folder: Path, **settings: object) -> Iterator[App]:
    """The same installation inside this process."""
    app = wiring.build(
        Settings(
            database_url=database_url,
            secret_key=SecretStr("k" * 40),
            state_folder=folder / "var",
            from_="Maple Families <news@maple.example>",
            postal_address="Maple School, 1 Main Street, Springfield",
            **settings,  # type: ignore[arg-type]  # the settings check them
        )
    )
    try:
        yield app
    finally:
        app.close()


def due_campaign(app: App) -> int:
    """A campaign of issue 1 to the whole list whose time has come: its audience is to be fixed next."""
    with app.database.writing() as session:
        list_ = lists.get(session, app.organization.id, "families")
        campaign = lifecycle.create(session, app.clock, 1, lifecycle.Aim(list_, ""))
        lifecycle.schedule(session, campaign.id, app.clock.now(), "UTC", app.gate(), needs_approval=False)
    app.scheduler().fire()
    return campaign.id
