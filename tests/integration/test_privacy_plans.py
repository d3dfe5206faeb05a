import pytest
from sqlalchemy import ColumnElement, or_, select, text
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.ledger.forgetting import is_to_nobody_at
from newsletter.ledger.tables import Delivery
from subscribers.db import Database
from tests.support.web_world import new_world


def plan(session: Session, database: Database, *such: ColumnElement[bool]) -> str:
    asked = select(Delivery.seq).where(or_(*such)).compile(database.engine, compile_kwargs={"literal_binds": True})
    if not database.is_sqlite:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # of so few rows it reads all
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    return "\n".join(str(row[-1]) for row in session.execute(text(f"{explain} {asked}")))


@pytest.mark.parametrize("with_their_own", [False, True])
def test_mails_to_no_reader_are_found_without_reading_the_copies_of_erased_readers(
    database: Database, clock: Clock, with_their_own: bool
) -> None:
    reader = new_world(database, clock).reader("maria@school.example")
    at_address = is_to_nobody_at([reader.address, reader.address_key])
    such = [at_address, *([Delivery.subscriber_id == reader.id] if with_their_own else [])]
    with database.reading() as session:
        assert "ix_delivery_to_nobody" in plan(session, database, *such)
