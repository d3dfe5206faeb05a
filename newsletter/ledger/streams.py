"""Streams: campaigns that never end, to which single mails are appended in the caller's own transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from subscribers.db import insert_into

from .tables import Campaign, CampaignKind, CampaignState, Chunk, Delivery

URGENT = 10
"""Above any broadcast: a person is waiting."""


@dataclass(frozen=True, slots=True)
class StreamMail:
    """One of many mails that are appended together."""

    to_address: str
    variant: str
    subscriber_id: int
    dedupe: str


def ensure(session: Session, clock: Clock, organization_id: int, stream: str, list_id: int | None = None) -> int:
    """The campaign id of a stream, made the first time it is asked for.

    With a list, who has left it or paused it by the time of sending is not mailed.
    """
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
            list_id=list_id,
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


def append_many(session: Session, clock: Clock, campaign_id: int, mails: Sequence[StreamMail]) -> int:
    """Add mails for which nobody is waiting, in the caller's transaction; those of one variant share a chunk.

    Returns how many there were whose `dedupe` was not appended before.
    """
    # Holds the stream's row, so nobody appends between the look and the inserts.
    audience, chunks = session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id)
        .values(audience=Campaign.audience)
        .returning(Campaign.audience, Campaign.chunks),
        execution_options={"synchronize_session": False},
    ).one()
    of_mails = Delivery.dedupe.in_([mail.dedupe for mail in mails])
    known = set(session.scalars(select(Delivery.dedupe).where(Delivery.campaign_id == campaign_id, of_mails)))
    new = sorted((mail for mail in mails if mail.dedupe not in known), key=lambda mail: mail.variant)
    if new:
        numbered = list(enumerate(new, audience + 1))
        ranges = [list(group) for _, group in groupby(numbered, lambda numbered: numbered[1].variant)]
        session.execute(insert(Delivery), [_delivery(clock, campaign_id, seq, mail) for seq, mail in numbered])
        session.execute(
            insert(Chunk),
            [
                {"campaign_id": campaign_id, "no": no, "lo": of[0][0], "hi": of[-1][0], "variant": of[0][1].variant}
                for no, of in enumerate(ranges, chunks + 1)
            ],
        )
        grown = {"audience": audience + len(new), "chunks": chunks + len(ranges)}
        session.execute(
            update(Campaign).where(Campaign.id == campaign_id).values(grown),
            execution_options={"synchronize_session": False},
        )
    return len(new)


def _delivery(clock: Clock, campaign_id: int, seq: int, mail: StreamMail) -> dict[str, Any]:
    return {
        "campaign_id": campaign_id,
        "seq": seq,
        "subscriber_id": mail.subscriber_id,
        "to_address": mail.to_address,
        "occurrence": seq,
        "variant": mail.variant,
        "dedupe": mail.dedupe,
        "updated_at": clock.now(),
    }


def _is_appended(session: Session, campaign_id: int, dedupe: str) -> bool:
    of_dedupe = select(Delivery.seq).where(Delivery.campaign_id == campaign_id, Delivery.dedupe == dedupe)
    return session.scalar(of_dedupe) is not None
