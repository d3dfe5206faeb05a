from contextlib import closing
from pathlib import Path
from time import perf_counter

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import DBAPIError

from newsletter.clock import Clock
from newsletter.migrations import DatabaseNotReady, ensure_current, upgrade
from subscribers.db import Base, Database
from subscribers.tables import Organization
from tests.support.people import an_organization


def test_the_migration_makes_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, Base.metadata)
    assert differences == []
    assert {i["name"] for i in inspect(database.engine).get_indexes("delivery")} >= {"uq_delivery_dedupe"}


def test_no_migration_lets_sqlite_give_an_id_twice(sqlite_url: str) -> None:
    wanted = {table.name for table in Base.metadata.tables.values() if table.dialect_options["sqlite"]["autoincrement"]}
    database = Database(sqlite_url)
    with database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    database.close()
    made = {row.name: row.sql for row in rows}
    assert "subscriber" in wanted
    assert [name for name in sorted(wanted) if "AUTOINCREMENT" not in made[name]] == []


def test_an_empty_database_is_refused_with_the_next_step(tmp_path: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'new' / 'x.db'}")
    with pytest.raises(DatabaseNotReady, match="newsletter db upgrade"):
        ensure_current(empty)
    upgrade(empty)
    upgrade(empty)
    ensure_current(empty)
    empty.close()


def test_the_databases_clock_moves_with_ours(database: Database, clock: Clock) -> None:
    with database.reading() as session:
        told = session.scalar(select(clock.sql()))
    assert told is not None
    assert abs((told - clock.now()).total_seconds()) < 5


def test_a_reading_session_cannot_write_beside_a_writer(database: Database) -> None:
    with database.writing(), database.reading() as session:
        assert session.scalar(select(1)) == 1


def test_a_reading_session_sees_one_snapshot_and_may_not_write(database: Database) -> None:
    count = select(func.count()).select_from(Organization)
    with database.reading() as session:
        assert session.scalar(count) == 0
        with database.writing() as writing:
            an_organization(writing)
        assert session.scalar(count) == 0
        if not database.is_sqlite:
            with pytest.raises(DBAPIError, match="read-only"):
                an_organization(session)
    with database.reading() as session:
        assert session.scalar(count) == 1


def test_wiping_waits_for_no_reader_and_the_next_one_empties_the_log(sqlite_url: str) -> None:
    with closing(Database(sqlite_url)) as database:
        log = Path(sqlite_url.removeprefix("sqlite:///") + "-wal")
        with database.reading() as session:
            session.scalars(select(Organization)).all()
            with database.writing() as writing:
                an_organization(writing)
            begin = perf_counter()
            database.wipe()
            assert perf_counter() - begin < 10  # a reader may read for as long as it likes
            assert log.stat().st_size > 0
        database.wipe()
        assert log.stat().st_size == 0
