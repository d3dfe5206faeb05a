"""Step T3: what became of a group, written in one statement an outcome. Nothing else opens a finished row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock

from .retrying import next_delay
from .tables import Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome of one attempt.

    `state` is accepted, rejected, deferred, unknown, or pending: nothing of the message left, so it goes again and
    the attempt does not count.
    """

    seq: int
    attempt: int
    state: DeliveryState
    provider_id: str | None = None
    error: str | None = None


_FINAL = (DeliveryState.ACCEPTED, DeliveryState.REJECTED)
"""What a settlement that comes late may still say of a row that was given up as `unknown`."""


def settle(session: Session, clock: Clock, campaign_id: int, settlements: Sequence[Settlement]) -> None:
    """Write outcomes. A row is touched only while it is `attempting` that same attempt, or `unknown` and now known.

    A deferred delivery gets its next time; after the last try it is rejected with the reason it was deferred for.
    """
    if settlements:
        now = session.scalars(select(clock.sql())).one()
        session.connection().execute(_UPDATE, [_values(campaign_id, settlement, now) for settlement in settlements])


def _values(campaign_id: int, settlement: Settlement, now: datetime) -> dict[str, object]:
    state, next_at = settlement.state, None
    if state == DeliveryState.DEFERRED:
        delay = next_delay(settlement.attempt)
        state, next_at = (DeliveryState.DEFERRED, now + delay) if delay else (DeliveryState.REJECTED, None)
    return {
        "of_campaign": campaign_id,
        "of_seq": settlement.seq,
        "of_attempt": settlement.attempt,
        "says_what_became": state in _FINAL,
        "new_state": state,
        "new_attempt": settlement.attempt - (state == DeliveryState.PENDING),
        "new_next_at": next_at,
        "new_provider_id": settlement.provider_id,
        "new_error": settlement.error,
        "new_updated_at": now,
    }


_UPDATE = (
    update(Delivery)
    .where(
        Delivery.campaign_id == bindparam("of_campaign"),
        Delivery.seq == bindparam("of_seq"),
        Delivery.attempt == bindparam("of_attempt"),
        or_(
            Delivery.state == DeliveryState.ATTEMPTING,
            and_(Delivery.state == DeliveryState.UNKNOWN, bindparam("says_what_became", type_=Boolean)),
        ),
    )
    .values(
        state=bindparam("new_state"),
        attempt=bindparam("new_attempt"),
        next_at=bindparam("new_next_at"),
        provider_id=bindparam("new_provider_id"),
        error=bindparam("new_error"),
        updated_at=bindparam("new_updated_at"),
    )
)
