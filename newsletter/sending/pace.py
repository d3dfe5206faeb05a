"""The pace of an account over all senders: its rate, a rate a receiving domain, a warm-up plan, brakes and storms.

The rate is the generic cell rate algorithm (ITU-T I.371, annex A) on one row: n mails at rate r move the theoretical
arrival time by n / r seconds, and a group may go when that time lies no more than the burst ahead of now. The row is
locked from `ask` to the end of the caller's transaction, and `charge` is part of it: what is rolled back was not taken.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from newsletter.clock import Clock, database_now
from newsletter.ledger.tables import RateBucket
from subscribers.db import insert_into

BURST = timedelta(seconds=1)
STORMS = 3
"""So many in a row, and a person must look."""
PROBE = timedelta(minutes=2)
"""How long one small call may take before another may be tried."""
BLIND = timedelta(seconds=30)
"""How long to wait where nobody says how long, and half as much again by chance, so that not all come back at once."""
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast the settings allow to send; mails a second, and mails a day."""

    rate: float | None = None
    domains: Mapping[str, float] = field(default_factory=dict)
    warm_up: Sequence[int] = ()

    def rates(self, account: str, domain: str) -> dict[str, float]:
        """The rate of each bucket that a group to this domain draws from."""
        found = {account: self.rate, f"{account}/{domain}": self.domains.get(domain)}
        return {bucket: rate for bucket, rate in found.items() if rate is not None}

    def most_at_once(self, domain: str) -> float:
        """How many mails a second's burst is."""
        return min((max(1, int(rate)) for rate in self.rates("", domain).values()), default=float("inf"))


class _Move(NamedTuple):
    """A bucket, from when its next mails count, and its rate."""

    bucket: str
    since: datetime
    rate: float


@dataclass(frozen=True, slots=True)
class Permit:
    """How many mails may go at once, or how long to wait before asking again."""

    mails: int
    wait: timedelta = timedelta()
    is_probe: bool = False
    """Whether this is the one small call that finds out if a storm is over."""
    moves: Sequence[_Move] = ()
    day: date | None = None
    """The day of the warm-up plan these mails count for."""


def ask(session: Session, clock: Clock, limits: Limits, account: str, domain: str, at_most: int) -> Permit:
    """Ask for the right to send up to `at_most` mails now to readers at one domain (empty: at any)."""
    rates = limits.rates(account, domain)
    is_limited = bool(rates or limits.warm_up)
    row = _locked(session, clock, account) if is_limited else _seen(session, clock, account)
    if row is None:
        return Permit(at_most)
    if row.brake_until is not None and row.brake_until > row.now:
        return Permit(0, row.brake_until - row.now)
    if row.storms:
        return _probe(session, clock, account)
    moves = []
    for bucket, rate in rates.items():
        tat = row.tat if bucket == account else _locked(session, clock, bucket).tat
        if tat > row.now + BURST:
            return Permit(0, tat - BURST - row.now)
        moves.append(_Move(bucket, max(tat, row.now), rate))
    most = int(min(at_most, limits.most_at_once(domain)))
    return _warmed(limits, row, most, moves) if limits.warm_up else Permit(most, moves=moves)


def charge(session: Session, permit: Permit, account: str, mails: int) -> None:
    """Count the mails that go by a permit; part of the transaction in which it was given."""
    for bucket, since, rate in permit.moves:
        values = {"of_account": bucket, "moved": since + timedelta(seconds=mails / rate)}
        session.connection().execute(_MOVE, values)
    if permit.day is not None:
        _count_day(session, account, permit.day, mails)


def brake(session: Session, clock: Clock, account: str, wait: timedelta | None) -> None:
    """Let nobody send through the account for as long as the provider asked; None: it did not say."""
    asked = _blind() if wait is None else min(max(wait, SHORTEST), LONGEST)
    _ensure(session, clock, account)
    session.execute(_of(account).values(brake_until=clock.sql(asked)))


def storm(session: Session, clock: Clock, account: str, *, probing: bool) -> bool:
    """The provider failed: hold everybody, then let one small call find out. Whether it is time to give up.

    Calls that were in flight together are one storm.
    """
    _ensure(session, clock, account)
    counts = probing or or_(RateBucket.brake_until.is_(None), RateBucket.brake_until <= clock.sql())
    storms = session.scalar(
        _of(account)
        .where(counts)
        .values(storms=RateBucket.storms + 1, brake_until=clock.sql(_blind()))
        .returning(RateBucket.storms)
    )
    return storms is not None and storms >= STORMS


def calm(session: Session, account: str) -> None:
    """A probe got through: the storm is over."""
    session.execute(_of(account).values(storms=0, brake_until=None))


def _probe(session: Session, clock: Clock, account: str) -> Permit:
    """One sender at a time may try one mail; the brake tells the others."""
    won = session.scalar(
        _of(account)
        .where(or_(RateBucket.brake_until.is_(None), RateBucket.brake_until <= clock.sql()))
        .values(brake_until=clock.sql(PROBE))
        .returning(RateBucket.account)
    )
    return Permit(1, is_probe=True) if won is not None else Permit(0, PROBE)


def _warmed(limits: Limits, row: Any, most: int, moves: Sequence[_Move]) -> Permit:
    """What the plan leaves for today (UTC)."""
    today = row.now.date()
    day_no = (today - (row.first_day or today)).days
    if day_no >= len(limits.warm_up):
        return Permit(most, moves=moves)
    left = limits.warm_up[day_no] - (row.day_mails if row.day == today else 0)
    if left <= 0:
        tomorrow = datetime.combine(today + timedelta(days=1), time(), row.now.tzinfo)
        return Permit(0, tomorrow - row.now)
    return Permit(min(most, left), moves=moves, day=today)


def _count_day(session: Session, account: str, day: date, mails: int) -> None:
    for is_same, values in (
        (RateBucket.day == day, {"day_mails": RateBucket.day_mails + mails}),
        (or_(RateBucket.day.is_(None), RateBucket.day != day), {"day_mails": mails, "day": day}),
    ):
        first = func.coalesce(RateBucket.first_day, day)
        if session.scalar(_of(account).where(is_same).values(first_day=first, **values).returning(RateBucket.account)):
            return


def _blind() -> timedelta:
    return BLIND * random.uniform(1, 1.5)  # noqa: S311 - spreads senders, guards nothing


def _of(account: str) -> Any:
    return update(RateBucket).where(RateBucket.account == account).execution_options(synchronize_session=False)


_SEEN = select(
    database_now("now").label("now"),
    RateBucket.tat,
    RateBucket.brake_until,
    RateBucket.storms,
    RateBucket.first_day,
    RateBucket.day,
    RateBucket.day_mails,
).where(RateBucket.account == bindparam("of_account"))
_LOCKED = _SEEN.with_for_update()
_MOVE = (
    update(RateBucket)
    .where(RateBucket.account == bindparam("of_account"))
    .values(tat=bindparam("moved", type_=RateBucket.tat.type))
)


def _seen(session: Session, clock: Clock, account: str) -> Any:
    return session.connection().execute(_SEEN, {"of_account": account, "now": clock.seconds()}).one_or_none()


def _locked(session: Session, clock: Clock, bucket: str) -> Any:
    """The bucket's row, made where it is missing, held until the transaction ends."""
    values = {"of_account": bucket, "now": clock.seconds()}
    row = session.connection().execute(_LOCKED, values).one_or_none()
    if row is None:
        _ensure(session, clock, bucket)
        row = session.connection().execute(_LOCKED, values).one()
    return row


def _ensure(session: Session, clock: Clock, account: str) -> None:
    row = insert_into(session, RateBucket).values(account=account, tat=clock.sql(), storms=0, day_mails=0)
    session.execute(row.on_conflict_do_nothing(index_elements=["account"]))
