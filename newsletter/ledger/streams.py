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
    audience, chunks = _hold(session, campaign_id)
    if dedupe is not None and _appended(session, campaign_id, [dedupe]):
        return None
    seq, chunk_no = audience + 1, chunks + 1
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
    _grow(session, campaign_id, seq, chunk_no)
    return seq


def append_many(session: Session, clock: Clock, campaign_id: int, mails: Sequence[StreamMail]) -> int:
    """Add mails for which nobody is waiting, in the caller's transaction; those of one variant share a chunk.

    Returns how many there were whose `dedupe` was not appended before.
    """
    audience, chunks = _hold(session, campaign_id)
    known = _appended(session, campaign_id, [mail.dedupe for mail in mails])
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
        _grow(session, campaign_id, audience + len(new), chunks + len(ranges))
    return len(new)


def _hold(session: Session, campaign_id: int) -> tuple[int, int]:
    """Lock the stream's row, so that nobody else appends before the transaction ends. Its audience and chunks."""
    as_it_is = update(Campaign).where(Campaign.id == campaign_id).values(audience=Campaign.audience)
    held = session.execute(
        as_it_is.returning(Campaign.audience, Campaign.chunks), execution_options={"synchronize_session": False}
    ).one()
    return held.audience, held.chunks


def _grow(session: Session, campaign_id: int, audience: int, chunks: int) -> None:
    grown = update(Campaign).where(Campaign.id == campaign_id).values(audience=audience, chunks=chunks)
    session.execute(grown, execution_options={"synchronize_session": False})


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


def _appended(session: Session, campaign_id: int, dedupes: Sequence[str]) -> set[str | None]:
    """Those of many that were appended before."""
    of_dedupes = select(Delivery.dedupe).where(Delivery.campaign_id == campaign_id, Delivery.dedupe.in_(dedupes))
    return set(session.scalars(of_dedupes))
