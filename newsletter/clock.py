"""One clock. Ledger SQL asks the database's own; everything else asks `Clock.now()`; tests move both."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Float, bindparam, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from subscribers.db import UtcDateTime


class Clock:
    """The time, moved by `offset`: zero but in tests."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """This process's idea of now, aware, in UTC."""
        return datetime.now(UTC) + self.offset

    def today(self, time_zone: str) -> date:
        """The day it is in a place."""
        return self.now().astimezone(ZoneInfo(time_zone)).date()

    def sql(self, after: timedelta = timedelta()) -> ColumnElement[datetime]:
        """The database's idea of now, plus `after`: leases of many machines are compared with one clock only."""
        return _DatabaseNow(literal(self.seconds(after), Float))

    def seconds(self, after: timedelta = timedelta()) -> float:
        """What a statement with `database_now` is given as its parameter to mean the same as `sql(after)`."""
        return (self.offset + after).total_seconds()


def database_now(seconds: str | ColumnElement[float]) -> ColumnElement[datetime]:
    """The database's now plus so many seconds: a parameter's name, for a statement that is built once, or SQL."""
    return _DatabaseNow(bindparam(seconds, type_=Float) if isinstance(seconds, str) else seconds)


class _DatabaseNow(FunctionElement[datetime]):
    inherit_cache = True
    type = UtcDateTime()


@compiles(_DatabaseNow, "sqlite")
def _sqlite_now(element: _DatabaseNow, compiler: SQLCompiler, **kw: Any) -> str:
    # The format in which SQLAlchemy keeps a DateTime on SQLite, so that text compares as time.
    shift = compiler.process(element.clauses, **kw)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', ({shift}) || ' seconds') || '000')"


@compiles(_DatabaseNow, "postgresql")
def _postgresql_now(element: _DatabaseNow, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(clock_timestamp() + make_interval(secs => {compiler.process(element.clauses, **kw)}))"
