"""What every test may ask for: a new migrated database of either kind, a clock that can be set, an organization."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import make_url

from newsletter import migrations
from newsletter.clock import Clock
from subscribers.db import Database
from tests.support.databases import a_new_database, a_postgresql_server

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
settings.register_profile("untimed", deadline=None)  # how long an example takes says nothing on a busy machine
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """A command in the test's process has the log go to its standard error, which is closed when the test ends."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    file = tmp_path_factory.mktemp("template") / "newsletter.db"
    database = Database(f"sqlite:///{file}")
    migrations.upgrade(database)
    database.close()  # the last connection folds the write-ahead log into the file
    return file


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A running PostgreSQL."""
    with a_postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str) -> Iterator[str]:
    """The name of a migrated PostgreSQL database that tests copy."""
    with a_new_database(postgresql_url) as url:
        database = Database(url)
        migrations.upgrade(database)
        database.close()
        yield str(make_url(url).database)


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a new, migrated, empty database; a test that asks runs on both kinds."""
    if request.param == SQLITE:
        yield request.getfixturevalue("sqlite_url")
        return
    server, template = (
        request.getfixturevalue("postgresql_url"),
        request.getfixturevalue("migrated_postgresql"),
    )
    with a_new_database(server, template) as url:
        yield url


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A new, migrated, empty SQLite database, for what does not depend on the kind."""
    file = tmp_path / "newsletter.db"
    shutil.copy(migrated_sqlite, file)
    return f"sqlite:///{file}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new, migrated, empty database of each kind."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands near noon on 2 December 2026 in UTC and moves by its `offset`."""
    start = datetime(2026, 12, 2, 12, tzinfo=UTC)
    return Clock(start - datetime.now(UTC) + timedelta())
