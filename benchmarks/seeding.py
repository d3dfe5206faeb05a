"""Families by the million, written straight into the tables by the database itself: an import would take minutes."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    text,
)
from sqlalchemy.orm import Session

from subscribers.db import Base, Database, dialect_of
from subscribers.tables import (
    Child,
    Frequency,
    Household,
    Role,
    Subscriber,
    SubscriberRole,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    Told,
)

_YEARS = 13
_FIRST_YEAR = 2027
"""Children of every grade, as of the school year that ends then."""
_HASH_CHARACTERS, _DIGITS = 32, 10
_SUPPRESSED = 50
"""Of two hundred this one; it has not unsubscribed as well."""
_ODD = 2_654_435_761
"""Multiplied by it, numbers below 2**32 are scattered over all of them, each to a place of its own (Knuth)."""


def seed(database: Database, families: int, *, excluded: bool = False) -> None:
    """Put so many families on list 1 of an installation that has none: `reader1@families.example` and so on.

    All are confirmed. With `excluded`, of a thousand five are suppressed, ten unsubscribed and twenty take one mail
    a month. Every second household has a second child; one in seven told of none; one in five reads Spanish.
    """
    with database.writing() as session:
        if dialect_of(session) == "postgresql":
            trust_ourselves(session)
        n = numbers(session, families)
        now = func.now() if dialect_of(session) == "postgresql" else func.strftime("%Y-%m-%d %H:%M:%f000", "now")
        _people(session, n, now)
        _subscriptions(session, n, now, excluded=excluded)
        session.execute(text("DROP TABLE seed"))
        if dialect_of(session) == "postgresql":
            _settle_sequences(session)
    as_autovacuum_would(database)


def numbers(session: Session, families: int) -> ColumnElement[int]:
    """A temporary table `seed` with 1 to N; its column."""
    counting = (
        "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < :families) SELECT n FROM up"
        if dialect_of(session) == "sqlite"
        else "SELECT n FROM generate_series(1, CAST(:families AS integer)) AS up(n)"
    )
    session.execute(text(f"CREATE TEMPORARY TABLE seed AS {counting}"), {"families": families})
    return text("SELECT n FROM seed").columns(n=Integer).subquery("numbers").c.n


def as_autovacuum_would(database: Database) -> None:
    """What a PostgreSQL server does by itself within minutes of such a load."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def trust_ourselves(session: Session) -> None:
    """Check no foreign key in this transaction, where we may say so: it takes most of the time."""
    if session.scalar(text("SHOW is_superuser")) == "on":
        session.execute(text("SET LOCAL session_replication_role = replica"))


def _people(session: Session, n: ColumnElement[int], now: ColumnElement[Any]) -> None:
    public_id = cast(n + literal(10**15, BigInteger), String)
    address = literal("reader") + cast(n, String) + literal("@families.example")
    fill(session, Household, select(n), id=n, organization_id=literal(1), key=null(), created_at=now)
    fill(
        session, Subscriber, select(n),
        id=n, organization_id=literal(1), public_id=public_id, address=address, address_key=address,
        address_hash=_hash(n), name=literal("Reader ") + cast(n, String), language=each(n, 5, "es", "en"),
        time_zone=literal(""), attributes=literal({}, JSON), household_id=n, tracking=n % 3 == 0, created_at=now,
        updated_at=now,
    )  # fmt: skip
    fill(session, SubscriberRole, select(n), subscriber_id=n, role=literal(Role.FAMILY.value))
    for several, shift in ((n % 7 != 0, 0), (n % 2 == 0, 5)):
        fill(
            session, Child, select(n).where(several),
            household_id=n, subscriber_id=n, told_by=literal(Told.IMPORT.value),
            graduation_year=literal(_FIRST_YEAR) + (n + shift) % _YEARS, band=null(), end_year=null(), created_at=now,
        )  # fmt: skip


def _subscriptions(session: Session, n: ColumnElement[int], now: ColumnElement[Any], *, excluded: bool) -> None:
    confirmed, every = SubscriptionState.CONFIRMED.value, Frequency.EVERY.value
    left = each(n, 100, SubscriptionState.UNSUBSCRIBED.value, confirmed) if excluded else literal(confirmed)
    frequency = each(n, 50, Frequency.MONTHLY.value, every) if excluded else literal(every)
    fill(
        session, Subscription, select(n),
        subscriber_id=n, list_id=literal(1), state=left, frequency=frequency, created_at=now, confirmed_at=now,
        unsubscribed_at=null(),
    )  # fmt: skip
    if excluded:
        fill(
            session, Suppression, select(n).where(n % 200 == _SUPPRESSED),
            organization_id=literal(1), address_hash=_hash(n), list_id=null(),
            reason=literal(SuppressionReason.BOUNCE.value), detail=literal(""), created_at=now, lifted_at=null(),
        )  # fmt: skip


def fill(session: Session, table: type[Base], numbers: Select[int], **columns: ColumnElement[Any]) -> None:
    """A row of a table for each number."""
    rows = numbers.with_only_columns(*columns.values(), maintain_column_froms=True)
    session.execute(insert(table).from_select(list(columns), rows, include_defaults=False))


def each(n: ColumnElement[int], nth: int, this: str, that: str) -> ColumnElement[str]:
    """One in so many is this, the others are that."""
    return case((n % nth == 0, this), else_=that)


def _hash(n: ColumnElement[int]) -> ColumnElement[str]:
    """As long as a real one, and as unique."""
    scattered = cast(n, BigInteger) * literal(_ODD, BigInteger) % literal(2**32, BigInteger)
    return func.substr(
        cast(scattered + literal(2**33, BigInteger), String) + literal("0" * _HASH_CHARACTERS), 1, _HASH_CHARACTERS
    )


def _settle_sequences(session: Session) -> None:
    """Ids go on after those written by hand."""
    for table in ("household", "subscriber"):
        session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"))  # noqa: S608
