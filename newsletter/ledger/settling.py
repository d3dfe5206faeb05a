"""Step T3: what became of a group, written in one statement. Nothing else opens a finished row."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Executable, Float, and_, bindparam, case, null, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock, database_now
from newsletter.feedback.conversations import Step
from subscribers.db import dialect_of, json_rows

from .retrying import next_delay
from .tables import Delivery, DeliveryState

IS_ERASED = Delivery.to_address == ""
"""An answer about a reader who is gone meanwhile must not name them again."""


class Settlement(NamedTuple):
    """The outcome of one attempt.

    `state` is accepted, rejected, deferred, unknown, or pending: nothing of the message left, so it goes again and
    the attempt does not count.
    """

    seq: int
    attempt: int
    state: DeliveryState
    provider_id: str | None = None
    error: str | None = None
    step: Step | None = None
    """Where the next mail server refused it, which then said `error`; None: it did not."""


def settle(session: Session, clock: Clock, campaign_id: int, settlements: Sequence[Settlement]) -> list[int]:
    """Write outcomes; the `seq` of each row that this changed.

    A row is touched only while it is `attempting` that same attempt, or when what became of that attempt is known now
    and was not before: it is `unknown`, or was and waits to be tried again. A deferred delivery gets its next time;
    after the last try it is rejected with the reason it was deferred for.
    """
    if not settlements:
        return []
    seqs = [settlement.seq for settlement in settlements]
    values = {
        "of_campaign": campaign_id,
        "outcomes": [_row(settlement) for settlement in settlements],
        "first": min(seqs),
        "last": max(seqs),
        "now": clock.seconds(),
    }
    return list(session.connection().scalars(_settle(dialect_of(session)), values).all())


def _row(settlement: Settlement) -> tuple[int, int, str, int, str | None, str | None, float | None]:
    """As `_settle` reads it: the last item is how long the next try waits, in seconds."""
    state, wait = settlement.state, None
    if state is DeliveryState.DEFERRED:
        delay = next_delay(settlement.attempt)
        state, wait = (state, delay.total_seconds()) if delay else (DeliveryState.REJECTED, None)
    attempt = settlement.attempt - (state is DeliveryState.PENDING)
    error = settlement.error and settlement.error.replace("\0", "")  # PostgreSQL's text has no NUL
    return settlement.seq, settlement.attempt, state.value, attempt, settlement.provider_id, error, wait


@lru_cache
def _settle(dialect: str) -> Executable:
    row = json_rows(dialect, "outcomes")
    outcome = (
        select(
            row[0].as_integer().label("seq"),
            row[1].as_integer().label("attempt"),
            row[2].as_string().label("state"),
            row[3].as_integer().label("new_attempt"),
            row[4].as_string().label("provider_id"),
            row[5].as_string().label("error"),
            row[6].as_float().label("wait"),
        )
        .cte("outcome")
        .prefix_with("MATERIALIZED")
    )  # else SQLite looks through all outcomes for each row
    says_what_became = outcome.c.state.in_((DeliveryState.ACCEPTED.value, DeliveryState.REJECTED.value))
    return (
        update(Delivery)
        .where(
            Delivery.campaign_id == bindparam("of_campaign"),
            Delivery.seq == outcome.c.seq,
            Delivery.seq.between(bindparam("first"), bindparam("last")),  # PostgreSQL cannot see into the JSON
            Delivery.attempt == outcome.c.attempt,
            or_(
                Delivery.state == DeliveryState.ATTEMPTING,
                and_(Delivery.state.in_((DeliveryState.UNKNOWN, DeliveryState.PENDING)), says_what_became),
            ),
        )
        .values(
            state=outcome.c.state,
            attempt=outcome.c.new_attempt,
            next_at=case((outcome.c.wait.is_not(None), database_now(outcome.c.wait + bindparam("now", type_=Float)))),
            provider_id=case((IS_ERASED, null()), else_=outcome.c.provider_id),
            error=case((IS_ERASED, null()), else_=outcome.c.error),
            updated_at=database_now("now"),
        )
        .returning(Delivery.seq)
    )
