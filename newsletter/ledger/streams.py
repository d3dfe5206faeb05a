"""Streams: campaigns that never end, to which single mails are appended in the caller's own transaction."""

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from subscribers.db import insert_into

from .tables import Campaign, CampaignKind, CampaignState, Chunk, Delivery

URGENT = 10
"""Above any broadcast: a person is waiting."""


def ensure(session: Session, clock: Clock, organization_id: int, stream: str) -> int:
    """The campaign id of a stream, made the first time it is asked for."""
    of_name = select(Campaign.id).where(Campaign.organization_id == organization_id, Campaign.stream == stream)
    found = session.scalar(of_name)
    if found is not None:
        return found
    # Two who ask for the first time at once: the database refuses the second, which then reads the first's.
    session.execute(
        insert_into(session, Campaign)
        .values(
            organization_id=organization_id,
            kind=CampaignKind.STREAM,
            state=CampaignState.SENDING,
            stream=stream,
            created_at=clock.now(),
            started_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "stream"])
    )
    return session.scalars(of_name).one()


def append(
    session: Session,
    clock: Clock,
    campaign_id: int,
    *,
    to_address: str,
    variant: str,
    subscriber_id: int | None = None,
    payload: dict[str, Any] | None = None,
    dedupe: str | None = None,
) -> int | None:
    """Add one mail to a stream in the caller's transaction; the audience grows by one.

    Returns its `seq`, or None where the same `dedupe` was appended before.
    """
    numbers = session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id)
        .values(audience=Campaign.audience + 1, chunks=Campaign.chunks + 1)
        .returning(Campaign.audience, Campaign.chunks),
        execution_options={"synchronize_session": False},
    ).one()
    # The update above holds the stream's row, so nobody appends between this look and the insert.
    if dedupe is not None and _is_appended(session, campaign_id, dedupe):
        session.execute(
            update(Campaign)
            .where(Campaign.id == campaign_id)
            .values(audience=Campaign.audience - 1, chunks=Campaign.chunks - 1),
            execution_options={"synchronize_session": False},
        )
        return None
    seq, chunk_no = numbers
    session.execute(
        insert(Delivery).values(
            campaign_id=campaign_id,
            seq=seq,
            subscriber_id=subscriber_id,
            to_address=to_address,
            occurrence=seq,
            variant=variant,
            payload=payload,
            dedupe=dedupe,
            updated_at=clock.sql(),
        )
    )
    session.execute(
        insert(Chunk).values(campaign_id=campaign_id, no=chunk_no, lo=seq, hi=seq, variant=variant, priority=URGENT)
    )
    return int(seq)


def _is_appended(session: Session, campaign_id: int, dedupe: str) -> bool:
    of_dedupe = select(Delivery.seq).where(Delivery.campaign_id == campaign_id, Delivery.dedupe == dedupe)
    return session.scalar(of_dedupe) is not None
