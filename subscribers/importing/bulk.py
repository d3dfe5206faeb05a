"""Many rows at a time, past SQLAlchemy's work on each row: plain tuples go to the driver, with ids reserved ahead."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import psycopg
from sqlalchemy import ARRAY, JSON, ColumnElement, Connection, Executable, any_, bindparam, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute, Session

from subscribers.db import Base, dialect_of
from subscribers.errors import NewsletterError

_RACES = (psycopg.IntegrityError, psycopg.errors.DeadlockDetected)


class ChangedMeanwhile(NewsletterError):
    """Others change the same people all the time. Import the file again when they are done: it goes on where it was.

    First the page is worked out again; it is said only of one that was too late each time.
    """


@contextmanager
def races_told() -> Iterator[None]:
    """Raise `ChangedMeanwhile` where the database refuses what somebody else did in the same moment."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        if isinstance(error.orig if isinstance(error, DBAPIError) else error, _RACES):
            raise ChangedMeanwhile from error
        raise


def reserve(session: Session, table: type[Base], count: int) -> Sequence[int]:
    """Ids that nobody else will get. On SQLite they are taken by inserting them, before more are asked for."""
    connection, name = session.connection(), table.__tablename__
    if connection.dialect.name == "sqlite":
        last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).scalar() or 0
        return range(last + 1, last + 1 + count)
    ids = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    return connection.exec_driver_sql(ids, (name, count)).scalars().all()


def insert(session: Session, table: type[Base], columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows whose values are as the driver takes them; see `moment` and `as_json`."""
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert(table.__tablename__, columns), list(rows))
    else:
        _copy(connection, f"COPY {table.__tablename__} ({', '.join(columns)}) FROM STDIN", rows)


def change(session: Session, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement, with `?` for its values, that must change one row each time. Raises `ChangedMeanwhile`."""
    if not rows:
        return
    connection = session.connection()
    words = statement if connection.dialect.name == "sqlite" else statement.replace("?", "%s")
    if connection.exec_driver_sql(words, list(rows)).rowcount != len(rows):
        raise ChangedMeanwhile


def fetch(session: Session, statement: Executable, asked: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a SELECT, past the ORM."""
    return session.connection().execute(statement, asked).all()


def among(dialect: str, column: InstrumentedAttribute[Any], parameter: str) -> ColumnElement[bool]:
    """Whether a column is one of any number of values, which go to the database as one parameter."""
    if dialect == "sqlite":
        values = func.json_each(bindparam(parameter, type_=JSON)).table_valued("value")
        return column.in_(select(values.c.value))
    return column == any_(bindparam(parameter, type_=ARRAY(column.type)))


def moment(session: Session) -> Callable[[datetime], str]:
    """How a moment is written for the driver."""
    if dialect_of(session) == "sqlite":
        return lambda at: at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return lambda at: at.isoformat(" ", "microseconds")


def as_json(value: object) -> str:
    """How JSON is written for the driver, as SQLAlchemy writes it."""
    return json.dumps(value)


@lru_cache(100)
def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
