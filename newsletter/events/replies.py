"""Letters by people that are kept to be passed on: what is held of a writer, and how it goes."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, select
from sqlalchemy.orm import Session

from newsletter.ledger import forgetting
from newsletter.ledger.tables import Campaign, Delivery

from .tables import Reply

STREAM = "reply"
"""The stream that passes them on; a mail's `dedupe` is the letter's digest."""


def of_writers(keys: Collection[str]) -> Select[*tuple[Any, ...]]:
    """What the people with these addresses wrote to us, by the keys of their addresses."""
    columns = Reply.from_name.label("name"), Reply.from_address.label("address"), Reply.subject, Reply.text
    kept = select(*columns, Reply.files, Reply.received_at).where(Reply.from_key.in_(keys))
    return kept.order_by(Reply.received_at, Reply.id)


def forget_writers(session: Session, keys: Collection[str], now: datetime) -> None:
    """Erase what they wrote. What was not passed on yet is not passed on."""
    _forget(session, Reply.from_key.in_(keys), now)


def old(before: datetime) -> Select[*tuple[Any, ...]]:
    """Letters that came before a moment."""
    return select(Reply.id, Reply.received_at.label("since")).where(Reply.received_at < before)


def forget(session: Session, reply_ids: Collection[int], now: datetime) -> int:
    """Erase letters. Returns how many were still there."""
    return _forget(session, Reply.id.in_(reply_ids), now)


def _forget(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    gone = delete(Reply).where(which).returning(Reply.digest)
    digests = session.scalars(gone, execution_options={"synchronize_session": False}).all()
    if digests:
        of_stream = Delivery.campaign_id.in_(select(Campaign.id).where(Campaign.stream == STREAM))
        forgetting.stop(session, and_(of_stream, Delivery.dedupe.in_(digests)), now)
    return len(digests)
