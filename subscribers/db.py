"""One way to reach the database: its engine, its sessions, and the few types both databases share."""

import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    bindparam,
    column,
    create_engine,
    event,
    func,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from .errors import NewsletterError
from .sqlite_files import SqliteFile

BUSY_TIMEOUT_MS = 30_000
_WIPE_TIMEOUT_MS = 200
_ROWS_OF_A_LOST_HOST = "-c idle_in_transaction_session_timeout=60000"
"""A host that vanishes inside a transaction keeps the rows it locked no longer than a minute; no work of ours waits so
long between two statements."""
_READING = "newsletter_reading"
_ONE_SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""Of PostgreSQL, where else each statement sees what was committed before it."""
_ID_BYTES, _ID_LETTERS = 12, 16


class DatabaseUrlInvalid(NewsletterError):
    """The database URL must look like sqlite:///var/newsletter.db or postgresql://user@host/name."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Python sees an aware UTC `datetime`; PostgreSQL keeps `timestamptz`, SQLite ISO text."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """`timestamptz` where the database has it."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name != "sqlite"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: nobody could say which moment it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A time without a zone cannot be stored: {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every time its zone back."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def named(kind: type) -> Enum:
    """A column type for a `StrEnum`, stored as its value in plain text with no database enum to migrate."""
    return Enum(kind, native_enum=False, length=20, values_callable=lambda k: [m.value for m in k])


class Base(DeclarativeBase):
    """Every table of the product."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012 - SQLAlchemy's own declarative hook


def random_id() -> str:
    """A public id nobody can guess or count: 96 random bits as 16 URL-safe characters."""
    return secrets.token_urlsafe(_ID_BYTES)


def random_ids(count: int) -> list[str]:
    """So many public ids at once, each as good as one by `random_id`."""
    text = urlsafe_b64encode(secrets.token_bytes(_ID_BYTES * count)).decode()
    return [text[at : at + _ID_LETTERS] for at in range(0, len(text), _ID_LETTERS)]


def insert_into(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows `on_conflict_...` in the words of the session's database."""
    return insert_for(dialect_of(session), table)


def insert_for(dialect: str, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """The same, for a statement that is built once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def dialect_of(session: Session) -> str:
    """Which database a session speaks to: `sqlite` or `postgresql`."""
    return session.get_bind().dialect.name


def json_rows(dialect: str, parameter: str) -> ColumnElement[Any]:
    """Rows for a statement that is built once: each element of the JSON array given as `parameter`, as a JSON value.

    `value[0].as_integer()` reads a row's first item. One parameter carries any number of rows to either database.
    """
    each = func.json_each if dialect == "sqlite" else func.json_array_elements
    found: ColumnElement[Any] = each(bindparam(parameter, type_=JSON)).table_valued(column("value", JSON)).c.value
    return found


class Database:
    """The one way to open a session.

    `writing()` commits at the end of the block, or rolls back if it raises. On SQLite it takes the write lock at
    once (`BEGIN IMMEDIATE`), and threads of this process queue on a lock of ours, which is fair where SQLite's own
    busy handler is not. `reading()` sees one snapshot and may not write.
    """

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self._reader = self.engine.execution_options(**{_READING: True}, **({} if self.is_sqlite else _ONE_SNAPSHOT))
        self._writer_turn = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Whether one writer at a time is all there is."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session in a transaction that commits when the block ends."""
        with (
            self._writer_turn,
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one snapshot and leaves no trace."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    def wipe(self) -> None:
        """On SQLite, fold the write-ahead log into the file and empty it: then what was erased is in neither.

        Where somebody reads just then, as much of it as can be; the next one does the rest. PostgreSQL's vacuum does
        the like by itself.
        """
        if self.is_sqlite:
            with self._writer_turn, closing(self.engine.raw_connection()) as connection:
                cursor = connection.cursor()
                # Writers wait meanwhile: not as long as a reader may read.
                cursor.execute(f"PRAGMA busy_timeout = {_WIPE_TIMEOUT_MS}")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _open(url: str) -> Engine:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:  # a port that is no number
        raise DatabaseUrlInvalid from error
    if backend == "sqlite":
        return _open_sqlite(url, parsed.database)
    if backend == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=10,
            max_overflow=30,
            pool_pre_ping=True,
            connect_args={"options": _ROWS_OF_A_LOST_HOST},
        )
    raise DatabaseUrlInvalid


def _open_sqlite(url: str, file: str | None) -> Engine:
    if not file or file == ":memory:":
        raise DatabaseUrlInvalid("SQLite needs a file: sqlite:///var/newsletter.db")
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _set_up_sqlite)
    SqliteFile(Path(file)).watch(engine)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """WAL for readers beside a writer, FULL so that a commit survives a power cut; what is deleted becomes zeros."""
    del entry
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def may_exist(url: str) -> bool:
    """Whether opening a database would not make a new, empty SQLite file."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return True
    return parsed.get_backend_name() != "sqlite" or (parsed.database is not None and Path(parsed.database).exists())
