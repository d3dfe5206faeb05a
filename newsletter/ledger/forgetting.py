"""Deliveries outlive their readers: the row and its state stay for the figures, and nothing in it says whose it was."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, literal_column, or_, select, update
from sqlalchemy.orm import Session

from subscribers.addresses import EmailAddress
from subscribers.db import UtcDateTime
from subscribers.tables import Subscriber

from .tables import Campaign, CampaignState, Delivery, DeliveryState, Exclusion

_NOT_FIXED = (
    CampaignState.DRAFT,
    CampaignState.APPROVED,
    CampaignState.SCHEDULED,
    CampaignState.HELD,
    CampaignState.PREPARING,
)
NOT_BEGUN = Delivery.state.in_((DeliveryState.PENDING, DeliveryState.DEFERRED))
"""What may still be sent, and is in no sender's hand."""
_NOBODY: dict[str, Any] = {
    "subscriber_id": None,
    "to_address": "",
    "dedupe": None,
    "provider_id": None,
    "error": None,  # a mail server names the address it refuses
}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many deliveries stay without their reader, and how many of them are not sent any more."""

    kept: int
    stopped: int


def let_pages_end(session: Session) -> None:
    """Wait until no page of an audience is being written, and let none begin before the caller's transaction ends.

    Else a page that was read before a reader is erased would be written after it.
    """
    not_fixed = select(Campaign.id).where(Campaign.state.in_(_NOT_FIXED)).order_by(Campaign.id)
    session.execute(not_fixed.with_for_update(read=True)).all()


def forget_readers(session: Session, readers: Collection[Subscriber], now: datetime) -> Forgotten:
    """Take erased readers out of every delivery. What was not begun is excluded as `erased`; the rest keeps its state.

    Whether they had agreed to tracking stays, for the figures. A copy that a sender has in hand is settled as any
    other. Mails to their address that belong to no reader, such as tests, are theirs as well.
    """
    addresses = [spelling for reader in readers for spelling in (reader.address, reader.address_key)]
    found = _erase(session, is_to_nobody_at(addresses), now, payload=None)
    for agreed in (True, False):
        alike = [reader.id for reader in readers if reader.tracking is agreed]
        found += _erase(session, Delivery.subscriber_id.in_(alike), now, payload={"agreed": agreed}) if alike else []
    return Forgotten(len(found), found.count(Exclusion.ERASED))


def forget_address(session: Session, address: EmailAddress, now: datetime) -> Forgotten:
    """Take an address that belongs to no reader out of the mails that were sent to it, such as tests."""
    found = _erase(session, is_to_nobody_at([address.mailed, address.key]), now, payload=None)
    return Forgotten(len(found), found.count(Exclusion.ERASED))


def stop(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    """Empty deliveries whose content is erased. Returns how many of them are not sent any more."""
    return _erase(session, which, now, payload=None).count(Exclusion.ERASED)


def forget_copies(session: Session, campaign_id: int, seqs: Collection[int]) -> int:
    """Take the readers out of deliveries of one campaign that are not waiting to be sent. Returns how many.

    After the last of them, also what was kept of readers erased before: figures of persons end together.
    """
    copies = update(Delivery).where(Delivery.campaign_id == campaign_id)
    emptied = copies.where(Delivery.seq.in_(seqs), ~NOT_BEGUN).values(**_NOBODY, payload=None)
    unsynchronized = {"synchronize_session": False}
    count = len(session.scalars(emptied.returning(Delivery.seq), execution_options=unsynchronized).all())
    more = select(Delivery.seq).where(Delivery.campaign_id == campaign_id, Delivery.subscriber_id > 0)
    if session.scalar(more.limit(1)) is None:
        erased = copies.where(Delivery.to_address == "", Delivery.payload.is_not(None))
        session.execute(erased.values(payload=None), execution_options=unsynchronized)
    return count


def is_to_nobody_at(addresses: Collection[str]) -> ColumnElement[bool]:
    """Whether a delivery that belongs to no reader, such as a test, went to one of these addresses."""
    to_one = or_(Delivery.to_address.in_(addresses), func.lower(Delivery.to_address).in_(addresses))
    # That it has an address is said for the index: of erased readers' copies, which have none, there are many more.
    return and_(Delivery.subscriber_id.is_(None), Delivery.to_address > literal_column("''"), to_one)


def _erase(
    session: Session, whose: ColumnElement[bool], now: datetime, *, payload: dict[str, bool] | None
) -> list[Exclusion | None]:
    """Why each delivery is not mailed; None for what was begun.

    The state goes by the row as it is when the lock on it is ours, so what a sender took first stays its own.
    """
    erased = (
        update(Delivery)
        .where(whose)
        .values(
            **_NOBODY,
            payload=payload,
            state=case((NOT_BEGUN, DeliveryState.EXCLUDED.value), else_=Delivery.state),
            reason=case((NOT_BEGUN, Exclusion.ERASED.value), else_=Delivery.reason),
            updated_at=case((NOT_BEGUN, literal(now, UtcDateTime())), else_=Delivery.updated_at),
            next_at=None,
        )
        .returning(Delivery.reason)
    )
    return list(session.scalars(erased, execution_options={"synchronize_session": False}))
