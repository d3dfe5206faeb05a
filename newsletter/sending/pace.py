"""The account's pace over all senders: the generic cell rate algorithm on one row, one conditional update a group.

A group of n mails at rate r moves the theoretical arrival time by n / r seconds; it may go when that time, before it
is moved, lies no more than the burst ahead of now. (ITU-T I.371, annex A.)
"""

from datetime import datetime, timedelta

from sqlalchemy import case, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock
from newsletter.ledger.tables import RateBucket
from subscribers.db import insert_into

BURST = timedelta(seconds=1)


def take(session: Session, clock: Clock, account: str, mails: int, rate: float | None) -> timedelta:
    """Take the right to send `mails` at once; zero, or how long to wait before asking again.

    Part of the attempt's own transaction: what is rolled back was not taken.
    """
    now = session.scalars(select(clock.sql())).one()
    if rate is None:
        return _until_brake_ends(session, account, now)
    _ensure(session, clock, account)
    taken = session.scalar(
        update(RateBucket)
        .where(RateBucket.account == account, RateBucket.tat <= now + BURST)
        .where(or_(RateBucket.brake_until.is_(None), RateBucket.brake_until <= now))
        .values(tat=case((RateBucket.tat > now, RateBucket.tat), else_=now))
        .returning(RateBucket.tat),
        execution_options={"synchronize_session": False},
    )
    if taken is None:
        return _wait(session, account, now)
    session.execute(
        update(RateBucket).where(RateBucket.account == account).values(tat=taken + timedelta(seconds=mails / rate)),
        execution_options={"synchronize_session": False},
    )
    return timedelta()


def brake(session: Session, clock: Clock, account: str, until: datetime) -> None:
    """Let nobody send through the account before `until`, as the provider asked."""
    _ensure(session, clock, account)
    session.execute(
        update(RateBucket).where(RateBucket.account == account).values(brake_until=until),
        execution_options={"synchronize_session": False},
    )


def _wait(session: Session, account: str, now: datetime) -> timedelta:
    tat, brake_until = session.execute(
        select(RateBucket.tat, RateBucket.brake_until).where(RateBucket.account == account)
    ).one()
    return max(max(tat - BURST, brake_until or now) - now, timedelta(milliseconds=1))


def _until_brake_ends(session: Session, account: str, now: datetime) -> timedelta:
    until = session.scalar(select(RateBucket.brake_until).where(RateBucket.account == account))
    return max(until - now, timedelta()) if until else timedelta()


def _ensure(session: Session, clock: Clock, account: str) -> None:
    row = insert_into(session, RateBucket).values(account=account, tat=clock.sql())
    session.execute(row.on_conflict_do_nothing(index_elements=["account"]))
